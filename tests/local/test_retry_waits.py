"""The waits between a state's attempts: a cap that AWS does not have hides how long a run waits, and what it asks."""

import pytest

from local.retry_waits import wait_seconds
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 300, "BackoffRate": 2, "MaxDelaySeconds": 900}


def test_a_wait_grows_to_its_longest_and_no_further() -> None:
    """Without a longest one it grows on; without anything it begins with a second."""
    assert [wait_seconds(RETRY, attempt) for attempt in range(4)] == [300, 600, 900, 900]
    assert wait_seconds({"IntervalSeconds": 60, "BackoffRate": 1}, 1000) == 60
    assert [wait_seconds({}, attempt) for attempt in range(3)] == [1, 2, 4]
    assert wait_seconds({"MaxDelaySeconds": 60}, 1929) == 60


def test_full_jitter_spreads_a_wait_over_all_of_its_time() -> None:
    """Of many that wait, not all ask again at once."""
    waits = [wait_seconds({**RETRY, "JitterStrategy": "FULL"}, 5) for _ in range(300)]
    assert max(waits) <= 900
    assert min(waits) < 300 < 600 < max(waits)


def test_an_execution_waits_as_its_retry_says(sandbox: Sandbox) -> None:
    """In all 900 s of the scaled clock, where ministack waits 120 s."""
    function = sandbox.function("def handler(event, context): raise ValueError('no')")
    task = {"Type": "Task", "Resource": function, "Retry": [{**RETRY, "MaxAttempts": 2}], "End": True}
    execution = sandbox.start({"States": {"Try": task}})
    assert sandbox.end_of(execution)["error"] == "ValueError"
    events = sandbox.states.get_execution_history(executionArn=execution)["events"]
    scheduled = [event["timestamp"] for event in events if event["type"] == "TaskScheduled"]
    assert len(scheduled) == 3
    assert (scheduled[-1] - scheduled[0]).total_seconds() >= 900 * sandbox.aws.time_scale
