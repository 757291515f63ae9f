"""What the demo's progress says of a run."""

import pytest

from local.execution import Snapshot, Step
from local.progress import mark


@pytest.mark.parametrize(("status", "shown"), [(None, "…"), ("InProgress", "…"), ("Completed", "✓")])
def test_a_wait_is_done_only_when_what_it_waits_for_is(status: str | None, shown: str) -> None:
    """Between two polls the run is in no wait at all: a tick there would say that training is over."""
    wait = Step("WaitForCustomization", "Wait", entered_at=0.0, exited_at=1.0, status=status)
    assert mark(wait, Snapshot("RUNNING")) == shown


def test_a_wait_that_the_runs_end_cut_off_is_crossed() -> None:
    """It is not done, and nobody works on it any more."""
    wait = Step("WaitForThroughput", "Wait", entered_at=0.0, exited_at=1.0, status="Creating")
    assert mark(wait, Snapshot("ABORTED")) == "✗"
