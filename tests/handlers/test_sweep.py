"""A sweep from its start to its deletions, against a simulated Bedrock whose clock moves only when the run waits."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

from lambdas.adapters.adapters import current, use
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import CustomizationFailed, ServiceBusy
from lambdas.domain.core.run import bedrock_tags, claim_key
from lambdas.domain.core.timestamps import now
from lambdas.domain.dataset.planned_set import PlannedSet
from lambdas.domain.dataset.tokens import TokenCounts
from lambdas.domain.evaluation.arms import plan_arms
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import Plan, PlannedSets, PlannedTestSet, ShardLists
from lambdas.domain.serving.lease import Execution, Terms
from lambdas.domain.serving.reconciliation import Scope, Turn
from lambdas.domain.training import candidate_jobs
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.candidates import Candidate
from lambdas.domain.training.customization import JobDescription
from lambdas.domain.training.polling import MOST_START_REFUSALS
from lambdas.handlers import (
    check_jobs,
    choose_model,
    discard_models,
    start_jobs,
    stop_jobs,
)
from lambdas.steps.reconcile import is_finished, reconcile
from local.bedrock.clock import ManualClock
from local.bedrock.server import serve
from local.bedrock.settings import Settings
from local.request_guard import TOKEN_HEADER
from tests.handlers.conftest import OUTPUT_BUCKET, SESSION_TOKEN
from tests.local.bedrock.conftest import InlineExecutor, rows

RUN = "sales-0123456789ab"
NAME = f"fine-tuning-{RUN}"
PREFIX = f"runs/{RUN}/"
EXECUTION = "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:one"
CREATE = "CreateModelCustomizationJob"


@dataclass
class Sweep:
    """A run with the simulated Bedrock's clock."""

    url: str
    clock: ManualClock
    context: Any
    state: dict[str, Any]

    def do(self, module: Any, into: str = "jobs") -> dict[str, Any]:
        """One state of the machine: its handler on the run's state, the result under its name."""
        result: dict[str, Any] = module.handler(self.state, self.context)
        self.state = {**self.state, into: result}
        return result

    def train(self, turns: int = 400) -> dict[str, Any]:
        """The loop of waiting, checking and starting what is pending."""
        self.do(start_jobs)
        for _ in range(turns):
            # Fewer questions than the run asks: its waits are another test's subject.
            self.clock.advance(20 * self.state["jobs"]["wait_seconds"])
            jobs = self.do(check_jobs)
            if jobs["status"] == "Completed":
                return jobs
            if jobs["may_start"]:
                self.do(start_jobs)
        raise AssertionError("the sweep does not end")

    def choose(self) -> dict[str, Any]:
        """The choice among the trained models."""
        return self.do(choose_model, "model")

    def fault(self, **rule: Any) -> None:
        """A fault of the simulated Bedrock."""
        self._post("faults", [rule])

    def heal(self) -> None:
        """No more faults."""
        self._post("faults", [])

    def _post(self, path: str, body: Any) -> None:
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_simulation/{path}", data, {TOKEN_HEADER: SESSION_TOKEN})  # noqa: S310
        urllib.request.urlopen(request).close()  # noqa: S310 - loopback

    def statuses(self) -> list[str]:
        return [one["status"] for one in self.state["jobs"]["candidates"]]

    def jobs(self) -> list[str]:
        """The names of all jobs that Bedrock knows."""
        listed = current().clients.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]
        return sorted(job["jobName"] for job in listed)

    def models(self) -> list[str]:
        """The names of all custom models that Bedrock has."""
        return sorted(model["modelName"] for model in current().clients.bedrock.list_custom_models()["modelSummaries"])


