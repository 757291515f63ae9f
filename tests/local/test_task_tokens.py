"""A Task that waits for its token: what an approval relies on and ministack alone does not do."""

import json
from typing import Any

import pytest

from stacks.definition import PATH
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

# Keeps the token where a test can read it.
TELLS = """
import boto3
def handler(event, context):
    sqs = boto3.client("sqs", endpoint_url=event["endpoint"])
    sqs.send_message(QueueUrl=event["queue"], MessageBody=event["token"])
"""
RAISES = "class NoTopic(Exception): pass\ndef handler(event, context): raise NoTopic('gone')"


def asks(sandbox: Sandbox, function: str, queue: str = "", seconds: int = 3600) -> dict[str, object]:
    """A Task that calls the function with its token and waits."""
    payload = {"endpoint": sandbox.aws.endpoint, "queue": queue, "token.$": "$$.Task.Token"}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": function, "Payload": payload},
        "TimeoutSeconds": seconds,
        "End": True,
    }


def token_of(sandbox: Sandbox, queue: str) -> str:
    """The token that the Task's function has told."""
    sqs = sandbox.aws.client("sqs")
    told = sandbox.until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []), bool)
    return str(told[0]["Body"])


@pytest.fixture(name="tells", scope="module")
def _tells(sandbox: Sandbox) -> str:
    return sandbox.function(TELLS)


@pytest.fixture(name="queue")
def _queue(sandbox: Sandbox, request: pytest.FixtureRequest) -> str:
    name = request.node.name.replace("[", "-").replace("]", "")[:80]
    return str(sandbox.aws.client("sqs").create_queue(QueueName=name)["QueueUrl"])


def test_a_client_lets_the_task_go_on(sandbox: Sandbox, tells: str, queue: str) -> None:
    """Whoever has the token answers, from wherever."""
    execution = sandbox.start({"States": {"Ask": asks(sandbox, tells, queue)}})
    sandbox.states.send_task_success(taskToken=token_of(sandbox, queue), output='{"answer": "yes"}')
    assert json.loads(sandbox.end_of(execution)["output"]) == {"answer": "yes"}


def test_a_client_fails_the_task(sandbox: Sandbox, tells: str, queue: str) -> None:
    """A rejection arrives under the name that Catch looks for."""
    execution = sandbox.start({"States": {"Ask": asks(sandbox, tells, queue)}})
    sandbox.states.send_task_failure(taskToken=token_of(sandbox, queue), error="NotApproved", cause="too dear")
    end = sandbox.end_of(execution)
    assert (end["status"], end["error"], end["cause"]) == ("FAILED", "NotApproved", "too dear")


def test_silence_times_out_on_the_scaled_clock_and_closes_the_token(sandbox: Sandbox, tells: str, queue: str) -> None:
    """An hour must pass like the hours of a Wait, and who answers afterwards must be told that it is too late."""
    end = sandbox.run({"States": {"Ask": asks(sandbox, tells, queue, seconds=900)}})
    assert end["error"] == "States.Timeout"
    assert (end["stopDate"] - end["startDate"]).total_seconds() < 60
    with pytest.raises(sandbox.states.exceptions.TaskTimedOut):
        sandbox.states.send_task_success(taskToken=token_of(sandbox, queue), output="{}")


def test_a_token_that_was_never_given_is_told(sandbox: Sandbox) -> None:
    """A mistyped answer approves nothing."""
    with pytest.raises(sandbox.states.exceptions.TaskDoesNotExist):
        sandbox.states.send_task_success(taskToken="made-up", output="{}")


def decision(sandbox: Sandbox, tells: str, queue: str) -> dict[str, Any]:
    """The pipeline's own states from the request to the leases, or to the lane of a failure, with another function."""
    states = json.loads(PATH.read_text())["States"]
    request = {key: states["RequestApproval"][key] for key in ("ResultPath", "Catch", "Next")}
    asking = {key: value for key, value in asks(sandbox, tells, queue).items() if key != "End"}
    taken = {name: states[name] for name in ("IsApproved", "KeepDecision", "NotApproved")}
    ends = {"ServeModels": {"Type": "Succeed"}, "StopJobs": {"Type": "Succeed"}}
    return {"States": {"RequestApproval": asking | request, **taken, **ends}}


@pytest.mark.parametrize(
    "output",
    ['{"decision": "rejected"}', '{"decision": ["approved"]}', '"approved"', '"no"', "{}", "[1]", "0", "null", "true"],
)
def test_an_answer_that_is_no_approval_buys_nothing(sandbox: Sandbox, tells: str, queue: str, output: str) -> None:
    """A success with any other answer ends in the lane of a rejection, and is named as one."""
    execution = sandbox.start(decision(sandbox, tells, queue))
    sandbox.states.send_task_success(taskToken=token_of(sandbox, queue), output=output)
    end = sandbox.end_of(execution)
    assert end["status"] == "SUCCEEDED", end
    entered = sandbox.entered(execution)
    assert "ServeModels" not in entered
    assert entered[-2:] == ["NotApproved", "StopJobs"]
    failure = json.loads(end["output"])["failure"]
    assert failure["Error"] == "NotApproved"
    assert "Nothing was bought." in failure["Cause"]


def test_an_approval_and_a_failed_task_go_their_ways(sandbox: Sandbox, tells: str, queue: str) -> None:
    """`fine-tune approve` sends a success, `fine-tune reject` a failure."""
    definition = decision(sandbox, tells, queue)
    bought = sandbox.start(definition)
    sandbox.states.send_task_success(taskToken=token_of(sandbox, queue), output='{"decision": "approved"}')
    sandbox.end_of(bought)
    assert sandbox.entered(bought)[-1] == "ServeModels"
    refused = sandbox.start(definition)
    sandbox.states.send_task_failure(taskToken=token_of(sandbox, queue), error="NotApproved", cause="too dear")
    assert json.loads(sandbox.end_of(refused)["output"])["failure"]["Cause"] == "too dear"
    assert sandbox.entered(refused)[-2:] == ["RequestApproval", "StopJobs"]


def test_an_error_of_the_function_fails_the_task(sandbox: Sandbox) -> None:
    """Nobody has the token then: waiting for it would hold the run up until its timeout."""
    end = sandbox.run({"States": {"Ask": asks(sandbox, sandbox.function(RAISES))}})
    assert (end["status"], end["error"]) == ("FAILED", "NoTopic")


def test_each_attempt_has_a_token_of_its_own(sandbox: Sandbox, tells: str, queue: str) -> None:
    """An answer to the first attempt's message must not be taken for one to the second."""
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    task = asks(sandbox, tells, queue, seconds=300) | {"Retry": retry}
    sandbox.run({"States": {"Ask": task}})
    assert token_of(sandbox, queue) != token_of(sandbox, queue)


def test_a_stopped_execution_waits_no_more(sandbox: Sandbox, tells: str, queue: str) -> None:
    """Its token is closed, so that nothing is bought for it."""
    execution = sandbox.start({"States": {"Ask": asks(sandbox, tells, queue)}})
    held = token_of(sandbox, queue)
    sandbox.states.stop_execution(executionArn=execution)

    def closed() -> bool:
        try:
            sandbox.states.send_task_heartbeat(taskToken=held)
        except sandbox.states.exceptions.TaskDoesNotExist:
            return True
        return False

    assert sandbox.until(closed, bool)
    assert sandbox.end_of(execution)["status"] == "ABORTED"
    with pytest.raises(sandbox.states.exceptions.TaskTimedOut):
        sandbox.states.send_task_success(taskToken=held, output="{}")
