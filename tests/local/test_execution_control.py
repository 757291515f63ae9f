"""What an observer may do to an execution, so that no observer has to be quick."""

import urllib.error
from pathlib import Path

import pytest

from local.faults.case import Breakpoint
from local.faults.controls import ExecutionControl
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

STAMPS = "import pathlib\ndef handler(event, context): pathlib.Path(event['path']).touch()"
FOR_EVER = {"Type": "Wait", "Seconds": 10_000_000, "End": True}


@pytest.fixture
def control(sandbox: Sandbox) -> ExecutionControl:
    return ExecutionControl(sandbox.aws.endpoint, sandbox.aws.token)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_is_held_before_or_after_its_function_runs(
    sandbox: Sandbox, control: ExecutionControl, tmp_path: Path, when: Breakpoint
) -> None:
    """It stays in the state until it is let go on, and other runs are not held."""
    marker = f"marker-{when}"
    control.hold(marker, "Try", when)
    task = {"Try": {"Type": "Task", "Resource": sandbox.function(STAMPS), "ResultPath": None, "End": True}}
    held = sandbox.start({"States": task}, {"path": str(tmp_path / "held"), "name": marker})
    sandbox.until(lambda: control.is_reached(marker), bool)
    assert (tmp_path / "held").exists() == (when == "after")
    assert sandbox.run({"States": task}, {"path": str(tmp_path / "other")})["status"] == "SUCCEEDED"
    assert sandbox.states.describe_execution(executionArn=held)["status"] == "RUNNING"
    control.release(marker)
    assert sandbox.end_of(held)["status"] == "SUCCEEDED"


def test_a_held_function_runs_behind_the_stop(sandbox: Sandbox, control: ExecutionControl, tmp_path: Path) -> None:
    """StopExecution ends no function that was called: on AWS it goes on to its end."""
    control.hold("marker-behind", "Try", "before")
    task = {"Try": {"Type": "Task", "Resource": sandbox.function(STAMPS), "End": True}}
    execution = sandbox.start({"States": task}, {"path": str(tmp_path / "behind"), "name": "marker-behind"})
    sandbox.until(lambda: control.is_reached("marker-behind"), bool)
    sandbox.states.stop_execution(executionArn=execution)
    assert control.calls(execution) == 1
    control.release("marker-behind")
    sandbox.until((tmp_path / "behind").exists, bool)
    sandbox.until(lambda: control.calls(execution) == 0, bool)
    assert sandbox.end_of(execution)["status"] == "ABORTED"


def test_an_executions_timeout_is_over_when_it_is_told(sandbox: Sandbox, control: ExecutionControl) -> None:
    """A timeout that is short enough to be waited for is too short for a busy machine."""
    execution = sandbox.start({"TimeoutSeconds": 1_000_000, "States": {"Sleep": FOR_EVER}})
    sandbox.until(lambda: sandbox.entered(execution), bool)
    control.time_out(execution)
    assert sandbox.end_of(execution)["status"] == "TIMED_OUT"


def test_the_wait_for_a_token_is_over_when_it_is_told(sandbox: Sandbox, control: ExecutionControl) -> None:
    """The Task fails as it does when nobody has answered in time."""
    asks = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": sandbox.function("def handler(event, context): pass"), "Payload": {}},
        "TimeoutSeconds": 1_000_000,
        "End": True,
    }
    execution = sandbox.start({"States": {"Ask": asks}})
    sandbox.until(lambda: sandbox.entered(execution), bool)
    control.expire(execution)
    assert sandbox.end_of(execution)["error"] == "States.Timeout"


def test_a_route_that_there_is_not_is_refused(control: ExecutionControl) -> None:
    """A harness that asks for nothing would believe that it got it."""
    with pytest.raises(urllib.error.HTTPError, match="404"):
        control.call("POST", "executions/one/stop")
    assert not control.is_reached("none")


def test_lambda_refuses_as_many_calls_as_it_is_told_to(
    sandbox: Sandbox, control: ExecutionControl, tmp_path: Path
) -> None:
    """What Step Functions sees where the account has no concurrency left: its Retry decides what becomes of the run."""
    retry = [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    task = {"Type": "Task", "Resource": sandbox.function(STAMPS), "Retry": retry, "ResultPath": None, "End": True}
    for marker, refused, ends_as in (("marker-two", 2, "SUCCEEDED"), ("marker-three", 3, "FAILED")):
        control.refuse(marker, "Try", refused)
        ended = sandbox.run({"States": {"Try": task}}, {"path": str(tmp_path / marker), "name": marker})
        assert (ended["status"], control.refusals_left(marker)) == (ends_as, 0)
        assert (tmp_path / marker).exists() == (ends_as == "SUCCEEDED")
    assert ended["error"] == "Lambda.TooManyRequestsException"
