"""Lists and tags of a while ago: nothing that bills is missed, and what a list still shows is not told as left over."""

import json
from typing import Any

import pytest

from lambdas.domain.core.run import CANDIDATE_TAG, KEEP_MODEL_TAG, bedrock_name, bedrock_tags
from lambdas.domain.models.catalogue import ServingKind
from lambdas.handlers import reconcile_throughput
from local.bedrock.settings import SimulationSettings
from tests.handlers.conftest import OUTPUT_BUCKET, either_way
from tests.handlers.reconciler.conftest import DEPLOYMENT, World
from tests.local.bedrock.conftest import rows

pytestmark = either_way

# Longer than a reconciliation waits for what does not heal.
LAG = 3600


@pytest.fixture
def timing(timing: SimulationSettings) -> SimulationSettings:
    """Lists of an hour ago."""
    return timing.model_copy(update={"list_lag_seconds": LAG})


def tags(run: str, execution: str) -> dict[str, str]:
    """Of the first candidate's job."""
    return {**bedrock_tags(DEPLOYMENT, run, execution), CANDIDATE_TAG: "1", KEEP_MODEL_TAG: "false"}


def start_job(world: World, run: str, execution: str) -> str:
    """The job of the run's first candidate, which trains until it is stopped."""
    world.fault({"operation": "CreateModelCustomizationJob", "kind": "endless"})
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows())
    world.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key="train.jsonl", Body=data)
    return world.train(bedrock_name(DEPLOYMENT, run, 1), tags(run, execution))


def status(world: World, job: str) -> str:
    found = world.adapters.bedrock.find_customization_job(job)
    assert found is not None
    return found.status


def test_what_no_list_shows_yet_is_found_by_the_slot_of_its_run(world: World) -> None:
    """A run is stopped right after its purchase: the list shows the throughput long after the reconciliation."""
    run, execution = world.run()
    world.hold_slot(run, execution)
    arn = world.buy(run, execution)
    world.stop(execution)
    turn = world.reconcile()
    assert [found.arn for found in turn.deleted] == [arn]
    assert (world.live(), world.slots()) == (set(), 0)


@pytest.mark.parametrize("candidate", [1, 3])
def test_what_no_list_shows_yet_is_found_by_the_slot_of_its_candidate(world: World, candidate: int) -> None:
    """Each lease of a run that serves several has a name of its own."""
    run, execution = world.run()
    world.hold_slot(run, execution, candidate=candidate)
    arn = world.buy(run, execution, name=bedrock_name(DEPLOYMENT, run, candidate))
    world.stop(execution)
    turn = world.reconcile()
    assert [found.arn for found in turn.deleted] == [arn]
    assert (world.live(), world.slots()) == (set(), 0)


def test_what_is_gone_is_neither_deleted_nor_told_again(world: World, lambda_context: Any) -> None:
    """Every run deletes its throughput before it ends: a list that lags must not make an alarm of that."""
    run, execution = world.run()
    arn = world.buy(run, execution)
    world.clock.advance(2 * LAG)
    world.adapters.throughputs.delete(arn)
    world.clock.advance(60)
    assert world.live() == set()
    assert [one.arn for one in world.adapters.throughputs.list_all()] == [arn]
    world.stop(execution)
    turn = world.reconcile()
    assert (turn.deleted, turn.problems, turn.live, turn.attempts) == ([], [], [], 0)
    reconcile_throughput.handler({"source": "aws.events"}, lambda_context)
    assert world.messages() == []


def test_a_deletion_is_told_once_however_long_the_list_shows_it(world: World) -> None:
    """The list shows it in every turn of the same reconciliation."""
    run, execution = world.run()
    arn = world.buy(run, execution)
    world.clock.advance(2 * LAG)
    world.stop(execution)
    turn = world.reconcile()
    assert [found.arn for found in turn.deleted] == [arn]
    assert (turn.left, turn.problems) == ([], [])
    assert world.reconcile().deleted == []


def test_a_job_that_no_list_shows_yet_is_stopped_with_its_stack(world: World) -> None:
    """Nobody would come by later and see it in the list."""
    run, execution = world.run()
    job = start_job(world, run, execution)
    turn = world.reconcile(ending=True, seconds=600)
    assert (turn.jobs_stopped, status(world, job)) == ([job], "Stopped")


def test_a_job_whose_run_was_stopped_right_before_the_deletion_is_stopped_too(world: World) -> None:
    """Its execution is none of those that the deletion stops."""
    run, execution = world.run()
    job = start_job(world, run, execution)
    world.stop(execution)
    turn = world.reconcile(ending=True, seconds=600)
    assert (turn.executions_stopped, turn.jobs_stopped) == ([], [job])


def test_a_throughput_is_found_without_list_and_slot(world: World, kind: ServingKind) -> None:
    """The data stack was deleted first, and its slots with it."""
    run, execution = world.run()
    world.buy(run, execution, kind)
    world.delete_bucket()
    world.reconcile(ending=True, seconds=600)
    assert world.live() == set()


def test_a_job_that_is_listed_as_in_progress_and_has_stopped_is_not_told_again(world: World) -> None:
    run, execution = world.run()
    job = start_job(world, run, execution)
    world.clock.advance(2 * LAG)
    world.stop(execution)
    world.adapters.bedrock.stop_customization_job(job)
    turn = world.reconcile()
    assert (turn.jobs_stopped, turn.problems) == ([], [])


class TestTags:
    """Tags of a while ago, which are none at first."""

    @pytest.fixture
    def timing(self, timing: SimulationSettings) -> SimulationSettings:
        """Lists are current, tags are half a minute old."""
        return timing.model_copy(update={"list_lag_seconds": 0, "tag_lag_seconds": 30})

    def test_a_throughput_without_tags_yet_is_its_runs(self, world: World, kind: ServingKind) -> None:
        """Its name and the claim say whose it is."""
        run, execution = world.run()
        arn = world.buy(run, execution, kind)
        assert world.adapters.bedrock.tags_of(arn) == {}
        world.stop(execution)
        assert [found.arn for found in world.reconcile().deleted] == [arn]

    def test_a_job_without_tags_yet_is_waited_for(self, world: World) -> None:
        """Its tags may say that it is to go on: it is neither stopped nor left."""
        run, execution = world.run()
        job = start_job(world, run, execution)
        world.stop(execution)
        turn = world.reconcile()
        assert (turn.jobs_stopped, turn.problems) == ([job], [])
        assert sum(world.slept) >= 30

    def test_a_job_of_a_run_that_goes_on_needs_no_tags(self, world: World) -> None:
        """The reconciler comes by while a run starts its jobs: that is no problem."""
        run, execution = world.run()
        start_job(world, run, execution)
        turn = world.reconcile()
        assert (turn.jobs_stopped, turn.problems, world.slept) == ([], [], [])

    def test_with_its_stack_a_job_without_tags_yet_is_stopped_too(self, world: World) -> None:
        """Nobody comes by later: the deletion waits until the tags say whose it is."""
        run, execution = world.run()
        job = start_job(world, run, execution)
        turn = world.reconcile(ending=True, seconds=780)
        assert (turn.jobs_stopped, turn.problems, turn.left) == ([job], [], [])
