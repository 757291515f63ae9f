"""Waits between questions."""

from itertools import pairwise

from lambdas.domain.serving import polling
from lambdas.domain.serving.kinds import PROVISIONED
from lambdas.domain.serving.serving import count_attempt, record_request
from lambdas.domain.training import polling as job_polling


def test_the_wait_for_a_job_grows_to_its_bound_and_stays_there() -> None:
    """A wait that stops growing early would use up the history, one without a bound would find a job's end late."""
    waits = [job_polling.FIRST_JOB_WAIT_SECONDS]
    for _ in range(100):
        waits.append(job_polling.next_job_wait(waits[-1]))
    assert all(later > earlier or later == job_polling.LONGEST_JOB_WAIT_SECONDS for earlier, later in pairwise(waits))
    assert max(waits) == waits[-1] == job_polling.LONGEST_JOB_WAIT_SECONDS == 600


def test_a_jobs_end_is_found_early_for_its_age() -> None:
    """Nobody waits an hour for what took an hour."""
    age, wait = 0, job_polling.FIRST_JOB_WAIT_SECONDS
    while age < 5 * 24 * 3600:
        assert wait <= max(120, 0.25 * age)
        age += wait
        wait = job_polling.next_job_wait(wait)


def test_deletion_insists_for_more_than_an_hour() -> None:
    """A conflict while the throughput is still being created lasts up to half an hour."""
    waits = [polling.next_deletion_wait(attempts) for attempts in range(1, polling.DELETION_ATTEMPTS)]
    assert sum(waits) > 3_600
    assert waits[0] <= 5


def test_each_attempt_to_delete_is_counted() -> None:
    """Without the count the attempts would never end."""
    facts = record_request(
        "name", PROVISIONED, "arn", "2026-01-21T22:00:00.000Z", "2026-01-22T06:00:00.000Z", "2026-01-22T05:30:00.000Z"
    )
    facts = count_attempt(facts, None, refused_for_good=False, now="2026-01-21T23:00:00.000Z", cost="")
    assert (facts.delete_attempts, facts.wait_seconds) == (1, polling.FIRST_DELETION_WAIT_SECONDS)


def test_a_throughput_that_may_be_ready_is_looked_at_twice_a_minute() -> None:
    """What it bills without answering stays within one interval of a minute, the way to the first answer included."""
    assert polling.next_throughput_wait(0) == polling.THROUGHPUT_WAIT_SECONDS == 60
    assert polling.next_throughput_wait(15 * 60) == 30


def test_the_wait_for_a_slot_grows_to_ten_minutes() -> None:
    """Nothing bills meanwhile, and days of waiting must fit into the history."""
    wait = polling.FIRST_SLOT_WAIT_SECONDS
    for _ in range(10):
        wait = polling.next_slot_wait(wait)
    assert wait == 600
