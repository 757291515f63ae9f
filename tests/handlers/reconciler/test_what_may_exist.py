"""What the reconciler ends, and what it must not touch: throughputs and deployments by the same rules, and jobs."""

import pytest

from lambdas.domain.core.run import bedrock_name, bedrock_tags
from lambdas.domain.models.catalogue import ServingKind
from local.bedrock.settings import SimulationSettings
from tests.handlers.reconciler.conftest import DELETE, DEPLOYMENT, LIST, NEIGHBOUR, TAGS, World


def test_a_leased_one_of_a_running_execution_stays(world: World, kind: ServingKind) -> None:
    """The reconciler runs beside every good run, six times an hour."""
    arn = world.buy(*world.run(), kind)
    turn = world.reconcile()
    assert world.live() == {arn}
    assert ([found.arn for found in turn.kept], turn.attempts, world.slept) == ([arn], 0, [])


def test_one_whose_execution_was_stopped_is_deleted_and_the_deletion_verified(world: World, kind: ServingKind) -> None:
    """StopExecution runs no Catch: nothing else would ever delete it."""
    run, execution = world.run()
    arn = world.buy(run, execution, kind)
    world.stop(execution)
    turn = world.reconcile()
    assert world.live() == set()
    assert [(found.kind, found.arn) for found in turn.deleted] == [(kind, arn)]
    # Bedrock finds it for a minute after it has accepted the deletion: that counts for nothing.
    assert sum(world.slept) >= 60
    assert turn.problems == []


def test_one_beyond_its_lease_is_deleted_although_its_execution_runs(world: World, kind: ServingKind) -> None:
    """An execution that hangs would bill for days."""
    run, execution = world.run()
    world.buy(run, execution, kind, lease_hours=-0.1)
    [deleted] = world.reconcile().deleted
    assert "its lease ended" in deleted.reason
    assert world.live() == set()


def test_what_is_not_this_deployments_is_not_touched_even_at_the_end(world: World, kind: ServingKind) -> None:
    """A neighbour's name begins with ours; a person may have named theirs like one of our runs that is over."""
    run, execution = world.run()
    world.stop(execution)
    neighbours = world.buy("sales-ffffffffffff", execution, kind, deployment=NEIGHBOUR)
    world.clock.advance(3600)
    persons = world.make(kind, bedrock_name(DEPLOYMENT, run), {})
    for ending in (False, True):
        assert world.reconcile(ending=ending).attempts == 0
    assert world.live() == {neighbours, persons}


def test_the_executions_of_neighbours_are_not_asked_for(world: World, kind: ServingKind) -> None:
    """The reconciler's role may not: each call with a neighbour's run under way would fail, and raise an alarm."""
    _, execution = world.run()
    neighbours = world.buy("sales-ffffffffffff", execution, kind, deployment=NEIGHBOUR)
    world.train(f"{NEIGHBOUR}-sales-ffffffffffff-c1", bedrock_tags(NEIGHBOUR, "sales-ffffffffffff", execution))
    world.deny_executions()
    turn = world.reconcile()
    assert (turn.problems, turn.jobs_stopped, world.live()) == ([], [], {neighbours})


def test_with_tags_denied_the_neighbours_stays_and_ours_goes(world: World, kind: ServingKind) -> None:
    """The name alone would fit both: the claim in our bucket tells them apart."""
    run, execution = world.run()
    ours = world.buy(run, execution, kind)
    neighbours = world.buy("sales-ffffffffffff", execution, kind, deployment=NEIGHBOUR)
    world.stop(execution)
    world.fault({"operation": TAGS, "kind": "access_denied"})
    turn = world.reconcile()
    assert [found.arn for found in turn.deleted] == [ours]
    assert world.live() == {neighbours}
    assert any("AccessDenied" in problem for problem in turn.problems)


def test_one_whose_tags_were_taken_away_goes_with_its_run(world: World, kind: ServingKind) -> None:
    """Whoever tidies up tags would otherwise let it bill for ever, in silence."""
    run, execution = world.run()
    ours = world.make(kind, bedrock_name(DEPLOYMENT, run), {})
    assert [found.arn for found in world.reconcile().kept] == [ours]
    world.stop(execution)
    assert [found.arn for found in world.reconcile().deleted] == [ours]
    assert world.live() == set()


def test_every_page_of_the_list_is_read(world: World, kind: ServingKind) -> None:
    """What stands on the second page bills as well."""
    run, execution = world.run()
    for number in range(25):
        world.buy(f"other-{number:012x}", execution, kind, deployment=NEIGHBOUR)
    bought = world.buy(run, execution, kind, name=f"zz-{run}")
    world.stop(execution)
    pages = world.adapters.clients.bedrock.meta.events
    operation = LIST[kind]
    pages.register(
        f"before-parameter-build.bedrock.{operation}", lambda params, **_: params.setdefault("maxResults", 10)
    )
    turn = world.reconcile()
    assert [found.arn for found in turn.deleted] == [bought]
    assert len(world.live()) == 25


class TestCreating:
    """While Bedrock still creates it, and refuses to delete it."""

    @pytest.fixture
    def timing(self, timing: SimulationSettings) -> SimulationSettings:
        """Twenty minutes until it is in service."""
        return timing.model_copy(update={"throughput_creation_seconds": 1200, "deployment_creation_seconds": 1200})

    def test_it_is_left_to_the_next_turn(self, world: World, kind: ServingKind) -> None:
        """It is not a failure that a person has to hear of: time heals it."""
        run, execution = world.run()
        world.buy(run, execution, kind)
        world.stop(execution)
        turn = world.reconcile()
        assert [found.final for found in turn.pending] == [False]
        assert turn.failed == []
        world.clock.advance(1200)
        assert world.reconcile().left == []
        assert world.live() == set()


def test_one_that_cannot_be_deleted_stops_no_other(world: World, kind: ServingKind) -> None:
    """One refusal must not let all the others bill."""
    first, second = world.run("first"), world.run("second")
    stuck, other = world.buy(*first, kind), world.buy(*second, kind)
    world.stop(first[1])
    world.stop(second[1])
    world.fault({"operation": DELETE[kind], "kind": "access_denied", "first": 1, "last": 1})
    turn = world.reconcile(seconds=0)
    assert turn.attempts == 2
    assert len(turn.failed) == 1
    assert {found.arn for found in turn.left} == {stuck, other}


class TestJobs:
    """Customization jobs, which end by themselves."""

    @pytest.fixture
    def timing(self, timing: SimulationSettings) -> SimulationSettings:
        """Half an hour in the queue."""
        return timing.model_copy(update={"job_queue_seconds": 1800})

    @pytest.mark.parametrize(("keep", "stopped"), [("false", 1), ("true", 0)])
    def test_one_of_an_aborted_run_is_stopped_unless_its_settings_keep_it(
        self, world: World, keep: str, stopped: int
    ) -> None:
        """It trains at the account's cost for a run that no longer exists."""
        run, execution = world.run()
        world.train(bedrock_name(DEPLOYMENT, run), {**bedrock_tags(DEPLOYMENT, run, execution), "keep-job": keep})
        world.train("somebody-elses", {})
        assert world.reconcile().jobs_stopped == []
        world.stop(execution)
        assert len(world.reconcile().jobs_stopped) == stopped
