"""`fine-tune approve` and `reject`: who may answer what, and what a person is told where nobody can."""

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws
from typer.testing import CliRunner

from cli import main
from cli.account import Account
from cli.approval import NotAnsweredError, answer
from lambdas.domain.report import approval

RUN = "sales-0123456789ab"
BUCKET = "output-bucket"
CALLER = "arn:aws:sts::123456789012:assumed-role/team/somebody"
REQUEST = approval.request("arn:execution", "the-token", "2026-11-22T10:00:00.000Z", 86_400, None)
WORDS = {"approved": "send_task_success", "rejected": "send_task_failure"}


class Script:
    """A caller's account: moto's S3 and STS; CloudFormation and Step Functions after a script."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {
            name: boto3.client(name, region_name="us-west-2") for name in ("cloudformation", "s3", "stepfunctions")
        }
        self.stacks, self.states = (Stubber(self._clients[name]) for name in ("cloudformation", "stepfunctions"))
        self.stacks.activate()
        self.states.activate()
        self.s3: Any = self._clients["s3"]
        self.called = Account(self, "us-west-2", CALLER)
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})

    def client(self, service_name: Any, *, config: Any = None) -> Any:
        return self._clients[service_name]

    def has_stack(self) -> None:
        outputs = [{"OutputKey": "OutputBucket", "OutputValue": BUCKET}]
        stack = {"StackName": "team-data", "CreationTime": "2026-11-01", "StackStatus": "CREATE_COMPLETE"}
        self.stacks.add_response(
            "describe_stacks", {"Stacks": [{**stack, "Outputs": outputs}]}, {"StackName": "team-data"}
        )

    def put(self, name: str, document: str) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=f"runs/{RUN}/{name}.json", Body=document.encode())

    def stored(self) -> dict[str, Any]:
        return dict(json.loads(self.s3.get_object(Bucket=BUCKET, Key=f"runs/{RUN}/approval.json")["Body"].read()))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield Script()


@pytest.fixture
def waiting(account: Script) -> Script:
    """A run that waits for its answer."""
    account.has_stack()
    account.put("approval", REQUEST.model_dump_json())
    return account


def test_an_approval_ends_the_pause_and_is_recorded(waiting: Script) -> None:
    """Who spent the money stands in the run's folder; the token does not, once it is used."""
    waiting.states.add_response("send_task_success", {})
    given = answer(waiting.called, "team", RUN, "approved")
    waiting.states.assert_no_pending_responses()
    stored = waiting.stored()
    assert stored == given.model_dump()
    assert (stored["decision"], stored["task_token"]) == ("approved", None)
    assert stored["by"] == CALLER


def test_a_rejection_ends_the_run_with_who_and_why(waiting: Script) -> None:
    """Its cause is what the topic's readers and the report are told."""
    sent: list[dict[str, Any]] = []
    events = waiting.client("stepfunctions").meta.events
    events.register("provide-client-params.stepfunctions.SendTaskFailure", lambda params, **_: sent.append(params))
    waiting.states.add_response("send_task_failure", {})
    given = answer(waiting.called, "team", RUN, "rejected", "Too dear.\nWait.")
    [request] = sent
    assert (request["taskToken"], request["error"]) == ("the-token", "NotApproved")
    cause = json.loads(request["cause"])
    assert f"rejected by {given.by} at {given.answered_at}: Too dear. Wait." in cause["errorMessage"]
    assert approval.answer_in(request["cause"]) == approval.Answer.model_validate(given.model_dump())


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_an_answer_that_comes_too_late_is_told_and_not_recorded(waiting: Script, code: str, decision: Any) -> None:
    """The record must not say that somebody approved what was never bought."""
    waiting.states.add_client_error(WORDS[decision], code)
    with pytest.raises(NotAnsweredError, match=r"waits for no answer any more.*arn:execution"):
        answer(waiting.called, "team", RUN, decision)
    assert waiting.stored()["decision"] is None


def test_a_second_answer_is_told_the_first(account: Script) -> None:
    """Two people read the same message."""
    account.has_stack()
    answered = REQUEST.model_copy(update={"decision": "rejected", "by": "arn:somebody", "answered_at": "noon"})
    account.put("approval", answered.model_dump_json())
    with pytest.raises(NotAnsweredError, match="was rejected by arn:somebody at noon"):
        answer(account.called, "team", RUN, "approved")


def test_a_run_that_does_not_exist_and_one_that_asks_nothing_differ(account: Script) -> None:
    """A mistyped id is corrected, a run that has not come so far is waited for."""
    for _ in range(2):
        account.has_stack()
    with pytest.raises(NotAnsweredError, match=f"has no run {RUN}"):
        answer(account.called, "team", RUN, "approved")
    account.put("claim", "{}")
    with pytest.raises(NotAnsweredError, match="has asked for no approval"):
        answer(account.called, "team", RUN, "approved")


def test_a_mistyped_run_is_told_with_the_one_that_is_meant(waiting: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """The id is copied from a message; the hint is left out where its reader may not list the runs."""
    with pytest.raises(NotAnsweredError, match=rf"has no run {RUN[:-1]}c\. Did you mean {RUN}\?"):
        answer(waiting.called, "team", f"{RUN[:-1]}c", "approved")
    waiting.has_stack()
    waiting.s3.get_paginator = Mock(side_effect=ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2"))
    with pytest.raises(NotAnsweredError, match=rf"has no run {RUN[:-1]}c\. The message that asks"):
        answer(waiting.called, "team", f"{RUN[:-1]}c", "approved")


def test_a_deployment_that_is_not_there_is_told(account: Script) -> None:
    """Mostly the credentials are another account's, or the Region is another."""
    account.stacks.add_client_error("describe_stacks", "ValidationError", "Stack with id team-data does not exist")
    with pytest.raises(NotAnsweredError, match=r"no stack team-data.*--region"):
        answer(account.called, "team", RUN, "approved")


def test_a_refused_call_is_told_in_aws_words(account: Script) -> None:
    """A missing permission is for the caller to ask for."""
    account.stacks.add_client_error("describe_stacks", "AccessDenied", "User is not authorized")
    with pytest.raises(NotAnsweredError, match="User is not authorized"):
        answer(account.called, "team", RUN, "approved")


@pytest.mark.parametrize(("command", "decision"), [("approve", "approved"), ("reject", "rejected")])
def test_the_commands_answer_for_the_given_deployment(
    waiting: Script, monkeypatch: pytest.MonkeyPatch, command: str, decision: str
) -> None:
    """The message's own command must work as it stands there."""
    account_of = Mock(return_value=waiting.called)
    monkeypatch.setattr("cli.account.account_of", account_of)
    waiting.states.add_response(WORDS[decision], {})
    options = ["--deployment", "team", "--region", "eu-west-1"]
    done = CliRunner().invoke(main.app, [command, RUN, *options, "--reason", "as planned"])
    assert done.exit_code == 0, done.output
    assert f"The run {RUN} is {decision} by arn:aws:sts::" in done.output
    account_of.assert_called_once_with("eu-west-1")
    assert waiting.stored()["reason"] == "as planned"
    again = CliRunner().invoke(main.app, [command, RUN, *options])
    assert again.exit_code == 1
