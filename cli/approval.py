"""`fine-tune approve` and `reject`: the answer to a run that waits before its purchase, on the caller's account.

What the caller must be allowed to do: docs/operations.md, "Approval". The answer that counts is the one that Step
Functions takes, and it takes one only; `approval.json` records it for the run's report.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound

from cli.stack_outputs import outputs_of
from lambdas.domain.core import run
from lambdas.domain.core.timestamps import timestamp
from lambdas.domain.report import approval
from lambdas.domain.report.approval import Answer, Approval, Decision

# A service's name → its boto3 client.
Clients = Callable[[str], Any]

# Of SendTaskSuccess and SendTaskFailure (Step Functions API reference).
_NO_LONGER_WAITING = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")
_REASON_LENGTH = 1_000


class NotAnsweredError(Exception):
    """The run got no answer; the message says why, and what to do."""


def clients_of(region: str) -> Clients:
    """Those of the caller's credentials and endpoints, as boto3 finds them. Raises NotAnsweredError."""
    try:
        session: Any = boto3.Session(region_name=region)
    except ProfileNotFound as error:
        raise NotAnsweredError(f"{error}: set AWS_PROFILE to one of `aws configure list-profiles`.") from None
    made: Clients = session.client
    return made


def answer(clients: Clients, deployment: str, run_id: str, decision: Decision, reason: str | None = None) -> Approval:
    """Answers the run's request and returns it with the answer; raises NotAnsweredError."""
    try:
        bucket = _output_bucket(clients, deployment)
        request = _open_request(clients("s3"), bucket, deployment, run_id)
        who = str(clients("sts").get_caller_identity()["Arn"])
        given = Answer(
            decision=decision,
            by=who,
            answered_at=timestamp(datetime.now(UTC)),
            reason=" ".join(reason.split())[:_REASON_LENGTH] if reason else None,
        )
        _send(clients("stepfunctions"), run_id, request, given)
    except NoCredentialsError:
        raise NotAnsweredError(
            "There are no AWS credentials: sign in (`aws sso login`, AWS_PROFILE, …) to the account of the environment."
        ) from None
    except (BotoCoreError, ClientError) as error:
        raise NotAnsweredError(f"The run {run_id} got no answer: {error}") from None
    answered = request.model_copy(update={"task_token": None, **given.model_dump()})
    try:
        clients("s3").put_object(
            Bucket=bucket,
            Key=approval.key(run_id),
            Body=answered.model_dump_json(indent=2).encode(),
            ContentType="application/json",
        )
    except (BotoCoreError, ClientError) as error:
        raise NotAnsweredError(
            f"The run {run_id} was {decision}, but the answer could not be recorded, so that its report will not say "
            f"by whom: {error}"
        ) from None
    return answered


def _output_bucket(clients: Clients, deployment: str) -> str:
    """The output bucket in the outputs of the environment's data stack."""
    stack = f"{deployment}-data"
    outputs = outputs_of(clients("cloudformation"), stack)
    if outputs is None:
        raise NotAnsweredError(
            f"There is no stack {stack} in this account and Region: check the credentials, --deployment and --region."
        )
    if "OutputBucket" not in outputs:
        raise NotAnsweredError(f"The stack {stack} names no output bucket: has `cdk deploy` ended?")
    return outputs["OutputBucket"]


def _open_request(s3: Any, bucket: str, deployment: str, run_id: str) -> Approval:
    """The run's request that has no answer yet."""
    stored = _read(s3, bucket, approval.key(run_id))
    if stored is None:
        if _read(s3, bucket, run.claim_key(run_id)) is None:
            raise NotAnsweredError(
                f"The environment {deployment} has no run {run_id}: the message that asks has the run's id, and its "
                f"folder in the output bucket ({bucket}) is named by it."
            )
        raise NotAnsweredError(
            f"The run {run_id} has asked for no approval: it has not come to its purchase yet, has ended before it, or "
            "its environment wants none (approval_hours)."
        )
    request = Approval.model_validate_json(stored)
    if request.decision is not None:
        raise NotAnsweredError(f"The run {run_id} was {request.decision} by {request.by} at {request.answered_at}.")
    return request


def _read(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None


def _send(states: Any, run_id: str, request: Approval, given: Answer) -> None:
    try:
        if given.decision == "approved":
            states.send_task_success(taskToken=request.task_token, output=given.model_dump_json())
        else:
            states.send_task_failure(taskToken=request.task_token, error="NotApproved", cause=approval.rejection(given))
    except ClientError as error:
        if error.response["Error"].get("Code") not in _NO_LONGER_WAITING:
            raise
        raise NotAnsweredError(
            f"The run {run_id} waits for no answer any more: it was stopped, somebody else has just answered, or the "
            f"time was up ({request.answer_until}). Nothing was bought unless it was approved. Its report.json, or "
            f"`aws stepfunctions describe-execution --execution-arn {request.execution_arn}`, says how it went on."
        ) from None
