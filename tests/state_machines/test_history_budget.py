"""A job of five days stays within the events that an execution's history may hold."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.domain.batch.batch_waits import STOP_PATIENCE_SECONDS, next_batch_wait
from lambdas.domain.serving.polling import (
    DELETION_ATTEMPTS,
    LONGEST_THROUGHPUT_CREATION_SECONDS,
    next_quota_wait,
    next_slot_wait,
    next_throughput_wait,
)
from lambdas.domain.training.polling import (
    FIRST_JOB_WAIT_SECONDS,
    LONGEST_JOB_WAIT_SECONDS,
    MOST_START_REFUSALS,
    next_job_wait,
)
from stacks.definition import definition_text
from stacks.settings import MOST_RUN_HOURS, Settings

DEFINITION = json.loads(
    definition_text(
        {
            "MaxConcurrency": 10,
            "MaxThroughputs": 1,
            "ExecutionTimeoutSeconds": 604_800,
            "ApprovalTimeoutSeconds": 86_400,
        }
    )
)
# What the run's own history has of each served candidate.
LEASE: dict[str, Any] = DEFINITION["States"]["ServeModels"]["ItemProcessor"]["States"]
# Of a map in the run's own history: started and succeeded, of each item.
EVENTS_OF_AN_ITEM = 2
MOST_SERVED = 12
# Each of the four kinds of questions twice, the approval of a removal, and the last turn, which makes the sets.
CURATION_TURNS = 10

# Step Functions quotas, "Maximum execution history size" of a standard workflow.
HISTORY_EVENTS = 25_000
MOST_BATCH_HOURS = Settings.model_fields["longest_batch_hours"].metadata[1].le
FIVE_DAYS_SECONDS = 5 * 24 * 60 * 60
# Entered and exited; a Lambda task has scheduled, started and succeeded in between.
EVENTS = {"Wait": 2, "Choice": 2, "Pass": 2, "Succeed": 2, "Fail": 1, "Task": 5, "Parallel": 4, "Map": 6}
# Scheduled, started and failed, of each repeated attempt.
EVENTS_OF_A_RETRY = 3
RETRIES_FOR_DAYS = 1000


def events_of_a_turn(states: dict[str, Any], start: str) -> int:
    """The events from a state back to itself, by each Choice's Default and each other state's Next."""
    events, name = 0, start
    while True:
        state = states[name]
        events += EVENTS[state["Type"]]
        name = state["Default"] if state["Type"] == "Choice" else state["Next"]
        if name == start:
            return events


def turns_of_a_job(seconds: int) -> int:
    """How often a job of this length is asked for."""
    turns, waited_seconds, wait_seconds = 0, 0, FIRST_JOB_WAIT_SECONDS
    while waited_seconds < seconds:
        turns += 1
        waited_seconds += wait_seconds
        wait_seconds = next_job_wait(wait_seconds)
    return turns


def events_beside_the_long_waits() -> float:
    """The longest lease and all single states, with every question asked twice."""
    return events_of_a_lease(LONGEST_THROUGHPUT_CREATION_SECONDS, DELETION_ATTEMPTS) + events_of_the_single_states()


def events_of_the_single_states() -> int:
    """Every state once, each with all of its retries, and the turns of the curation.

    Retries for days replace the long waits, and are counted with them.
    """
    once = sum(EVENTS[state["Type"]] + retries_of(state) * EVENTS_OF_A_RETRY for state in own_states(DEFINITION))
    turn = ("CurateTrainingSet", "IsCurated", "AskCurators")
    curation = sum(EVENTS[DEFINITION["States"][name]["Type"]] + EVENTS_OF_A_RETRY for name in turn)
    return once + CURATION_TURNS * curation


def events_of_a_lease(creation_seconds: int, deletion_attempts: int, again: float = EVENTS_OF_A_RETRY) -> float:
    """The loops of a lease, with every question asked twice, or with so many events for asking `again`."""
    turns, waited_seconds = 0, 0
    while waited_seconds < creation_seconds:
        turns += 1
        waited_seconds += next_throughput_wait(waited_seconds)
    throughput = turns * (events_of_a_turn(LEASE, "WaitForServing") + again)
    deletion = deletion_attempts * (events_of_a_turn(LEASE, "DeleteThroughputOrDeployment") + again)
    return throughput + deletion + EVENTS_OF_AN_ITEM


def own_states(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The states that write into the execution's own history: those of a distributed map's items do not."""
    for state in machine["States"].values():
        yield state
        items = state.get("ItemProcessor", {"ProcessorConfig": {"Mode": "DISTRIBUTED"}})
        inline = [items] if items["ProcessorConfig"]["Mode"] == "INLINE" else []
        for inner in (*state.get("Branches", ()), *inline):
            yield from own_states(inner)


