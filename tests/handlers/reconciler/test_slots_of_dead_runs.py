"""Which slots the reconciler frees, and when."""

import pytest

from lambdas.adapters.stores.throughput_slots import UnreadableSlot
from lambdas.domain.core.run import bedrock_name
from lambdas.domain.models.catalogue import ServingKind
from tests.handlers.conftest import OUTPUT_BUCKET, either_way
from tests.handlers.reconciler.conftest import DELETE, DEPLOYMENT, GET, World

pytestmark = either_way


def test_a_dead_holders_slot_is_freed_and_a_running_ones_is_not(world: World) -> None:
    """Otherwise one abort would keep every later run waiting for ever."""
    dead, running = world.run("dead"), world.run("running")
    world.hold_slot(*dead)
    world.hold_slot(*running, key="throughput-slots/2.json")
    world.stop(dead[1])
    turn = world.reconcile()
    assert (turn.slots_freed, turn.slots_held) == (["throughput-slots/1.json"], ["throughput-slots/2.json"])
    assert world.slots() == 1


def test_a_slot_stays_while_a_purchase_that_was_cut_off_may_still_appear(world: World) -> None:
    """The next run would buy a second one beside it."""
    run, execution = world.run()
    world.hold_slot(run, execution)
    world.stop(execution)
    turn = world.reconcile(settle_seconds=3600)
    assert (turn.slots_settling, world.slots()) == (["throughput-slots/1.json"], 1)
    assert sum(world.slept) >= 60


def test_a_slot_is_kept_until_neither_kind_exists(world: World, kind: ServingKind) -> None:
    """At most so many at a time, deletions that hang included."""
    run, execution = world.run()
    world.buy(run, execution, kind)
    world.hold_slot(run, execution)
    world.stop(execution)
    world.fault({"operation": DELETE[kind], "kind": "access_denied"})
    world.reconcile(seconds=1)
    assert world.slots() == 1
    world.fault()
    world.reconcile()
    assert (world.live(), world.slots()) == (set(), 0)


def test_a_slot_is_kept_by_what_serves_its_own_candidate_alone(world: World, kind: ServingKind) -> None:
    """Each candidate has a lease of its own: one that is over must not wait for another."""
    run, execution = world.run()
    for candidate in (1, 2):
        world.hold_slot(run, execution, key=f"throughput-slots/{candidate}.json", candidate=candidate)
    world.buy(run, execution, kind, name=bedrock_name(DEPLOYMENT, run, 2))
    world.stop(execution)
    world.fault({"operation": DELETE[kind], "kind": "access_denied"})
    turn = world.reconcile(seconds=1)
    assert turn.slots_held == ["throughput-slots/2.json"]
    assert world.slots() == 1
    world.fault()
    world.reconcile()
    assert (world.live(), world.slots()) == (set(), 0)


def test_a_slot_is_kept_while_one_kind_cannot_be_asked_for(world: World, kind: ServingKind) -> None:
    """What is not known to be gone counts as there."""
    run, execution = world.run()
    world.hold_slot(run, execution)
    world.stop(execution)
    world.fault({"operation": GET[kind], "kind": "access_denied"})
    turn = world.reconcile(seconds=1)
    assert world.slots() == 1
    assert any(GET[kind] in problem for problem in turn.problems)


def test_an_object_that_is_no_slot_is_named_with_its_remedy_and_hides_no_slot(world: World) -> None:
    """It blocks purchases, which is safe; a person must learn which object, and that it may go."""
    run, execution = world.run()
    world.hold_slot(run, execution)
    world.stop(execution)
    world.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key="throughput-slots/2.json", Body=b"{}")
    turn = world.reconcile(seconds=1)
    assert turn.slots_freed == ["throughput-slots/1.json"]
    [problem] = turn.problems
    assert f"s3://{OUTPUT_BUCKET}/throughput-slots/2.json" in problem
    assert "delete it" in problem
    with pytest.raises(UnreadableSlot, match="delete it"):
        world.adapters.slots.held(OUTPUT_BUCKET)
