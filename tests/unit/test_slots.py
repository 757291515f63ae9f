"""Slots: the message of a run that waits, and a lease that begins with the slot."""

from lambdas.domain.serving import slots

NOW = "2026-01-21T22:00:00.000Z"


def test_the_lease_begins_with_the_slot_and_ends_after_the_longest_lease() -> None:
    """Waiting costs nothing, so it takes nothing off the lease."""
    held = slots.begin_lease("sales-0123456789ab", "arn:execution", NOW, 8)
    slot = slots.hold_slot("throughput-slots/1.json", held, waited_seconds=3600)
    assert slot.lease_ends_at == "2026-01-22T06:00:00.000Z"
    assert slot.answer_until == "2026-01-22T05:30:00.000Z"


def test_a_run_that_waits_says_for_whom_and_how_long() -> None:
    """Whoever looks at the execution must see why nothing happens."""
    held = slots.begin_lease("sales-0123456789ab", "arn:execution", NOW, 8)
    first = slots.wait_for_slot([held], 1, None)
    second = slots.wait_for_slot([held], 1, first)
    assert first.message is not None
    assert "1 of 1 held, by sales-0123456789ab since 2026-01-21T22:00:00.000Z" in first.message
    assert (first.wait_seconds, second.wait_seconds, second.waited_seconds) == (60, 90, 150)
