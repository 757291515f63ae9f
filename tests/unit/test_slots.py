"""Slots: the message of a run that waits, and a lease that begins with the slot."""

from lambdas.domain.serving import slots

NOW = "2026-01-21T22:00:00.000Z"


def test_the_lease_begins_with_the_slot_and_ends_after_the_longest_lease() -> None:
    """Waiting costs nothing, so it takes nothing off the lease."""
    held = slots.begin_lease("sales-0123456789ab", 1, "arn:execution", NOW, 8)
    slot = slots.hold_slot("throughput-slots/1.json", held)
    assert slot.lease_ends_at == "2026-01-22T06:00:00.000Z"
    assert slot.answer_until == "2026-01-22T05:30:00.000Z"


def test_a_run_that_waits_says_for_whom_and_how_long() -> None:
    """Whoever looks at the execution must see why nothing happens."""
    held = slots.begin_lease("sales-0123456789ab", 1, "arn:execution", NOW, 8)
    first = slots.wait_for_slot([held], 1, None)
    second = slots.wait_for_slot([held], 1, first)
    assert first.message is not None
    assert "1 of 1 held, by sales-0123456789ab (candidate 1) since 2026-01-21T22:00:00.000Z" in first.message
    assert (first.wait_seconds, second.wait_seconds, second.waited_seconds) == (60, 90, 150)


def test_candidates_that_wait_side_by_side_ask_less_often_the_more_they_are() -> None:
    """They share the events of one history."""
    held = slots.begin_lease("sales-0123456789ab", 1, "arn:execution", NOW, 8)
    waiting, refused = slots.wait_for_slot([held], 4, None, 4), slots.hold_slot("throughput-slots/1.json", held)
    for _ in range(20):
        waiting = slots.wait_for_slot([held], 4, waiting, 4)
        refused = slots.hold_slot("throughput-slots/1.json", held, refused, 4)
    assert (waiting.wait_seconds, refused.wait_seconds) == (7 * 600, 7 * 900)


def test_a_run_that_comes_back_with_nothing_bought_waits_longer_and_longer() -> None:
    """Its waits count, and so do the refusals: they tell a quota in use from one that is too small."""
    held = slots.begin_lease("sales-0123456789ab", 1, "arn:execution", NOW, 8)
    first = slots.hold_slot("throughput-slots/1.json", held)
    second = slots.hold_slot("throughput-slots/1.json", held, first)
    assert [(each.wait_seconds, each.waited_seconds, each.refusals) for each in (first, second)] == [
        (60, 0, 0),
        (90, 60, 1),
    ]
    # Another run has taken the slot that it gave back.
    third = slots.wait_for_slot([held], 1, second)
    assert (third.wait_seconds, third.waited_seconds, third.refusals) == (135, 60 + 90 + 135, 2)
    fourth = slots.hold_slot("throughput-slots/1.json", held, third)
    assert (fourth.wait_seconds, fourth.waited_seconds, fourth.refusals) == (60, 60 + 90 + 135, 2)