@pytest.fixture
def sweep(s3: Any, lambda_context: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sweep]:
    """A run of four candidates, data and plan ready."""
    data = "".join(json.dumps(row) + "\n" for row in rows(40))
    for name in ("train", "validation"):
        s3.put_object(Bucket=OUTPUT_BUCKET, Key=f"{PREFIX}dataset/{name}.jsonl", Body=data.encode())
    uri = f"s3://{OUTPUT_BUCKET}/{PREFIX}dataset"
    training_set = PlannedSet(uri=f"{uri}/train.jsonl", records=40)
    plan = Plan(
        output_bucket=OUTPUT_BUCKET,
        base_model="anthropic.claude-3-haiku-20240307-v1:0:200k",
        inference_model="anthropic.claude-3-haiku-20240307-v1:0",
        recommended=[],
        candidates=[
            Candidate(
                number=number,
                hyperparameters={"epochCount": str(epochs), "batchSize": "8"},
                training_set=training_set,
            )
            for number, epochs in enumerate((4, 1, 2, 8), 1)
        ],
        candidates_note="Neighbours were tried.",
        keep_models=False,
        serving="provisioned_throughput",
        model_units=1,
        max_cost_usd=None,
        needs_approval=False,
        keep_job=False,
        dataset=PlannedSets(
            train=training_set,
            validation=PlannedSet(uri=f"{uri}/validation.jsonl", records=40),
            test=PlannedTestSet(uri=f"{uri}/test.jsonl", records=40),
        ),
        evaluation=EvaluationSettings(),
        arms=plan_arms({}, 0),
        settings_findings=[],
        tokens=TokenCounts(train=9000, validation=0, test_prompts=600, test_references=30, examples=0),
        shards=ShardLists(baselines="baselines", tuned="tuned", judges="judges"),
        tags={**bedrock_tags("fine-tuning", RUN, EXECUTION), "keep-job": "false"},
    ).dump()
    run = {
        "id": RUN,
        "claimed": True,
        "owner": EXECUTION,
        "execution_arn": EXECUTION,
        "source": {"bucket": "input-bucket", "key": "input/sales.jsonl", "version_id": "v1"},
        "output_bucket": OUTPUT_BUCKET,
        "prefix": PREFIX,
        "claimed_at": "2026-01-21T21:00:00.000Z",
    }
    clock = ManualClock()
    settings = Settings(region="us-west-2", account_id=DEFAULT_ACCOUNT_ID)
    with serve(settings, s3, token=SESSION_TOKEN, clock=clock, executor=InlineExecutor()) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", url)
        use(None)
        # The client's own retries would sleep.
        current().clients.bedrock.meta.events.unregister("needs-retry.bedrock", unique_id="retry-config-bedrock")
        yield Sweep(url, clock, lambda_context, {"run": run, "plan": plan})


def test_all_jobs_run_and_the_lowest_validation_loss_is_chosen(sweep: Sweep) -> None:
    """Everything after it asks for the model alone, however many there were."""
    job = sweep.train()
    losses = {one["number"]: one["validation_loss"] for one in job["candidates"]}
    assert all(loss is not None for loss in losses.values())
    chosen = sweep.choose()
    best = min(losses, key=lambda number: (losses[number], number))
    assert (chosen["number"], chosen["name"]) == (best, f"{NAME}-c{best}")
    assert chosen["model_arn"] == job["candidates"][best - 1]["model_arn"]
    assert chosen["hyperparameters"] == sweep.state["plan"]["candidates"][best - 1]["hyperparameters"]
    stored = json.loads(current().clients.s3.get_object(Bucket=OUTPUT_BUCKET, Key=f"{PREFIX}sweep.json")["Body"].read())
    assert (stored["chosen"], stored["model_arn"]) == (best, chosen["model_arn"])


def test_each_job_has_its_own_name_tags_and_output(sweep: Sweep) -> None:
    """Clean-up finds them by tags, and the report must not read another job's losses."""
    job = sweep.train()
    assert sweep.jobs() == [f"{NAME}-c{number}" for number in (1, 2, 3, 4)]
    for one in job["candidates"]:
        listed = current().clients.bedrock.list_tags_for_resource(resourceARN=one["arn"])["tags"]
        tags = {tag["key"]: tag["value"] for tag in listed}
        assert (tags["run-id"], tags["sweep-candidate"], tags["keep-model"]) == (RUN, str(one["number"]), "false")
        described = current().clients.bedrock.get_model_customization_job(jobIdentifier=one["arn"])
        assert described["outputDataConfig"]["s3Uri"].endswith(f"{PREFIX}customization/c{one['number']}/")


