"""What the reconciler ends of what serves applications: they are told first, and no list has to show it."""

from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.domain.core.run import Claim, standing_name
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.evaluation.endpoint import Endpoint
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.report.run_index import IndexedRun
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.serving.standing import champion_names, standing_tags
from local.bedrock.settings import SimulationSettings
from tests.handlers.conftest import OUTPUT_BUCKET
from tests.handlers.reconciler.conftest import DELETE, DEPLOYMENT, World
from tests.handlers.reconciler.test_standing_servings import serve

LAG = 20


def name_target(world: World, run: str, arn: str) -> None:
    endpoint = Endpoint(run_id=run, model_arn=world.custom_model, target_arn=arn)
    world.adapters.endpoint.write_endpoint(DEPLOYMENT, endpoint, "")


def target(world: World) -> str | None:
    endpoint = world.adapters.endpoint.read_endpoint(DEPLOYMENT)
    assert endpoint is not None
    return endpoint.target_arn


@pytest.mark.parametrize("ending", [False, True])
def test_applications_are_told_before_it_is_deleted(world: World, kind: ServingKind, ending: bool) -> None:
    """They see that nothing serves them, rather than an error of Bedrock's."""
    run, execution = world.run()
    world.stop(execution)
    arn = serve(world, run, kind, None if ending else -0.1)
    name_target(world, run, arn)
    targets: list[str | None] = []
    events = world.adapters.clients.bedrock.meta.events
    events.register(f"before-call.bedrock.{DELETE[kind]}", lambda **_: targets.append(target(world)))
    world.reconcile(ending=ending)
    assert (set(targets), world.live(), target(world)) == ({None}, set(), None)


def test_that_they_cannot_be_told_keeps_nothing(world: World, kind: ServingKind) -> None:
    """It bills."""
    run, _ = world.run()
    name_target(world, run, serve(world, run, kind, -0.1))
    error = {"Code": "AccessDeniedException", "Message": "not authorized to perform: ssm:PutParameter"}
    answer = SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
    events: Any = world.adapters.clients.ssm.meta.events
    events.register("before-call.ssm.PutParameter", lambda **_: answer)
    world.reconcile()
    assert world.live() == set()


def test_they_go_on_by_what_the_environment_serves_its_champion_with(world: World, kind: ServingKind) -> None:
    """The lease of what a person has served beside it ends without a gap."""
    run, execution = world.run()
    world.stop(execution)
    own = world.make(ON_DEMAND, champion_names(DEPLOYMENT)[0], standing_tags(DEPLOYMENT, run, None))
    world.clock.advance(60)
    name_target(world, run, serve(world, run, kind, -0.1))
    world.reconcile()
    assert (world.live(), target(world)) == ({own}, own)


class TestLaggingLists:
    """What somebody has deployed a moment ago is in no list yet."""

    @pytest.fixture
    def timing(self, timing: SimulationSettings) -> SimulationSettings:
        return timing.model_copy(update={"list_lag_seconds": LAG})

    @pytest.mark.parametrize("known_by", ["index", "endpoint"])
    def test_it_ends_with_the_stack_all_the_same(self, world: World, known_by: str) -> None:
        """Nobody comes by later: it is found by the name of each run that could be served."""
        run, execution = world.run()
        world.stop(execution)
        assert world.custom_model
        world.clock.advance(2 * LAG)
        if known_by == "index":
            claim = Claim(run_id=run, execution_arn=execution, claimed_at=now())
            entry = IndexedRun(run_id=run, started_at=now(), status="succeeded")
            world.adapters.run_index.write_entry(OUTPUT_BUCKET, claim, entry)
        else:
            name_target(world, run, "arn:aws:bedrock:us-west-2:1:custom-model-deployment/other")
        arn = world.make(ON_DEMAND, standing_name(DEPLOYMENT, run), standing_tags(DEPLOYMENT, run, later(now(), 3600)))
        assert [one.arn for one in world.adapters.deployments.list_all()] == []
        turn = world.reconcile(ending=True)
        assert ([found.arn for found in turn.deleted], world.live(), turn.problems) == ([arn], set(), [])
