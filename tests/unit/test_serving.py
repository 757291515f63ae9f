"""The facts of what serves the tuned model."""

import pytest

from lambdas.domain.core.errors import ThroughputFailed, ThroughputNotDeleted
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving import serving
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED, ServedModel, hourly_cost
from lambdas.domain.serving.polling import DELETION_ATTEMPTS

LEASE = ("2026-01-22T06:00:00.000Z", "2026-01-22T05:30:00.000Z")
BOUGHT = serving.record_request("ft-run", PROVISIONED, "arn:throughput", "2026-01-21T22:00:00.000Z", *LEASE)


def give_up(facts: serving.Serving, refusal: str | None = None) -> None:
    """The last attempt to delete it."""
    serving.count_attempt(
        facts.model_copy(update={"delete_attempts": DELETION_ATTEMPTS - 1}),
        refusal,
        refused_for_good=False,
        now="2026-01-21T23:30:00.000Z",
        cost="1 model unit at 40.00 USD",
    )


def test_the_billed_time_is_from_in_service_to_the_accepted_deletion() -> None:
    """It is what the run cost; without both ends nothing is claimed."""
    start, end = "2026-01-21T22:20:00.000Z", "2026-01-21T22:25:00.250Z"
    assert serving.served_seconds(start, end) == 300.25
    assert serving.served_seconds(None, end) is None
    assert serving.served_seconds(start, None) is None


def test_a_deletion_before_service_bills_nothing() -> None:
    """The clocks of two services differ: a time below zero would be nonsense in a report."""
    assert serving.served_seconds("2026-01-21T22:20:00.000Z", "2026-01-21T22:19:59.000Z") == 0


def test_one_that_somebody_else_deleted_has_a_time_of_deletion() -> None:
    """The report must not show it as still billing."""
    assert serving.mark_deleted(BOUGHT, "2026-01-21T22:30:00.000Z").deleted_at == "2026-01-21T22:30:00.000Z"
    assert (
        serving.mark_deleted(serving.assume_serving("ft-run", PROVISIONED), "2026-01-21T22:30:00.000Z").deleted_at
        is None
    )


@pytest.mark.parametrize("facts", [BOUGHT, serving.assume_serving("ft-run", PROVISIONED)])
def test_a_throughput_that_stays_names_what_a_person_needs(facts: serving.Serving) -> None:
    """Even where only the name is known, the command can be pasted."""
    with pytest.raises(ThroughputNotDeleted) as raised:
        give_up(facts)
    assert f"--provisioned-model-id {facts.arn or facts.name}" in str(raised.value)
    assert "1 model unit at 40.00 USD" in str(raised.value)
    assert ("1.5 hours old" if facts.arn else "of unknown age") in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "said", "command"),
    [
        (
            ON_DEMAND,
            "nothing by the hour",
            "delete-custom-model-deployment --custom-model-deployment-identifier ft-run",
        ),
        (None, "may BILL BY THE HOUR", "--provisioned-model-id ft-run or aws bedrock delete-custom-model-deployment"),
    ],
)
def test_each_kind_that_stays_has_its_own_words_and_command(kind: ServingKind | None, said: str, command: str) -> None:
    """The other kind's command would find nothing, and end nothing."""
    with pytest.raises(ThroughputNotDeleted) as raised:
        give_up(serving.assume_serving("ft-run", kind), "No.")
    assert said in str(raised.value)
    assert command in str(raised.value)


def test_a_run_gives_up_before_its_lease_ends() -> None:
    """The reconciler would delete the throughput under it; so its own lane does, with time to spare."""
    created, changed = "2026-01-21T22:00:00.000Z", "2026-01-21T22:20:00.000Z"
    found = ServedModel(PROVISIONED, "arn:throughput", "InService", "arn:model", 1, created, changed, None)
    in_time = serving.check(BOUGHT, found, "2026-01-22T05:29:59.999Z")
    assert in_time.in_service_at == changed
    with pytest.raises(ThroughputFailed, match=r"2026-01-22T06:00:00.000Z.*longest_lease_hours"):
        serving.check(BOUGHT, found, "2026-01-22T05:30:00.000Z")


@pytest.mark.parametrize(
    ("units", "price", "said"),
    [
        (1, 40.0, "1 model unit at 40.00 USD = 40.00 USD an hour"),
        (3, 22.5, "3 model units at 22.50 USD = 67.50 USD an hour"),
        (2, None, "2 model units at a price an hour that is not known"),
        (None, 22.5, "an unknown number of model units at 22.50 USD an hour each"),
    ],
)
def test_the_cost_is_told_as_far_as_it_is_known(units: int | None, price: float | None, said: str) -> None:
    """A person decides by it how fast to act; a guess would be worse than none."""
    assert hourly_cost(units, price).startswith(said)