def retries_of(state: dict[str, Any]) -> int:
    """How often a state is repeated at most, all of its errors together."""
    return sum(retry["MaxAttempts"] for retry in state.get("Retry", ()) if retry["MaxAttempts"] < RETRIES_FOR_DAYS)


def test_a_job_of_five_days_stays_within_the_history() -> None:
    """The whole run, with every question of every loop asked twice, leaves a third unused."""
    training = DEFINITION["States"]["TrainAndAnswerBaselines"]["Branches"][0]["States"]
    job_turns = turns_of_a_job(FIVE_DAYS_SECONDS)
    job = job_turns * (events_of_a_turn(training, "WaitForJobs") + EVENTS_OF_A_RETRY)
    assert job_turns == 735
    assert job + events_beside_the_long_waits() < HISTORY_EVENTS * 0.65


def test_a_sweep_of_five_days_costs_hardly_more_than_one_job() -> None:
    """One loop asks for all jobs; what is pending is started only when a job has ended, or after a refusal.

    With every start repeated as often as its policy allows, a fifth of the history is left.
    """
    training = DEFINITION["States"]["TrainAndAnswerBaselines"]["Branches"][0]["States"]
    assert training["StartJobs"]["Next"] == "WaitForJobs"
    most_jobs = 12
    starts = (most_jobs + MOST_START_REFUSALS) * (
        EVENTS["Task"] + retries_of(training["StartJobs"]) * EVENTS_OF_A_RETRY
    )
    job = turns_of_a_job(FIVE_DAYS_SECONDS) * (events_of_a_turn(training, "WaitForJobs") + EVENTS_OF_A_RETRY)
    assert starts + job + events_beside_the_long_waits() < HISTORY_EVENTS * 0.8


def test_the_longest_run_that_the_settings_allow_stays_within_the_history() -> None:
    """Whatever the time is spent on, a job or a slot: soon nothing is asked for more often than every ten minutes."""
    training = DEFINITION["States"]["TrainAndAnswerBaselines"]["Branches"][0]["States"]
    turns = turns_of_a_job(MOST_RUN_HOURS * 3600)
    a_turn = max(events_of_a_turn(training, "WaitForJobs"), events_of_a_turn(LEASE, "WaitForSlot"))
    # The slot's waits grow faster than the job's, so that the job's turns bound both.
    assert next_slot_wait(FIRST_JOB_WAIT_SECONDS) > next_job_wait(FIRST_JOB_WAIT_SECONDS)
    assert turns * a_turn + events_beside_the_long_waits() < HISTORY_EVENTS


def test_a_run_whose_every_question_is_retried_for_days_stays_within_the_history() -> None:
    """The worst mix of waits and retries: as many retries in each turn as cost the most events for their time."""
    training = DEFINITION["States"]["TrainAndAnswerBaselines"]["Branches"][0]["States"]
    [retry] = [each for each in training["CheckJobs"]["Retry"] if each["MaxAttempts"] >= RETRIES_FOR_DAYS]
    # With full jitter a wait is half of its longest, by the mean.
    waits = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt, retry["MaxDelaySeconds"]) / 2
        for attempt in range(20)
    ]
    turn = events_of_a_turn(training, "WaitForJobs")
    events_of_a_second = max(
        (turn + retries * EVENTS_OF_A_RETRY) / (LONGEST_JOB_WAIT_SECONDS + sum(waits[:retries]))
        for retries in range(len(waits))
    )
    assert events_of_a_second > turn / LONGEST_JOB_WAIT_SECONDS
    long_waits = events_of_a_second * MOST_RUN_HOURS * 3600
    assert long_waits + events_beside_the_long_waits() < HISTORY_EVENTS


