"""What ends an execution although its states catch States.ALL: an emulator that caught it would hide an untold end."""

from typing import Any

import pytest

from local.terminal_errors import MOST_BYTES, MOST_EVENTS, TOO_LARGE, TOO_MANY_EVENTS, UNPROCESSABLE
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
ENDS = {"Done": {"Type": "Succeed"}, "Caught": {"Type": "Succeed"}}


def task(function: str, **more: Any) -> dict[str, Any]:
    """A state machine whose one Task catches everything."""
    return {
        "States": {"Try": {"Type": "Task", "Resource": function, "Catch": CATCH_ALL, "Next": "Done", **more}, **ENDS}
    }


def test_a_result_beyond_the_limit_ends_the_execution(sandbox: Sandbox) -> None:
    """On AWS no Catch of States.ALL sees it, so that the run's own clean-up does not run."""
    function = sandbox.function(f"def handler(event, context): return 'x' * {MOST_BYTES}")
    end = sandbox.run(task(function))
    assert (end["status"], end["error"]) == ("FAILED", TOO_LARGE)


def test_a_state_that_grows_beyond_the_limit_ends_the_execution(sandbox: Sandbox) -> None:
    """A result that is small enough is too large beside what the state holds already."""
    function = sandbox.function(f"def handler(event, context): return 'x' * {MOST_BYTES - 1000}")
    end = sandbox.run(task(function, ResultPath="$.answer"), {"held": "x" * 2000})
    assert (end["status"], end["error"]) == ("FAILED", TOO_LARGE)
    assert sandbox.run(task(function, ResultPath="$.answer"))["status"] == "SUCCEEDED"


def test_what_cannot_be_processed_is_caught_by_nothing(sandbox: Sandbox) -> None:
    """States.Runtime ends an execution wherever it happens, within a branch, too."""
    machine = {
        "States": {
            "Try": {
                "Type": "Parallel",
                "Branches": [
                    {
                        "StartAt": "Nothing",
                        "States": {"Nothing": {"Type": "Fail", "Error": UNPROCESSABLE, "Cause": "x"}},
                    }
                ],
                "Catch": CATCH_ALL,
                "Next": "Done",
            },
            **ENDS,
        }
    }
    assert sandbox.run(machine)["error"] == UNPROCESSABLE


TURN = {
    "StartAt": "Turn",
    "States": {
        "Turn": {"Type": "Pass", "Next": "Again"},
        "Again": {"Type": "Choice", "Choices": [{"Variable": "$.on", "BooleanEquals": True, "Next": "Turn"}]},
    },
}


@pytest.mark.parametrize("where", ["machine", "branch"])
def test_a_history_that_is_full_ends_the_execution(sandbox: Sandbox, where: str) -> None:
    """A loop that asks too often ends like this after hours: its last event is its end, and no state cleans up."""
    machine: dict[str, Any] = TURN
    if where == "branch":
        parallel = {"Type": "Parallel", "Branches": [TURN, TURN], "Catch": CATCH_ALL, "Next": "Done"}
        machine = {"States": {"Try": parallel, **ENDS}}
    execution = sandbox.start(machine, {"on": True})
    end = sandbox.end_of(execution)
    assert (end["status"], end["error"], end["cause"]) == ("FAILED", UNPROCESSABLE, TOO_MANY_EVENTS)
    newest = sandbox.states.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=2)["events"]
    assert (newest[0]["type"], newest[0]["id"], newest[1]["id"]) == ("ExecutionFailed", MOST_EVENTS, MOST_EVENTS - 1)