def test_jobs_beyond_the_quota_are_started_when_others_have_ended(sweep: Sweep) -> None:
    """A quota of two must not end a sweep of four, nor keep it from any of them."""
    sweep.fault(operation=CREATE, kind="quota", match=f"{NAME}-c3", last=1)
    job = sweep.do(start_jobs)
    assert sweep.statuses() == ["InProgress", "InProgress", "Pending", "Pending"]
    assert "Service Quotas" in job["candidates"][2]["failure"]
    sweep.clock.advance(60)
    # Nothing has ended: to ask again would be in vain, and cost events of the execution's history.
    assert not sweep.do(check_jobs)["may_start"]
    sweep.clock.advance(5 * 3600)
    assert sweep.do(check_jobs)["may_start"]
    sweep.do(start_jobs)
    assert sweep.statuses() == ["Completed", "Completed", "InProgress", "InProgress"]
    sweep.clock.advance(5 * 3600)
    assert sweep.do(check_jobs)["status"] == "Completed"


def test_a_quota_that_others_fill_is_waited_for_and_given_up_in_the_end(sweep: Sweep) -> None:
    """Another run's jobs end sometime; what this run has trained must not wait for ever."""
    sweep.fault(operation=CREATE, kind="quota", match=f"{NAME}-c4")
    job = sweep.train()
    assert sweep.statuses() == ["Completed"] * 3 + ["Failed"]
    assert job["start_refusals"] == MOST_START_REFUSALS
    assert "ServiceQuotaExceeded" in job["candidates"][3]["failure"]


def test_one_that_fails_does_not_end_the_run(sweep: Sweep) -> None:
    """Three trained models are worth having; the report tells of the fourth."""
    sweep.fault(operation=CREATE, kind="validation", match=f"{NAME}-c2")
    sweep.train()
    assert sweep.statuses() == ["Completed", "Failed", "Completed", "Completed"]
    chosen = sweep.choose()
    assert chosen["number"] != 2
    assert "3 of 4 jobs" in chosen["reason"]


def test_if_all_fail_the_error_has_each_ones_reason(sweep: Sweep) -> None:
    """One reason of four would send a person looking for the others."""
    current().clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=f"{PREFIX}dataset/train.jsonl", Body=b"{}\n")
    with pytest.raises(CustomizationFailed) as failure:
        sweep.train()
    assert all(f"{NAME}-c{number} ended as Failed" in str(failure.value) for number in (1, 2, 3, 4))


def test_a_stopped_one_is_no_candidate(sweep: Sweep) -> None:
    """A person may stop one job in the console without losing the others."""
    sweep.do(start_jobs)
    current().clients.bedrock.stop_model_customization_job(jobIdentifier=f"{NAME}-c1")
    sweep.clock.advance(5 * 3600)
    sweep.do(check_jobs)
    assert sweep.statuses() == ["Stopped", "Completed", "Completed", "Completed"]
    assert sweep.choose()["number"] != 1


def test_a_quota_of_nothing_ends_the_run_at_once(sweep: Sweep) -> None:
    """None of the run's own jobs will ever make room."""
    sweep.fault(operation=CREATE, kind="quota")
    with pytest.raises(CustomizationFailed, match="Service Quotas"):
        sweep.do(start_jobs)


@pytest.mark.parametrize("kind", ["drop_after", "error_after"])
def test_a_start_whose_answer_was_lost_is_not_repeated_but_found(sweep: Sweep, kind: str) -> None:
    """The state machine tries again: a second job of the same candidate would be paid for twice."""
    sweep.fault(operation=CREATE, kind=kind, match=f"{NAME}-c2", last=1)
    with pytest.raises(ServiceBusy):
        sweep.do(start_jobs)
    sweep.train()
    assert sweep.jobs() == [f"{NAME}-c{number}" for number in (1, 2, 3, 4)]
    assert sweep.statuses() == ["Completed"] * 4


