"""What the reconciler does with what serves applications: leased, kept, and when the stack is deleted."""

from typing import Any

import pytest

from lambdas.domain.core.run import standing_name
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED
from lambdas.domain.serving.standing import SETTLE_SECONDS, begin_standing, champion_names, standing_tags
from lambdas.handlers import reconcile_throughput
from lambdas.steps import reconcile as reconcile_module
from lambdas.steps import tell_standing
from tests.handlers.conftest import OUTPUT_BUCKET
from tests.handlers.reconciler.conftest import DELETE, DEPLOYMENT, NEIGHBOUR, SCHEDULE, TAGS, World

SLOT = "throughput-slots/1.json"


def serve(world: World, run: str, kind: ServingKind, hours: float | None) -> str:
    """As `fine-tune serve` makes it; without hours it is kept."""
    ends = None if hours is None else later(now(), hours * 3600)
    return world.make(kind, standing_name(DEPLOYMENT, run), standing_tags(DEPLOYMENT, run, ends))


def hold(world: World, run: str, hours: float | None, seconds_ago: float = 0) -> None:
    ends = None if hours is None else later(now(), hours * 3600)
    body = begin_standing(run, later(now(), -seconds_ago), ends).model_dump_json().encode()
    world.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=SLOT, Body=body)


@pytest.mark.parametrize("hours", [1, None])
def test_it_stays_although_its_run_is_over(world: World, kind: ServingKind, hours: float | None) -> None:
    """No execution has it, which would be the end of what a run has made."""
    run, execution = world.run()
    world.stop(execution)
    arn = serve(world, run, kind, hours)
    turn = world.reconcile()
    assert ([found.arn for found in turn.kept], turn.attempts, turn.problems) == ([arn], 0, [])
    assert world.live() == {arn}


def test_it_is_deleted_with_its_lease_whatever_became_of_the_caller(world: World, kind: ServingKind) -> None:
    """The end is in its tags from the creating call on; its slot goes with it."""
    run, _ = world.run()
    serve(world, run, kind, -0.1)
    hold(world, run, -0.1, SETTLE_SECONDS)
    turn = world.reconcile()
    [deleted] = turn.deleted
    assert (deleted.standing, deleted.run_id, "its lease ended" in deleted.reason) == (True, run, True)
    assert (world.live(), world.slots(), turn.problems) == (set(), 0, [])


def test_the_champions_own_deployment_stays(world: World) -> None:
    arns = {
        world.make(ON_DEMAND, name, standing_tags(DEPLOYMENT, "sales-0123456789ab", None))
        for name in champion_names(DEPLOYMENT)
    }
    assert world.reconcile().attempts == 0
    assert world.live() == arns


def test_the_end_of_the_stack_ends_all_of_them_and_no_neighbours(world: World, kind: ServingKind) -> None:
    """A stack that is gone has nobody who would end them later."""
    run, _ = world.run()
    serve(world, run, kind, None)
    world.make(ON_DEMAND, champion_names(DEPLOYMENT)[0], standing_tags(DEPLOYMENT, run, None))
    hold(world, run, None, SETTLE_SECONDS)
    neighbours = world.make(kind, standing_name(NEIGHBOUR, run), standing_tags(NEIGHBOUR, run, None))
    turn = world.reconcile(ending=True)
    assert (world.live(), world.slots(), turn.problems) == ({neighbours}, 0, [])


def test_with_tags_denied_the_slot_says_until_when(world: World) -> None:
    """A throughput that is kept must not be deleted, and one whose lease is over must not bill on."""
    run, _ = world.run()
    arn = serve(world, run, PROVISIONED, None)
    hold(world, run, None)
    world.fault({"operation": TAGS, "kind": "access_denied"})
    assert [found.arn for found in world.reconcile().kept] == [arn]
    hold(world, run, -0.1)
    assert [found.arn for found in world.reconcile().deleted] == [arn]
    assert world.live() == set()


