"""`fine-tune approve` and `reject`: the answer to a run that waits for it, on the caller's account.

What the caller must be allowed to do: docs/operations.md, "Approval". The answer that counts is the one that Step
Functions takes, and it takes one only; `approval.json` records it for the run's report.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.account import Account
from cli.known_runs import meant_run
from cli.stack_outputs import outputs_of
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core import run
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.timestamps import now
from lambdas.domain.report import approval
from lambdas.domain.report.approval import Answer, Approval, Decision

# Of SendTaskSuccess and SendTaskFailure (Step Functions API reference).
_NO_LONGER_WAITING = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")
_REASON_LENGTH = 1_000


class NotAnsweredError(Exception):
    """The run got no answer; the message says why, and what to do."""


def answer(account: Account, deployment: str, run_id: str, decision: Decision, reason: str | None = None) -> Approval:
    """Answers the run's request and returns it with the answer; raises NotAnsweredError."""
    approvals = account.adapters.approvals
    try:
        bucket = _output_bucket(account, deployment)
        request = _open_request(account, bucket, deployment, run_id)
        given = Answer(
            decision=decision,
            by=account.caller,
            answered_at=now(),
            reason=" ".join(reason.split())[:_REASON_LENGTH] if reason else None,
        )
        _send(account.client("stepfunctions"), run_id, request, given)
    except (BotoCoreError, ClientError, Refused, ServiceBusy) as error:
        raise NotAnsweredError(f"The run {run_id} got no answer: {error}") from None
    answered = request.model_copy(update={"task_token": None, **given.model_dump()})
    try:
        approvals.write(bucket, run_id, answered)
    except (Refused, ServiceBusy) as error:
        raise NotAnsweredError(
            f"The run {run_id} was {decision}, but the answer could not be recorded, so that its report will not say "
            f"by whom: {error}"
        ) from None
    return answered


def _output_bucket(account: Account, deployment: str) -> str:
    """The output bucket in the outputs of the environment's data stack."""
    stack = f"{deployment}-data"
    outputs = outputs_of(account.client("cloudformation"), stack)
    if outputs is None:
        raise NotAnsweredError(
            f"There is no stack {stack} in this account and Region: check the credentials, --deployment and --region."
        )
    if "OutputBucket" not in outputs:
        raise NotAnsweredError(f"The stack {stack} names no output bucket: has `cdk deploy` ended?")
    return outputs["OutputBucket"]


def _open_request(account: Account, bucket: str, deployment: str, run_id: str) -> Approval:
    """The run's request that has no answer yet."""
    request = account.adapters.approvals.read(bucket, run_id)
    if request is None:
        if account.adapters.objects.read(bucket, run.claim_key(run_id)) is None:
            raise NotAnsweredError(
                f"The environment {deployment} has no run {run_id}.{meant_run(account.adapters, bucket, run_id)} The "
                f"message that asks has the run's id, and its folder in the output bucket ({bucket}) is named by it."
            )
        raise NotAnsweredError(
            f"The run {run_id} has asked for no approval: it has not come to what needs one yet, has ended before it, "
            "or its environment wants none (approval_hours)."
        )
    if request.decision is not None:
        raise NotAnsweredError(f"The run {run_id} was {request.decision} by {request.by} at {request.answered_at}.")
    return request


def _send(states: Any, run_id: str, request: Approval, given: Answer) -> None:
    try:
        if given.decision == "approved":
            states.send_task_success(taskToken=request.task_token, output=given.model_dump_json())
        else:
            states.send_task_failure(
                taskToken=request.task_token, error="NotApproved", cause=approval.rejection(given, request.about)
            )
    except ClientError as error:
        if error.response["Error"].get("Code") not in _NO_LONGER_WAITING:
            raise
        raise NotAnsweredError(
            f"The run {run_id} waits for no answer any more: it was stopped, somebody else has just answered, or the "
            f"time was up ({request.answer_until}). Nothing was bought unless it was approved. Its report.json, or "
            f"`aws stepfunctions describe-execution --execution-arn {request.execution_arn}`, says how it went on."
        ) from None