def test_of_equal_losses_the_smaller_number_is_chosen(sweep: Sweep) -> None:
    """The recommended values win where nothing speaks for others."""
    job = sweep.train()
    for one in job["candidates"]:
        one["validation_loss"] = 0.5
    chosen = sweep.choose()
    assert chosen["number"] == 1
    assert "the smaller number counts" in chosen["reason"]


def without_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Bedrock that gives no losses with its jobs."""
    find = current().bedrock.find_customization_job

    def found(identifier: str) -> JobDescription | None:
        job = find(identifier)
        return job and replace(job, training_loss=None, validation_loss=None)

    monkeypatch.setattr(current().bedrock, "find_customization_job", found)


def test_a_loss_that_bedrock_does_not_give_is_read_from_the_jobs_own_file(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that has none in its file either cannot be chosen, whatever the others have."""
    told = {one["number"]: one["validation_loss"] for one in sweep.train()["candidates"]}
    without_losses(monkeypatch)
    folder = f"{PREFIX}customization/c1/"
    for stored in current().clients.s3.list_objects_v2(Bucket=OUTPUT_BUCKET, Prefix=folder)["Contents"]:
        current().clients.s3.delete_object(Bucket=OUTPUT_BUCKET, Key=stored["Key"])
    # The jobs are asked for once more, as if they had only just ended.
    for one in sweep.state["jobs"]["candidates"]:
        one["status"] = "InProgress"
    candidates = sweep.do(check_jobs)["candidates"]
    assert candidates[0]["validation_loss"] is None
    assert sweep.choose()["number"] != 1
    for one in candidates[1:]:
        assert one["validation_loss"] == pytest.approx(told[one["number"]], rel=0.5)


def test_without_any_loss_nothing_is_chosen(sweep: Sweep) -> None:
    """A choice without evidence would look like one with it."""
    job = sweep.train()
    for one in job["candidates"]:
        one["validation_loss"] = None
    with pytest.raises(CustomizationFailed, match="no validation loss"):
        sweep.choose()


def test_the_models_that_were_not_chosen_are_deleted(sweep: Sweep) -> None:
    """They cost storage each month, and nobody asked for them."""
    sweep.train()
    chosen = sweep.choose()["name"]
    job = sweep.do(discard_models)
    assert sweep.models() == [chosen]
    assert sorted(one["model"] for one in job["candidates"]) == ["deleted"] * 3 + ["kept"]
    # The lane may come by twice.
    assert sweep.do(discard_models) == job


def test_keep_models_keeps_them(sweep: Sweep) -> None:
    """Somebody may want to look at them."""
    sweep.state["plan"]["keep_models"] = True
    sweep.train()
    sweep.choose()
    sweep.do(discard_models)
    assert len(sweep.models()) == 4


@pytest.mark.parametrize(("keep_job", "left"), [(False, 0), (True, 4)])
def test_a_run_that_failed_before_the_choice_leaves_no_model(sweep: Sweep, keep_job: bool, left: int) -> None:
    """Nobody knows which one would have been served; `keep_job` says that the training is worth more."""
    sweep.state["plan"]["keep_job"] = keep_job
    sweep.train()
    del sweep.state["jobs"]
    sweep.do(discard_models)
    assert len(sweep.models()) == left


def test_a_choice_whose_answer_was_lost_counts(sweep: Sweep) -> None:
    """What is stored may have been acted upon: the chosen model stays although the state does not know it."""
    sweep.train()
    chosen = sweep.choose()["name"]
    del sweep.state["model"]
    sweep.do(discard_models)
    assert sweep.models() == [chosen]


