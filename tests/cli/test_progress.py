"""What the demo's progress says of a run."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.execution import EnteredState, Snapshot, detail_of
from cli.progress import describe, mark

ENTERED = datetime(2026, 11, 22, 10, tzinfo=UTC)
EXITED = ENTERED + timedelta(seconds=1)


@pytest.mark.parametrize(("status", "shown"), [(None, "…"), ("InProgress", "…"), ("Completed", "✓")])
def test_a_wait_is_done_only_when_what_it_waits_for_is(status: str | None, shown: str) -> None:
    """Between two polls the run is in no wait at all: a tick there would say that training is over."""
    wait = EnteredState("WaitForJobs", "Wait", entered_at=ENTERED, exited_at=EXITED, status=status)
    assert mark(wait, Snapshot("RUNNING")) == shown


def test_a_wait_that_the_runs_end_cut_off_is_crossed() -> None:
    """It is not done, and nobody works on it any more."""
    wait = EnteredState("WaitForServing", "Wait", entered_at=ENTERED, exited_at=EXITED, status="Creating")
    assert mark(wait, Snapshot("ABORTED")) == "✗"


def test_a_pause_says_how_to_end_it() -> None:
    """Who watches is who may be asked."""
    pause = EnteredState("RequestApproval", "Task", entered_at=ENTERED, answer="answer with fine-tune approve one")
    assert describe(pause, Snapshot("RUNNING")) == (
        "Request approval: waiting for approval: answer with fine-tune approve one"
    )
    pause.exited_at, pause.answer = EXITED, "approved"
    assert describe(pause, Snapshot("RUNNING")) == "Request approval: approved"


@pytest.mark.parametrize(
    ("serving", "words"), [("on_demand", "Create deployment"), ("provisioned_throughput", "Purchase throughput")]
)
def test_a_deployment_does_not_look_like_a_purchase(serving: str, words: str) -> None:
    """The same states serve both ways, and only one of them bills by the hour."""
    step = EnteredState("PurchaseThroughputOrDeploy", "Task", entered_at=ENTERED)
    assert describe(step, Snapshot("RUNNING", facts={"plan": {"serving": serving}})) == words


def test_the_jobs_of_a_sweep_are_counted() -> None:
    """One status stands for all of them."""
    wait = EnteredState("WaitForJobs", "Wait", entered_at=ENTERED, status="InProgress", jobs=(4, 1))
    assert describe(wait, Snapshot("RUNNING"), coarse=True) == ("Wait for jobs: InProgress, 1 of 4 jobs ended")


def test_a_wait_for_a_job_says_what_the_job_is_doing() -> None:
    """InProgress alone does not tell a queue from a training, nor a job that will never train."""
    job = {"status": "InProgress", "phase": "data processing", "stall": None}
    assert detail_of([job]) == "data processing"
    assert detail_of([{**job, "stall": "told"}]) == "data processing, does not start to train"
    assert detail_of([{**job, "status": "Completed"}]) is None
    assert detail_of([job, job]) is None
    wait = EnteredState("WaitForJobs", "Wait", entered_at=ENTERED, status="InProgress", detail="validation")
    assert describe(wait, Snapshot("RUNNING"), coarse=True) == "Wait for jobs: InProgress (validation)"


def test_a_wait_before_the_purchase_says_for_what() -> None:
    """A quota that is in use, or the runs that have the slots."""
    wait = EnteredState("WaitForSlot", "Wait", entered_at=ENTERED)
    refused = {"lease": {"slot": {"message": None}, "serving": {"message": "A quota of the account is in use."}}}
    assert describe(wait, Snapshot("RUNNING", facts=refused)) == "Wait for slot: A quota of the account is in use."
    held = {"lease": {"slot": {"message": "Waiting for a throughput slot."}}}
    assert describe(wait, Snapshot("RUNNING", facts=held)) == "Wait for slot: Waiting for a throughput slot."