def test_a_run_that_comes_back_from_each_purchase_stays_within_the_history() -> None:
    """A quota that is in use costs a turn through five states, soon every quarter of an hour only."""
    states = LEASE
    turn = ("WaitForSlot", "AcquireSlot", "HasSlot", "PurchaseThroughputOrDeploy", "IsInService")
    assert "WaitForSlot" in {choice["Next"] for choice in states["IsInService"]["Choices"]}
    events = sum(EVENTS[states[name]["Type"]] for name in turn)
    turns, waited_seconds, wait_seconds = 0, 0, 0
    while waited_seconds < MOST_RUN_HOURS * 3600:
        turns += 1
        wait_seconds = next_quota_wait(wait_seconds)
        waited_seconds += wait_seconds
    assert turns * events + events_beside_the_long_waits() < HISTORY_EVENTS * 0.9


def test_batch_jobs_that_are_waited_for_to_the_last_stay_within_the_history() -> None:
    """The baselines' beside a training of days, the judges' behind the leases; every question is asked twice."""
    training, baselines = (each["States"] for each in DEFINITION["States"]["TrainAndAnswerBaselines"]["Branches"])
    job = turns_of_a_job(FIVE_DAYS_SECONDS) * (events_of_a_turn(training, "WaitForJobs") + EVENTS_OF_A_RETRY)
    turns, waited_seconds, wait_seconds = 0, 0, 0
    while waited_seconds < MOST_BATCH_HOURS * 3600 + STOP_PATIENCE_SECONDS:
        turns += 1
        wait_seconds = next_batch_wait(wait_seconds)
        waited_seconds += wait_seconds
    top, loops = DEFINITION["States"], 0
    for states, loop in (
        (baselines, ("WaitForBatchOfBaselines", "AskBaselinesInBatch", "HasBatchOfBaselines")),
        (top, ("WaitForBatchOfJudges", "AskJudgesInBatch", "HasJudges")),
    ):
        loops += turns * (sum(EVENTS[states[name]["Type"]] for name in loop) + EVENTS_OF_A_RETRY)
    assert job + loops + events_beside_the_long_waits() < HISTORY_EVENTS * 0.8


def test_twelve_candidates_that_are_served_slowly_stay_within_the_history() -> None:
    """Behind a training of days each takes forty minutes to get in service and several to be deleted.

    Every question is asked twice. Where all of them take the longest that a run waits, it fails instead, and the
    reconciler deletes what is left.
    """
    training = DEFINITION["States"]["TrainAndAnswerBaselines"]["Branches"][0]["States"]
    job = turns_of_a_job(FIVE_DAYS_SECONDS) * (events_of_a_turn(training, "WaitForJobs") + EVENTS_OF_A_RETRY)
    once = sum(EVENTS[state["Type"]] + EVENTS_OF_A_RETRY for state in LEASE.values())
    leases = MOST_SERVED * (events_of_a_lease(40 * 60, 20) + once)
    assert job + leases + events_of_the_single_states() < HISTORY_EVENTS


@pytest.mark.parametrize("side_by_side", [2, 4, 12])
def test_candidates_that_wait_side_by_side_for_days_stay_within_the_history(side_by_side: int) -> None:
    """All of them write into one history, and wait for slots or for a quota for as long as a run may take."""
    slot = ("WaitForSlot", "AcquireSlot", "HasSlot")
    quota = (*slot, "PurchaseThroughputOrDeploy", "IsInService")
    leases = side_by_side * events_of_a_lease(40 * 60, 20)
    for turn, next_wait in ((slot, next_slot_wait), (quota, next_quota_wait)):
        turns, waited_seconds, wait_seconds = 0, 0, 0
        while waited_seconds < MOST_RUN_HOURS * 3600:
            turns += 1
            wait_seconds = next_wait(wait_seconds, side_by_side)
            waited_seconds += wait_seconds
        waits = side_by_side * turns * sum(EVENTS[LEASE[name]["Type"]] for name in turn)
        assert waits + leases + events_of_the_single_states() < HISTORY_EVENTS


def test_an_equal_wait_of_a_minute_would_not_do() -> None:
    """What the growing wait is for."""
    training = DEFINITION["States"]["TrainAndAnswerBaselines"]["Branches"][0]["States"]
    turns = FIVE_DAYS_SECONDS // FIRST_JOB_WAIT_SECONDS
    assert turns * events_of_a_turn(training, "WaitForJobs") > HISTORY_EVENTS