def test_a_model_of_the_same_name_without_the_proof_stays(sweep: Sweep) -> None:
    """Somebody's own model may have the name: only the tags say whose it is."""
    sweep.train()
    chosen = sweep.choose()["number"]
    loser = next(one for one in sweep.state["jobs"]["candidates"] if one["number"] != chosen)
    current().clients.bedrock.untag_resource(resourceARN=loser["model_arn"], tagKeys=["sweep-candidate"])
    job = sweep.do(discard_models)
    assert len(sweep.models()) == 2
    assert job["candidates"][loser["number"] - 1]["model"] == "left"


def test_a_refused_deletion_leaves_one_model_and_deletes_the_others(sweep: Sweep) -> None:
    """One that is stuck must not keep the rest; the reconciler comes again."""
    sweep.train()
    chosen = sweep.choose()["number"]
    stuck = next(number for number in (1, 2, 3, 4) if number != chosen)
    model_id = sweep.state["jobs"]["candidates"][stuck - 1]["model_arn"].rpartition("/")[2]
    sweep.fault(operation="DeleteCustomModel", kind="access_denied", match=model_id)
    job = sweep.do(discard_models)
    assert job["candidates"][stuck - 1]["model"] == "left"
    assert len(sweep.models()) == 2


def test_the_clean_up_lane_stops_every_job(sweep: Sweep) -> None:
    """Each trains at the account's cost, also one whose start was never recorded."""
    sweep.do(start_jobs)
    del sweep.state["jobs"]
    stopped = sweep.do(stop_jobs)
    assert {(one["status"], one["model_arn"]) for one in stopped["candidates"]} == {("Stopping", None)}
    listed = current().clients.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]
    assert {job["status"] for job in listed} == {"Stopping"}


def test_one_job_that_cannot_be_stopped_does_not_save_the_others(sweep: Sweep) -> None:
    """The first refusal would otherwise let three jobs train on."""
    job = sweep.do(start_jobs)
    stuck = job["candidates"][0]["arn"].rpartition("/")[2]
    sweep.fault(operation="StopModelCustomizationJob", kind="access_denied", match=stuck)
    with pytest.raises(Refused):
        sweep.do(stop_jobs)
    listed = current().clients.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]
    assert sorted(job["status"] for job in listed) == ["InProgress"] + ["Stopping"] * 3


