"""The throughput's facts."""

import pytest

from lambdas.domain.core.errors import ThroughputFailed, ThroughputNotDeleted
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving import throughput
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED, ServedModel, hourly_cost
from lambdas.domain.serving.polling import DELETION_ATTEMPTS

LEASE = ("2026-01-22T06:00:00.000Z", "2026-01-22T05:30:00.000Z")
BOUGHT = throughput.purchased("ft-run", PROVISIONED, "arn:throughput", "2026-01-21T22:00:00.000Z", *LEASE)


def test_the_billed_time_is_from_in_service_to_the_accepted_deletion() -> None:
    """It is what the run cost; without both ends nothing is claimed."""
    start, end = "2026-01-21T22:20:00.000Z", "2026-01-21T22:25:00.250Z"
    assert throughput.served_seconds(start, end) == 300.25
    assert throughput.served_seconds(None, end) is None
    assert throughput.served_seconds(start, None) is None


def test_a_deletion_before_service_bills_nothing() -> None:
    """The clocks of two services differ: a time below zero would be nonsense in a report."""
    assert throughput.served_seconds("2026-01-21T22:20:00.000Z", "2026-01-21T22:19:59.000Z") == 0


def test_one_that_somebody_else_deleted_has_a_time_of_deletion() -> None:
    """The report must not show it as still billing."""
    assert throughput.gone(BOUGHT, "2026-01-21T22:30:00.000Z")["deleted_at"] == "2026-01-21T22:30:00.000Z"
    assert (
        throughput.gone(throughput.unrecorded("ft-run", PROVISIONED), "2026-01-21T22:30:00.000Z")["deleted_at"] is None
    )


@pytest.mark.parametrize("facts", [BOUGHT, throughput.unrecorded("ft-run", PROVISIONED)])
def test_a_throughput_that_stays_names_what_a_person_needs(facts: throughput.Throughput) -> None:
    """Even where only the name is known, the command can be pasted."""
    with pytest.raises(ThroughputNotDeleted) as raised:
        throughput.still_there(
            {**facts, "delete_attempts": DELETION_ATTEMPTS - 1},
            None,
            False,
            "2026-01-21T23:30:00.000Z",
            "1 model unit at 40.00 USD",
        )
    identifier = facts["arn"] or facts["name"]
    assert f"--provisioned-model-id {identifier}" in str(raised.value)
    assert "1 model unit at 40.00 USD" in str(raised.value)
    assert ("1.5 hours old" if facts["arn"] else "of unknown age") in str(raised.value)


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
    facts: throughput.Throughput = {**throughput.unrecorded("ft-run", kind), "delete_attempts": DELETION_ATTEMPTS - 1}
    with pytest.raises(ThroughputNotDeleted) as raised:
        throughput.still_there(facts, "No.", False, "2026-01-21T23:30:00.000Z", "1 model unit at 40.00 USD")
    assert said in str(raised.value)
    assert command in str(raised.value)


def test_a_run_gives_up_before_its_lease_ends() -> None:
    """The reconciler would delete the throughput under it; so its own lane does, with time to spare."""
    created, changed = "2026-01-21T22:00:00.000Z", "2026-01-21T22:20:00.000Z"
    found = ServedModel(PROVISIONED, "arn:throughput", "InService", "arn:model", 1, created, changed, None)
    in_time = throughput.checked(BOUGHT, found, "2026-01-22T05:29:59.999Z")
    assert in_time["in_service_at"] == changed
    with pytest.raises(ThroughputFailed, match=r"2026-01-22T06:00:00.000Z.*longest_lease_hours"):
        throughput.checked(BOUGHT, found, "2026-01-22T05:30:00.000Z")


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
