"""A run that waits for batch jobs to their bound, and then for everything else, stays within its history."""

import pytest

from lambdas.domain.batch.batch_waits import STOP_PATIENCE_SECONDS, next_batch_wait
from lambdas.domain.serving.polling import next_quota_wait, next_slot_wait
from stacks.settings import MOST_RUN_HOURS, Settings
from tests.state_machines.test_history_budget import (
    DEFINITION,
    EVENTS,
    EVENTS_OF_A_RETRY,
    FIVE_DAYS_SECONDS,
    HISTORY_EVENTS,
    LEASE,
    MOST_SERVED,
    events_beside_the_long_waits,
    events_of_a_lease,
    events_of_a_turn,
    events_of_the_single_states,
    turns_of_a_job,
)

TOP = DEFINITION["States"]
TRAINING = TOP["TrainAndAnswerBaselines"]["Branches"][0]["States"]
# Turns of the curation whose batch jobs answer nothing until they are given up.
BATCH_TURNS = 2
WAIT_FOR_BATCH = ("WaitForBatch", "CurateTrainingSet", "IsCurated")
LONGEST_BATCH_HOURS = int(Settings.model_fields["longest_batch_hours"].metadata[1].le)
BATCH_SECONDS = LONGEST_BATCH_HOURS * 3600 + STOP_PATIENCE_SECONDS
# What is left of the longest run behind these turns.
LEFT_SECONDS = MOST_RUN_HOURS * 3600 - BATCH_TURNS * BATCH_SECONDS


def waits_of_a_batch_job() -> int:
    """How often one is looked at until it is given up."""
    waits, waited_seconds, wait_seconds = 0, 0, 0
    while waited_seconds < BATCH_SECONDS:
        waits += 1
        wait_seconds = next_batch_wait(wait_seconds)
        waited_seconds += wait_seconds
    return waits


def events_of_batch_turns() -> int:
    """The waits of all these turns, with every question asked twice."""
    wait = sum(EVENTS[TOP[name]["Type"]] for name in WAIT_FOR_BATCH)
    return BATCH_TURNS * waits_of_a_batch_job() * (wait + EVENTS_OF_A_RETRY)


def test_a_wait_for_a_batch_job_leads_back_to_it_and_grows() -> None:
    """A job of a day is looked at less than a hundred times."""
    assert "WaitForBatch" in {choice["Next"] for choice in TOP["IsCurated"]["Choices"]}
    assert (TOP["WaitForBatch"]["Next"], TOP["CurateTrainingSet"]["Next"]) == WAIT_FOR_BATCH[1:]
    assert LONGEST_BATCH_HOURS == 24
    assert 20 < waits_of_a_batch_job() < 100


def test_a_training_of_days_behind_the_longest_batch_jobs_stays_within_the_history() -> None:
    """With every question of every loop asked twice, a quarter is left."""
    job = turns_of_a_job(FIVE_DAYS_SECONDS) * (events_of_a_turn(TRAINING, "WaitForJobs") + EVENTS_OF_A_RETRY)
    assert events_of_batch_turns() + job + events_beside_the_long_waits() < HISTORY_EVENTS * 0.75


def test_the_longest_run_stays_within_the_history_behind_the_longest_batch_jobs() -> None:
    """Whatever is waited for for all the time that is left."""
    turns = turns_of_a_job(LEFT_SECONDS)
    for turn in (events_of_a_turn(TRAINING, "WaitForJobs") + EVENTS_OF_A_RETRY, events_of_a_turn(LEASE, "WaitForSlot")):
        assert events_of_batch_turns() + turns * turn + events_beside_the_long_waits() < HISTORY_EVENTS


def test_twelve_candidates_that_are_served_slowly_behind_batch_jobs_stay_within_the_history() -> None:
    """As where nothing was curated; here every second question of training and leases is asked twice."""
    again = EVENTS_OF_A_RETRY / 2
    job = turns_of_a_job(FIVE_DAYS_SECONDS) * (events_of_a_turn(TRAINING, "WaitForJobs") + again)
    once = sum(EVENTS[state["Type"]] + again for state in LEASE.values())
    leases = MOST_SERVED * (events_of_a_lease(40 * 60, 20, again) + once)
    assert events_of_batch_turns() + job + leases + events_of_the_single_states() < HISTORY_EVENTS


@pytest.mark.parametrize("side_by_side", [2, 4, 12])
def test_candidates_that_wait_side_by_side_behind_batch_jobs_stay_within_the_history(side_by_side: int) -> None:
    """They wait for slots or for a quota for all the time that is left."""
    slot = ("WaitForSlot", "AcquireSlot", "HasSlot")
    leases = side_by_side * events_of_a_lease(40 * 60, 20)
    for turn, next_wait in (
        (slot, next_slot_wait),
        ((*slot, "PurchaseThroughputOrDeploy", "IsInService"), next_quota_wait),
    ):
        turns, waited_seconds, wait_seconds = 0, 0, 0
        while waited_seconds < LEFT_SECONDS:
            turns += 1
            wait_seconds = next_wait(wait_seconds, side_by_side)
            waited_seconds += wait_seconds
        waits = side_by_side * turns * sum(EVENTS[LEASE[name]["Type"]] for name in turn)
        assert events_of_batch_turns() + waits + leases + events_of_the_single_states() < HISTORY_EVENTS