class TestReconciliation:
    """What is left of a sweep whose run could not clean up behind itself."""

    @pytest.fixture(autouse=True)
    def ended(self, sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
        """The run has its claim, and its execution was stopped."""
        self.status, self.sweep = "ABORTED", sweep
        claim = {"run_id": RUN, "execution_arn": EXECUTION, "claimed_at": now()}
        current().clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=claim_key(RUN), Body=json.dumps(claim).encode())
        monkeypatch.setattr(current().executions, "find", lambda arn: Execution(arn, self.status, now()))

    def reconcile(self) -> Turn:
        terms = Terms("fine-tuning", longest_lease_hours=8, longest_run_hours=168, settle_seconds=0)
        scope = Scope(terms, OUTPUT_BUCKET, "arn:aws:states:us-west-2:123456789012:stateMachine:none")
        return reconcile(scope, lambda: 0, adapters=current())

    def test_the_models_that_were_not_chosen_go_and_the_chosen_one_stays(self) -> None:
        """The stored choice tells which is which."""
        self.sweep.train()
        chosen = self.sweep.choose()["name"]
        assert len(self.reconcile().models_deleted) == 3
        assert self.sweep.models() == [chosen]
        assert self.reconcile().models_deleted == []

    def test_without_a_choice_all_models_of_a_failed_run_go(self) -> None:
        """Nobody will ever serve them."""
        self.sweep.train()
        assert len(self.reconcile().models_deleted) == 4
        assert self.sweep.models() == []

    @pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
    def test_without_a_choice_those_of_any_other_run_stay(self, status: str) -> None:
        """One that runs may still choose, and one that succeeded has chosen, whatever became of its file."""
        self.sweep.train()
        self.status = status
        assert self.reconcile().models_deleted == []

    def test_without_the_runs_claim_nothing_is_known_and_nothing_deleted(self) -> None:
        """A bucket that was cleared must not cost the model that was kept on purpose."""
        self.sweep.train()
        current().clients.s3.delete_object(Bucket=OUTPUT_BUCKET, Key=claim_key(RUN))
        assert self.reconcile().models_deleted == []

    def test_a_choice_that_cannot_be_read_decides_nothing(self) -> None:
        """The chosen one could be among those that go."""
        self.sweep.train()
        current().clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=f"{PREFIX}sweep.json", Body=b"{}")
        turn = self.reconcile()
        assert turn.models_deleted == []
        assert len(turn.problems) == 4

    @pytest.mark.parametrize("setting", ["keep_models", "keep_job"])
    def test_what_the_settings_keep_stays(self, setting: str) -> None:
        """The tags on the model say it, since the run's plan is gone."""
        plan = self.sweep.state["plan"]
        plan["keep_models"] = setting == "keep_models"
        plan["tags"]["keep-job"] = "true" if setting == "keep_job" else "false"
        self.sweep.train()
        assert self.reconcile().models_deleted == []

    def test_a_model_without_the_proof_in_its_tags_is_foreign(self) -> None:
        """Its name alone may be anybody's."""
        job = self.sweep.train()
        for one in job["candidates"]:
            current().clients.bedrock.untag_resource(resourceARN=one["model_arn"], tagKeys=["run-id"])
        assert self.reconcile().models_deleted == []

    def test_tags_that_cannot_be_read_leave_it_to_the_next_turn(self) -> None:
        """They may say that the model is to be kept."""
        self.sweep.train()
        self.sweep.fault(operation="ListTagsForResource", kind="access_denied")
        turn = self.reconcile()
        assert (turn.models_deleted, bool(turn.problems)) == ([], True)
        self.sweep.heal()
        assert len(self.reconcile().models_deleted) == 4

    def test_a_job_is_stopped_and_a_model_that_appears_all_the_same_goes_later(self) -> None:
        """A job that was about to end when its run was stopped makes its model afterwards."""
        self.sweep.do(start_jobs)
        self.sweep.fault(operation="StopModelCustomizationJob", kind="conflict", last=1)
        turn = self.reconcile()
        assert (len(turn.jobs_stopped), turn.models_deleted) == (3, [])
        self.sweep.clock.advance(5 * 3600)
        assert len(self.sweep.models()) == 1
        assert len(self.reconcile().models_deleted) == 1
        assert self.sweep.models() == []


