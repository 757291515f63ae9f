"""The reconciler where Bedrock is busy or refuses: what fails for one thing stops nothing else."""

import pytest

from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import KINDS, ON_DEMAND, PROVISIONED
from tests.handlers.conftest import either_way
from tests.handlers.reconciler.conftest import DELETE, GET, LIST, TAGS, World

pytestmark = either_way


@pytest.mark.parametrize("operation", ["list", "tags", "get", "delete"])
@pytest.mark.parametrize("fault", ["throttle", "internal", "drop_before", "drop_after"])
def test_a_busy_bedrock_is_asked_again(world: World, kind: ServingKind, operation: str, fault: str) -> None:
    """The clean-up comes when everybody's does: throttling is the rule then."""
    run, execution = world.run()
    world.buy(run, execution, kind)
    world.stop(execution)
    name = {"list": LIST[kind], "tags": TAGS, "get": GET[kind], "delete": DELETE[kind]}[operation]
    world.fault({"operation": name, "kind": fault, "first": 1, "last": 3})
    turn = world.reconcile()
    assert world.live() == set()
    assert (turn.problems, turn.left, turn.unlisted) == ([], [], [])


@pytest.mark.parametrize("fault", ["access_denied", "throttle"])
def test_a_list_that_stays_refused_does_not_hide_what_a_slot_tells_of(
    world: World, kind: ServingKind, fault: str
) -> None:
    """A run holds its slot for as long as its throughput or deployment may exist."""
    run, execution = world.run()
    world.buy(run, execution, kind)
    world.hold_slot(run, execution)
    world.stop(execution)
    world.fault({"operation": LIST[kind], "kind": fault})
    turn = world.reconcile()
    assert world.live() == set()
    assert turn.unlisted == [kind]
    assert any(LIST[kind] in problem for problem in turn.problems)


@pytest.mark.parametrize(("refused", "other"), [(PROVISIONED, ON_DEMAND), (ON_DEMAND, PROVISIONED)])
def test_a_list_that_is_refused_does_not_stop_the_other(world: World, refused: ServingKind, other: ServingKind) -> None:
    """Each kind may be denied by a policy of its own."""
    run, execution = world.run()
    arn = world.buy(run, execution, other)
    world.stop(execution)
    world.fault({"operation": LIST[refused], "kind": "access_denied"})
    turn = world.reconcile()
    assert [found.arn for found in turn.deleted] == [arn]
    assert turn.unlisted == [refused]


def test_what_cannot_be_deleted_of_one_kind_does_not_stop_the_other(world: World) -> None:
    """A throughput that stays is no reason to leave a deployment."""
    run, execution = world.run()
    stuck, other = (world.buy(run, execution, kind) for kind in KINDS)
    world.stop(execution)
    world.fault({"operation": DELETE[PROVISIONED], "kind": "access_denied"})
    turn = world.reconcile()
    assert world.live() == {stuck}
    assert [found.arn for found in turn.deleted] == [other]
