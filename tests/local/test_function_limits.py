"""Lambda's limits: where an emulator has none, a function that needs more than AWS gives it passes every test."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.function_limits import MOST_ANSWER_BYTES, MOST_EVENT_BYTES, MOST_REQUEST_BYTES
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

MEGABYTE = 1024 * 1024
HOLDS = """
import time
def handler(event, context):
    held = b"x" * event["bytes"]
    time.sleep(event["seconds"])
    return len(held)
"""
ANSWERS = "def handler(event, context): return 'x' * event['characters']"
TAKES = "def handler(event, context): return len(event['text'])"


def call(function: str, **more: Any) -> dict[str, Any]:
    """A state machine of one Task."""
    return {"States": {"Call": {"Type": "Task", "Resource": function, "End": True, **more}}}


def test_a_function_that_needs_more_memory_than_it_has_is_killed(sandbox: Sandbox) -> None:
    """Step Functions sees it under a name of its own, and the next call has a new process."""
    function = sandbox.function(HOLDS)
    end = sandbox.run(call(function), {"bytes": 200 * MEGABYTE, "seconds": 15})
    assert end["error"] == "Runtime.OutOfMemory"
    cause = json.loads(end["cause"])
    assert cause["errorType"] == "Runtime.OutOfMemory"
    assert cause["errorMessage"].startswith("RequestId: ")
    assert cause["errorMessage"].endswith(" Error: Runtime exited with error: signal: killed")
    assert sandbox.run(call(function), {"bytes": 10, "seconds": 0})["output"] == "10"


def test_memory_within_the_limit_is_left_alone(sandbox: Sandbox) -> None:
    """The limit is the function's own; half a second is ten looks at it."""
    function = sandbox.function(HOLDS, megabytes=512)
    end = sandbox.run(call(function), {"bytes": 200 * MEGABYTE, "seconds": 0.5})
    assert end["output"] == str(200 * MEGABYTE)


def test_a_function_without_memory_is_tried_again_as_its_retry_says(sandbox: Sandbox) -> None:
    """It is an error of the function: a Retry of States.ALL sees it, and its Catch."""
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ["Runtime.OutOfMemory"], "Next": "Caught"}]
    machine = call(sandbox.function(HOLDS), Retry=retry, Catch=catch)
    machine["States"]["Caught"] = {"Type": "Succeed"}
    execution = sandbox.start(machine, {"bytes": 200 * MEGABYTE, "seconds": 15})
    assert sandbox.end_of(execution)["status"] == "SUCCEEDED"
    events = sandbox.states.get_execution_history(executionArn=execution)["events"]
    assert [event["type"] for event in events].count("TaskFailed") == 2


def test_an_answer_of_more_than_six_megabytes_is_an_error(sandbox: Sandbox) -> None:
    """Its quotation marks count."""
    function, functions = sandbox.function(ANSWERS), sandbox.aws.client("lambda")

    def ask(characters: int) -> dict[str, Any]:
        answer: dict[str, Any] = functions.invoke(
            FunctionName=function, Payload=json.dumps({"characters": characters}).encode()
        )
        return answer

    assert "FunctionError" not in ask(MOST_ANSWER_BYTES - 2)
    refused = ask(MOST_ANSWER_BYTES - 1)
    assert refused["FunctionError"]
    assert json.loads(refused["Payload"].read())["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(("kind", "most"), [("RequestResponse", MOST_REQUEST_BYTES), ("Event", MOST_EVENT_BYTES)])
def test_a_request_that_is_too_large_is_refused(sandbox: Sandbox, kind: Any, most: int) -> None:
    """What nobody waits for may have a megabyte only."""
    function, functions = sandbox.function(TAKES), sandbox.aws.client("lambda")
    room = most - len(json.dumps({"text": ""}))
    functions.invoke(FunctionName=function, InvocationType=kind, Payload=json.dumps({"text": "x" * room}).encode())
    with pytest.raises(ClientError, match=f"too large for the {kind} invocation type") as error:
        functions.invoke(
            FunctionName=function, InvocationType=kind, Payload=json.dumps({"text": "x" * (room + 1)}).encode()
        )
    assert error.value.response["Error"]["Code"] == "RequestEntityTooLargeException"