def test_at_the_stacks_deletion_a_losing_model_that_cannot_go_yet_is_waited_for(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody comes by later: the deletion must not succeed while the model is still in the way."""
    claim = {"run_id": RUN, "execution_arn": EXECUTION, "claimed_at": now()}
    current().clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=claim_key(RUN), Body=json.dumps(claim).encode())
    monkeypatch.setattr(current().executions, "find", lambda arn: Execution(arn, "ABORTED", now()))
    monkeypatch.setattr(current().executions, "running", lambda _machine: iter(()))
    sweep.train()
    chosen = sweep.choose()["name"]
    sweep.fault(operation="DeleteCustomModel", kind="conflict", last=5)
    terms = Terms("fine-tuning", longest_lease_hours=8, longest_run_hours=168, settle_seconds=0)
    scope = Scope(terms, OUTPUT_BUCKET, "arn:aws:states:us-west-2:123456789012:stateMachine:none", ending=True)
    given_up = reconcile(scope, lambda: 0, adapters=current())
    assert not is_finished(given_up, scope)
    assert "Try later" in given_up.problems[0]
    turn = reconcile(scope, lambda: 60, adapters=current(), sleep=sweep.clock.advance)
    assert is_finished(turn, scope)
    assert sweep.models() == [chosen]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_the_loss_of_a_training_that_diverged_is_none(sweep: Sweep, loss: float) -> None:
    """NaN compares as smaller or larger than nothing, so that a minimum would take any; and JSON has no NaN."""
    described = JobDescription("n", "a", "Completed", "m", "", "", True, training_loss=loss, validation_loss=loss)
    first = Candidate.parse(sweep.state["plan"]["candidates"][0])
    candidate = candidate_jobs.described(candidate_jobs.pending(first, "n"), described)
    assert (candidate.training_loss, candidate.validation_loss) == (None, None)


def test_a_single_model_needs_no_loss_to_be_chosen(sweep: Sweep) -> None:
    """There is nothing to compare it with: to throw it away would waste what its training has cost."""
    job = sweep.train()
    for one in job["candidates"]:
        one["validation_loss"] = None
        one["status"] = "Completed" if one["number"] == 3 else "Failed"
    chosen = sweep.choose()
    assert chosen["number"] == 3
    assert "only job 3 made a model" in chosen["reason"]


def test_the_longest_failures_of_the_largest_sweep_fit_into_a_cause(sweep: Sweep) -> None:
    """Step Functions cuts a cause at 32,768 characters, which would break its JSON, and ends a run above 256 KB."""
    longest = JobDescription("n" * 63, "a" * 150, "Failed", None, "", "", False, failure_message='"\\' * 1024)
    candidates = [
        candidate_jobs.described(candidate_jobs.pending(Candidate.parse(one), "n" * 63), longest)
        for one in [sweep.state["plan"]["candidates"][0]] * 12
    ]
    before = Jobs(status="InProgress", candidates=candidates)
    with pytest.raises(CustomizationFailed) as failure:
        candidate_jobs.started(before, candidates)
    assert len(json.dumps(str(failure.value))) < 28_000
    assert len(json.dumps(before.dump())) < 32_000


class TestOneCandidate:
    """The same states with a list of one: nothing is compared, and nothing that was trained is deleted."""

    @pytest.fixture(autouse=True)
    def only(self, sweep: Sweep) -> None:
        """The first candidate alone, as a run without sweep in run.json has it."""
        sweep.state["plan"] |= {"candidates": sweep.state["plan"]["candidates"][:1]}
        self.sweep = sweep

    def test_it_is_chosen_without_a_loss_and_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a validation set Bedrock has none to give."""
        without_losses(monkeypatch)
        self.sweep.train()
        for stored in current().clients.s3.list_objects_v2(Bucket=OUTPUT_BUCKET, Prefix=PREFIX)["Contents"]:
            if "customization/" in stored["Key"]:
                current().clients.s3.delete_object(Bucket=OUTPUT_BUCKET, Key=stored["Key"])
        chosen = self.sweep.choose()
        assert (chosen["number"], chosen["name"], chosen["reason"]) == (1, f"{NAME}-c1", "It is the only candidate.")
        assert [one["model"] for one in self.sweep.do(discard_models)["candidates"]] == ["kept"]
        assert self.sweep.models() == [f"{NAME}-c1"]

    def test_its_model_outlives_a_run_that_failed_before_the_choice(self) -> None:
        """The baselines may fail while it trains; the training is paid for, and the model is what there is of it."""
        self.sweep.train()
        del self.sweep.state["jobs"]
        assert self.sweep.do(stop_jobs)["candidates"][0]["status"] == "Completed"
        assert self.sweep.do(discard_models)["candidates"][0]["model"] == "kept"
        assert self.sweep.models() == [f"{NAME}-c1"]

    @pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
    def test_the_reconciler_leaves_its_model(self, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """However the run was cut off: its tags say that the model stays."""
        self.sweep.train()
        claim = {"run_id": RUN, "execution_arn": EXECUTION, "claimed_at": now()}
        current().clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=claim_key(RUN), Body=json.dumps(claim).encode())
        monkeypatch.setattr(current().executions, "find", lambda arn: Execution(arn, status, now()))
        terms = Terms("fine-tuning", longest_lease_hours=8, longest_run_hours=168, settle_seconds=0)
        scope = Scope(terms, OUTPUT_BUCKET, "arn:aws:states:us-west-2:123456789012:stateMachine:none")
        assert reconcile(scope, lambda: 0, adapters=current()).models_deleted == []
        assert self.sweep.models() == [f"{NAME}-c1"]