def test_tags_that_do_not_show_yet_trouble_nobody(world: World, kind: ServingKind) -> None:
    """Bedrock's tags may lag behind by minutes: that is no reason for an alarm."""
    run, _ = world.run()
    arn = world.make(kind, standing_name(DEPLOYMENT, run), {})
    turn = world.reconcile()
    assert (turn.problems, turn.attempts, world.live(), world.slept) == ([], 0, {arn}, [])


def test_a_persons_own_of_such_a_name_stays(world: World, kind: ServingKind) -> None:
    """No run of the environment has it, and no slot."""
    persons = world.make(kind, standing_name(DEPLOYMENT, "sales-0123456789ab"), {})
    for ending in (False, True):
        assert world.reconcile(ending=ending).attempts == 0
    assert world.live() == {persons}


def test_a_slot_without_an_execution_is_freed_once_nothing_can_come_of_it(world: World) -> None:
    """Whoever took it was killed before the purchase: it would keep every later run waiting."""
    hold(world, "sales-0123456789ab", 1, SETTLE_SECONDS - 60)
    assert world.reconcile().slots_held == [SLOT]
    world.adapters.slots.free(OUTPUT_BUCKET, world.adapters.slots.held(OUTPUT_BUCKET)[0])
    hold(world, "sales-0123456789ab", 1, SETTLE_SECONDS)
    assert world.reconcile().slots_freed == [SLOT]
    assert world.slots() == 0


def test_a_slot_stays_for_as_long_as_its_throughput(world: World) -> None:
    """Also for one that cannot be deleted: there are never more than the environment allows."""
    run, _ = world.run()
    serve(world, run, PROVISIONED, -0.1)
    hold(world, run, -0.1, SETTLE_SECONDS)
    world.fault({"operation": DELETE[PROVISIONED], "kind": "access_denied"})
    world.reconcile(seconds=1)
    assert world.slots() == 1
    world.fault()
    world.reconcile()
    assert (world.live(), world.slots()) == (set(), 0)


def test_what_is_kept_is_told_each_day_with_its_cost(
    world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is to find it on the bill. A lease ends by itself, and a deployment costs nothing by the hour."""
    run, _ = world.run()
    arn = serve(world, run, PROVISIONED, None)
    serve(world, "leased-0123456789ab", PROVISIONED, 7)
    world.make(ON_DEMAND, champion_names(DEPLOYMENT)[0], standing_tags(DEPLOYMENT, run, None))
    told: list[int] = []
    for hours in (23, 25, 26, 48, 50):
        moment = later(now(), hours * 3600)
        monkeypatch.setattr(tell_standing, "now", lambda moment=moment: moment)
        reconcile_throughput.handler(SCHEDULE, lambda_context)
        told.append(len(world.messages()))
    assert told == [0, 1, 1, 1, 2]
    subject, message = world.messages()[0]
    assert subject == f"{DEPLOYMENT}: 1 throughput kept"
    assert f"{arn} serves the model of run {run}. It is 1.0 days old and has cost about 1,040.00 USD" in message
    assert f"fine-tune unserve {run}" in message


def test_a_lease_that_ends_is_told_as_such_and_not_as_a_leftover(
    world: World, lambda_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Applications lose their model: somebody may want it back. Nothing has gone wrong."""
    run, _ = world.run()
    arn = serve(world, run, PROVISIONED, -0.1)
    monkeypatch.setattr("lambdas.steps.reconcile.time.sleep", world.clock.advance)
    monkeypatch.setattr(reconcile_module, "reconcile", lambda *_, **__: world.reconcile())
    reconcile_throughput.handler(SCHEDULE, lambda_context)
    [(subject, message)] = world.messages()
    assert subject == f"{DEPLOYMENT}: no longer served"
    assert f"{arn}, which served the model of run {run}: its lease ended" in message
    assert "should not have existed" not in message
