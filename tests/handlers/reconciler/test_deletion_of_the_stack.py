"""CloudFormation's request to the reconciler: what ends with the stack, and that it always gets its answer."""

from typing import Any, ClassVar

import pytest

from lambdas.adapters.aws import custom_resource
from lambdas.adapters.aws.stacks import Stacks
from lambdas.domain.core.run import CANDIDATE_TAG, KEEP_MODEL_TAG, bedrock_name, bedrock_tags
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED
from lambdas.domain.serving.lease import Terms
from lambdas.domain.serving.reconciliation import Scope
from lambdas.handlers import reconcile_throughput
from lambdas.steps import reconcile as step
from local.bedrock.clock import ManualClock
from local.bedrock.settings import SimulationSettings
from stacks.definition import lambda_states, seconds_to_serve
from tests.handlers.reconciler.conftest import DELETE, DEPLOYMENT, LLAMA, World


def candidate_tags(run: str, execution: str) -> dict[str, str]:
    """Of the first candidate's job and model."""
    return {**bedrock_tags(DEPLOYMENT, run, execution), CANDIDATE_TAG: "1", KEEP_MODEL_TAG: "false"}


class TestDeletionOfTheStack:
    """CloudFormation's request."""

    REQUEST: ClassVar = {
        "RequestType": "Delete",
        "StackId": "arn:aws:cloudformation:us-west-2:123456789012:stack/s/1",
        "RequestId": "1",
        "LogicalResourceId": "OnDeletion",
        "ResponseURL": "https://cloudformation.example/answer",
    }

    @pytest.fixture
    def timing(self, timing: SimulationSettings) -> SimulationSettings:
        """No delays."""
        return timing.model_copy(update={"throughput_deletion_seconds": 0, "deployment_deletion_seconds": 0})

    @pytest.fixture
    def answers(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
        """Status and reason that CloudFormation got; its stack is being deleted."""
        got: list[tuple[str, str]] = []
        monkeypatch.setattr(step, "START_SECONDS", 0)
        monkeypatch.setattr(Stacks, "is_being_removed", lambda *_: True)

        def take(_: object, failure: str | None) -> None:
            got.append(("SUCCESS", "") if failure is None else ("FAILED", failure))

        monkeypatch.setattr(custom_resource, "_answer", take)
        return got

    def test_running_executions_are_stopped_and_all_that_they_have_is_deleted(
        self, world: World, kind: ServingKind, answers: list[tuple[str, str]], lambda_context: Any
    ) -> None:
        """`cdk destroy` during a run leaves nothing that bills."""
        run, execution = world.run()
        world.buy(run, execution, kind)
        reconcile_throughput.handler(self.REQUEST, lambda_context)
        assert answers == [("SUCCESS", "")]
        assert world.live() == set()
        described = world.adapters.clients.step_functions.describe_execution(executionArn=execution)
        assert described["status"] == "ABORTED"

    def test_a_data_stack_that_is_gone_already_does_not_keep_the_pipeline(
        self, world: World, kind: ServingKind, answers: list[tuple[str, str]], lambda_context: Any
    ) -> None:
        """Slots, claims and choices were in its bucket; what bills is found by its tags. Nothing chosen is lost."""
        run, execution = world.run()
        world.buy(run, execution, kind)
        assert world.custom_model
        world.train(bedrock_name(DEPLOYMENT, run, 1), candidate_tags(run, execution), base_model=LLAMA)
        models = world.adapters.bedrock.list_custom_models()
        assert len(models) == 2
        world.delete_bucket()
        reconcile_throughput.handler(self.REQUEST, lambda_context)
        assert answers == [("SUCCESS", "")]
        assert world.live() == set()
        assert world.adapters.bedrock.list_custom_models() == models

    def test_a_bucket_that_is_gone_is_a_problem_while_the_stack_stays(self, world: World) -> None:
        """Nobody knows which slots are taken: an alarm has to tell."""
        world.delete_bucket()
        assert any("NoSuchBucket" in problem for problem in world.reconcile().problems)

    def test_it_waits_for_the_slot_behind_which_a_purchase_may_be_under_way(self, world: World) -> None:
        """Nobody would ever find a throughput that appears after the stack is gone."""
        run, execution = world.run()
        world.hold_slot(run, execution)
        turn = world.reconcile(ending=True, settle_seconds=3600)
        assert turn.executions_stopped == [execution]
        assert not step.is_finished(turn, Scope(Terms("", 8, 168, 0), "", "", ending=True))
        assert sum(world.slept) >= 60

    def test_without_a_run_it_waits_for_nothing(self, world: World) -> None:
        """Most stacks are deleted while nothing runs."""
        world.reconcile(ending=True)
        assert world.slept == []

    def test_one_that_stays_fails_the_deletion_with_arn_and_command(
        self,
        world: World,
        kind: ServingKind,
        answers: list[tuple[str, str]],
        lambda_context: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A stack that hangs helps nobody; one that vanishes would hide a bill."""
        monkeypatch.setattr(step, "REFUSED_SECONDS", 0)
        arn = world.buy(*world.run(), kind)
        world.fault({"operation": DELETE[kind], "kind": "access_denied"})
        reconcile_throughput.handler(self.REQUEST, lambda_context)
        [(status, reason)] = answers
        assert status == "FAILED"
        assert arn in reason
        command = {PROVISIONED: "delete-provisioned-model-throughput", ON_DEMAND: "delete-custom-model-deployment"}
        assert f"aws bedrock {command[kind]}" in reason

    def test_it_always_answers(
        self, world: World, answers: list[tuple[str, str]], lambda_context: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """CloudFormation would wait for the whole service timeout."""
        monkeypatch.setattr(step, "reconcile", lambda *_, **__: 1 / 0)
        reconcile_throughput.handler(self.REQUEST, lambda_context)
        [(status, reason)] = answers
        assert (status, "ZeroDivisionError" in reason) == ("FAILED", True)

    @pytest.mark.parametrize(("kind", "removed"), [("Create", True), ("Update", True), ("Delete", False)])
    def test_nothing_ends_while_the_stack_stays(
        self,
        world: World,
        answers: list[tuple[str, str]],
        lambda_context: Any,
        monkeypatch: pytest.MonkeyPatch,
        kind: str,
        removed: bool,
    ) -> None:
        """A deployment of a new version must not end the runs of the old one."""
        monkeypatch.setattr(Stacks, "is_being_removed", lambda *_: removed)
        arn = world.buy(*world.run())
        reconcile_throughput.handler({**self.REQUEST, "RequestType": kind}, lambda_context)
        assert answers == [("SUCCESS", "")]
        assert world.live() == {arn}


class TestJobsOfStoppedExecutions:
    """A function goes on after its execution was stopped."""

    @pytest.fixture
    def timing(self, timing: SimulationSettings) -> SimulationSettings:
        """Jobs train for hours."""
        return timing.model_copy(update={"job_queue_seconds": 36_000})

    def test_a_job_that_a_stopped_execution_starts_late_is_stopped_too(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody would find it once the stack is gone."""
        run, execution = world.run()
        started: list[str] = []

        def advance(seconds: float) -> None:
            ManualClock.advance(world.clock, seconds)
            if not started and sum(world.slept) > 60:
                started.append(world.train(bedrock_name(DEPLOYMENT, run), bedrock_tags(DEPLOYMENT, run, execution)))

        monkeypatch.setattr(world.clock, "advance", advance)
        turn = world.reconcile(ending=True, seconds=780)
        assert turn.executions_stopped == [execution]
        assert turn.jobs_stopped == started != []
        assert 120 <= sum(world.slept) < 180

    def test_the_wait_is_as_long_as_such_a_function_may_go_on(self) -> None:
        """A state that gets more time must not outlive the reconciler."""
        assert seconds_to_serve(lambda_states()["StartJobs"]) <= step.START_SECONDS
