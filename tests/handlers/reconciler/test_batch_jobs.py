"""Batch jobs of runs that are over: they ask models for nobody, and are stopped."""

from typing import Any

import pytest

from lambdas.domain.core.run import batch_name, bedrock_tags
from lambdas.domain.serving.reconciliation import describe_deleted
from local.bedrock.settings import SimulationSettings
from tests.handlers.conftest import OUTPUT_BUCKET, either_way
from tests.handlers.reconciler.conftest import DEPLOYMENT, NEIGHBOUR, ROLE, World

pytestmark = either_way


def start(world: World, name: str, tags: dict[str, str]) -> str:
    """A batch job in the queue, of anybody."""
    world.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key="asks.jsonl", Body=b"{}")
    arn: str = world.adapters.clients.bedrock.create_model_invocation_job(
        jobName=name,
        roleArn=ROLE,
        modelId="us.anthropic.claude-haiku-4-5-20251001-v1:0",
        modelInvocationType="Converse",
        inputDataConfig={"s3InputDataConfig": {"s3Uri": f"s3://{OUTPUT_BUCKET}/asks.jsonl"}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://{OUTPUT_BUCKET}/output/"}},
        tags=[{"key": key, "value": value} for key, value in tags.items()],
    )["jobArn"]
    return arn


def of_run(world: World, run: str, execution: str, deployment: str = DEPLOYMENT) -> str:
    return start(world, batch_name(deployment, run, 1), bedrock_tags(deployment, run, execution))


def status(world: World, arn: str) -> str:
    found = world.adapters.batch.find(arn)
    assert found is not None
    return found.status


def test_one_of_an_aborted_run_is_stopped_and_told(world: World) -> None:
    """Its answers are for nobody, and each is paid for."""
    run, execution = world.run()
    arn = of_run(world, run, execution)
    assert world.reconcile().jobs_stopped == []
    world.stop(execution)
    turn = world.reconcile()
    assert (turn.jobs_stopped, turn.problems, status(world, arn)) == ([arn], [], "Stopping")
    assert describe_deleted(turn) == [f"The batch job {arn} was stopped."]
    assert world.reconcile().jobs_stopped == []


def test_one_of_another_environment_or_nobody_is_left_alone(world: World) -> None:
    """Whoever made it asks for it."""
    run, execution = world.run()
    others = [of_run(world, run, execution, NEIGHBOUR), start(world, "mine", {})]
    world.stop(execution)
    assert world.reconcile().jobs_stopped == []
    assert world.reconcile(ending=True, seconds=900).jobs_stopped == []
    assert {status(world, arn) for arn in others} <= {"Submitted", "Validating"}


def test_with_its_stack_one_of_a_running_run_is_stopped(world: World) -> None:
    run, execution = world.run()
    arn = of_run(world, run, execution)
    turn = world.reconcile(ending=True)
    assert (turn.executions_stopped, turn.jobs_stopped) == ([execution], [arn])


def test_one_that_cannot_be_stopped_stops_no_other(world: World) -> None:
    first, second = world.run("first"), world.run("second")
    arns = {of_run(world, *first), of_run(world, *second)}
    world.stop(first[1])
    world.stop(second[1])
    world.fault({"operation": "StopModelInvocationJob", "kind": "access_denied", "first": 1, "last": 1})
    turn = world.reconcile(seconds=0)
    assert len(turn.jobs_stopped) == 1
    assert set(turn.jobs_stopped) < arns
    assert "StopModelInvocationJob" in turn.problems[0]


@pytest.mark.parametrize("refused", ["ListModelInvocationJobs", "ListTagsForResource"])
def test_what_cannot_be_read_now_is_told_and_found_later(world: World, refused: str) -> None:
    run, execution = world.run()
    arn = of_run(world, run, execution)
    world.stop(execution)
    world.fault({"operation": refused, "kind": "throttle"})
    assert world.reconcile().problems
    world.fault()
    assert world.reconcile().jobs_stopped == [arn]


class TestLag:
    """Lists and tags of a while ago."""

    @pytest.fixture
    def timing(self, timing: SimulationSettings, request: pytest.FixtureRequest) -> SimulationSettings:
        lag: dict[str, Any] = request.param
        return timing.model_copy(update=lag)

    @pytest.mark.parametrize("timing", [{"list_lag_seconds": 300, "batch_submission_seconds": 3600}], indirect=True)
    def test_one_that_no_list_shows_yet_is_stopped_by_a_later_turn(self, world: World) -> None:
        """A name finds no batch job by Get."""
        run, execution = world.run()
        arn = of_run(world, run, execution)
        world.stop(execution)
        assert world.reconcile().jobs_stopped == []
        world.clock.advance(301)
        assert world.reconcile().jobs_stopped == [arn]
        assert world.reconcile().problems == [], "listed as under way, and stopping"

    @pytest.mark.parametrize("timing", [{"tag_lag_seconds": 30}], indirect=True)
    def test_one_without_tags_yet_is_waited_for(self, world: World) -> None:
        run, execution = world.run()
        arn = of_run(world, run, execution)
        world.stop(execution)
        turn = world.reconcile()
        assert (turn.jobs_stopped, turn.problems) == ([arn], [])
        assert sum(world.slept) >= 30
