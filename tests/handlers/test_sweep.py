"""A sweep from its start to its deletions, against a simulated Bedrock whose clock moves only when the run waits."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import CustomizationFailed, CustomizationStalled
from lambdas.domain.core.run import Run, bedrock_tags, claim_key
from lambdas.domain.core.timestamps import now
from lambdas.domain.dataset.planned_set import PlannedSet, TrainingSet
from lambdas.domain.dataset.tokens import TokenCounts
from lambdas.domain.evaluation.arms import plan_arms
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import Plan, PlannedSets, PlannedTestSet, ShardLists
from lambdas.domain.serving.lease import Execution, Terms
from lambdas.domain.serving.reconciliation import Scope, Turn
from lambdas.domain.training import candidate_jobs
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs
from lambdas.domain.training.candidates import Candidate
from lambdas.domain.training.choice import TunedModel
from lambdas.domain.training.customization import JobDescription
from lambdas.domain.training.losses import NO_LOSSES
from lambdas.domain.training.polling import MOST_START_REFUSALS
from lambdas.domain.training.stall import StallBounds
from lambdas.steps.check_jobs import check_jobs
from lambdas.steps.choose_model import choose_model
from lambdas.steps.discard_models import discard_models
from lambdas.steps.reconcile import is_finished, reconcile
from lambdas.steps.start_jobs import JobSettings, start_jobs
from lambdas.steps.stop_jobs import stop_jobs
from local.bedrock.clock import ManualClock
from local.bedrock.server import serve
from local.bedrock.settings import SimulationSettings, UndocumentedRefusals
from local.request_guard import TOKEN_HEADER
from tests.handlers.conftest import OUTPUT_BUCKET, SESSION_TOKEN, either_way
from tests.local.bedrock.conftest import InlineExecutor, rows

RUN = "sales-0123456789ab"
NAME = f"fine-tuning-{RUN}"
PREFIX = f"runs/{RUN}/"
EXECUTION = "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:one"
CREATE = "CreateModelCustomizationJob"


@dataclass
class Sweep:
    """A run with the simulated Bedrock's clock; its facts are those of the machine's state."""

    url: str
    clock: ManualClock
    adapters: Adapters
    run: Run
    plan: Plan
    jobs: Jobs | None = None

    @property
    def candidates(self) -> list[CandidateJob]:
        """The jobs as the last state left them."""
        assert self.jobs is not None
        return self.jobs.candidates

    def start(self) -> Jobs:
        """StartJobs."""
        settings = JobSettings("fine-tuning", "arn:aws:iam::123456789012:role/customization", None)
        self.jobs = start_jobs(self.run, self.plan, self.jobs, adapters=self.adapters, settings=settings)
        return self.jobs

    def check(self) -> Jobs:
        """CheckJobs."""
        assert self.jobs is not None
        self.jobs = check_jobs(
            self.run, self.jobs, adapters=self.adapters, topic_arn="arn:topic", bounds=StallBounds(6 * 3600, 48 * 3600)
        )
        return self.jobs

    def train(self, turns: int = 400) -> Jobs:
        """The loop of waiting, checking and starting what is pending."""
        jobs = self.start()
        for _ in range(turns):
            # Fewer questions than the run asks: its waits are another test's subject.
            self.clock.advance(20 * jobs.wait_seconds)
            jobs = self.check()
            if jobs.status == "Completed":
                return jobs
            if jobs.may_start:
                jobs = self.start()
        raise AssertionError("the sweep does not end")

    def choose(self) -> TunedModel:
        """ChooseModel."""
        assert self.jobs is not None
        return choose_model(self.run, self.plan, self.jobs, adapters=self.adapters)

    def stop(self) -> Jobs:
        """StopJobs."""
        self.jobs = stop_jobs(self.run, self.plan, self.jobs, adapters=self.adapters, environment="fine-tuning")
        return self.jobs

    def discard(self) -> Jobs:
        """DiscardModels."""
        self.jobs = discard_models(self.run, self.plan, self.jobs, adapters=self.adapters, environment="fine-tuning")
        return self.jobs

    def change(self, **facts: object) -> None:
        """Gives facts to every candidate, as if Bedrock had told them."""
        assert self.jobs is not None
        changed = [one.model_copy(update=facts) for one in self.candidates]
        self.jobs = self.jobs.model_copy(update={"candidates": changed})

    def forget(self) -> None:
        """What the state does not know after the Parallel has failed."""
        self.jobs = None

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
        return [one.status for one in self.candidates]

    def job_names(self) -> list[str]:
        """The names of all jobs that Bedrock knows."""
        listed = self.adapters.clients.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]
        return sorted(job["jobName"] for job in listed)

    def model_names(self) -> list[str]:
        """The names of all custom models that Bedrock has."""
        listed = self.adapters.clients.bedrock.list_custom_models()["modelSummaries"]
        return sorted(model["modelName"] for model in listed)

    def put(self, key: str, document: object) -> None:
        """Stores a JSON document in the output bucket."""
        self.adapters.objects.write(OUTPUT_BUCKET, key, json.dumps(document).encode())


@pytest.fixture
def job_stall_seconds() -> float:
    """How long each job stands still."""
    return 0


@pytest.fixture
def sweep(
    s3: Any, monkeypatch: pytest.MonkeyPatch, refusals: UndocumentedRefusals, job_stall_seconds: float
) -> Iterator[Sweep]:
    """A run of four candidates, data and plan ready."""
    data = "".join(json.dumps(row) + "\n" for row in rows(40))
    for name in ("train", "validation"):
        s3.put_object(Bucket=OUTPUT_BUCKET, Key=f"{PREFIX}dataset/{name}.jsonl", Body=data.encode())
    uri = f"s3://{OUTPUT_BUCKET}/{PREFIX}dataset"
    training_set = TrainingSet(uri=f"{uri}/train.jsonl", records=40, tokens=9000)
    plan = Plan(
        output_bucket=OUTPUT_BUCKET,
        base_model="anthropic.claude-3-haiku-20240307-v1:0:200k",
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
        tokens=TokenCounts(test_prompts=600, test_references=30, examples=0),
        shards=ShardLists(baselines="baselines", tuned="tuned", judges="judges"),
        tags={**bedrock_tags("fine-tuning", RUN, EXECUTION), "keep-job": "false"},
    )
    run = {
        "id": RUN,
        "execution_arn": EXECUTION,
        "source": {"bucket": "input-bucket", "key": "input/sales.jsonl", "version_id": "v1"},
        "output_bucket": OUTPUT_BUCKET,
        "prefix": PREFIX,
        "claimed_at": "2026-01-21T21:00:00.000Z",
    }
    clock = ManualClock()
    settings = SimulationSettings(
        region="us-west-2",
        account_id=DEFAULT_ACCOUNT_ID,
        job_stall_seconds=job_stall_seconds,
        undocumented_refusals=refusals,
    )
    with serve(settings, s3, token=SESSION_TOKEN, clock=clock, executor=InlineExecutor()) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", url)
        adapters = Adapters(Clients(boto3.Session()))
        # The client's own retries would sleep.
        adapters.clients.bedrock.meta.events.unregister("needs-retry.bedrock", unique_id="retry-config-bedrock")
        yield Sweep(url, clock, adapters, Run.parse(run), plan)


def test_all_jobs_run_and_the_lowest_validation_loss_is_chosen(sweep: Sweep) -> None:
    """Everything after it asks for the model alone, however many there were."""
    job = sweep.train()
    losses = {one.number: one.validation_loss for one in job.candidates}
    assert all(loss is not None for loss in losses.values())
    chosen = sweep.choose()
    best = min(losses, key=lambda number: (losses[number], number))
    assert (chosen.number, chosen.name) == (best, f"{NAME}-c{best}")
    assert chosen.model_arn == job.candidates[best - 1].model_arn
    assert chosen.hyperparameters == sweep.plan.candidates[best - 1].hyperparameters
    stored = json.loads(sweep.adapters.objects.read(OUTPUT_BUCKET, f"{PREFIX}sweep.json") or b"")
    assert (stored["chosen"], stored["model_arn"]) == (best, chosen.model_arn)


def test_each_job_has_its_own_name_tags_and_output(sweep: Sweep) -> None:
    """Clean-up finds them by tags, and the report must not read another job's losses."""
    job = sweep.train()
    assert sweep.job_names() == [f"{NAME}-c{number}" for number in (1, 2, 3, 4)]
    for one in job.candidates:
        listed = sweep.adapters.clients.bedrock.list_tags_for_resource(resourceARN=str(one.arn))["tags"]
        tags = {tag["key"]: tag["value"] for tag in listed}
        assert (tags["run-id"], tags["sweep-candidate"], tags["keep-model"]) == (RUN, str(one.number), "false")
        described = sweep.adapters.clients.bedrock.get_model_customization_job(jobIdentifier=str(one.arn))
        assert described["outputDataConfig"]["s3Uri"].endswith(f"{PREFIX}customization/c{one.number}/")


def test_jobs_beyond_the_quota_are_started_when_others_have_ended(sweep: Sweep) -> None:
    """A quota of two must not end a sweep of four, nor keep it from any of them."""
    sweep.fault(operation=CREATE, kind="quota", match=f"{NAME}-c3", last=1)
    job = sweep.start()
    assert sweep.statuses() == ["InProgress", "InProgress", "Pending", "Pending"]
    assert "Service Quotas" in str(job.candidates[2].failure)
    sweep.clock.advance(60)
    # Nothing has ended: to ask again would be in vain, and cost events of the execution's history.
    assert not sweep.check().may_start
    sweep.clock.advance(5 * 3600)
    assert sweep.check().may_start
    sweep.start()
    assert sweep.statuses() == ["Completed", "Completed", "InProgress", "InProgress"]
    sweep.clock.advance(5 * 3600)
    assert sweep.check().status == "Completed"


def test_a_quota_that_others_fill_is_waited_for_and_given_up_in_the_end(sweep: Sweep) -> None:
    """Another run's jobs end sometime; what this run has trained must not wait for ever."""
    sweep.fault(operation=CREATE, kind="quota", match=f"{NAME}-c4")
    job = sweep.train()
    assert sweep.statuses() == ["Completed"] * 3 + ["Failed"]
    assert job.start_refusals == MOST_START_REFUSALS
    assert "ServiceQuotaExceeded" in str(job.candidates[3].failure)


def test_one_that_fails_does_not_end_the_run(sweep: Sweep) -> None:
    """Three trained models are worth having; the report tells of the fourth."""
    sweep.fault(operation=CREATE, kind="validation", match=f"{NAME}-c2")
    sweep.train()
    assert sweep.statuses() == ["Completed", "Failed", "Completed", "Completed"]
    chosen = sweep.choose()
    assert chosen.number != 2
    assert "3 of 4 jobs" in chosen.reason


def test_if_all_fail_the_error_has_each_ones_reason(sweep: Sweep) -> None:
    """One reason of four would send a person looking for the others."""
    sweep.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=f"{PREFIX}dataset/train.jsonl", Body=b"{}\n")
    with pytest.raises(CustomizationFailed) as failure:
        sweep.train()
    assert all(f"{NAME}-c{number} ended as Failed" in str(failure.value) for number in (1, 2, 3, 4))


def test_one_that_never_begins_to_train_is_stopped_and_the_others_are_chosen_from(sweep: Sweep) -> None:
    """It would keep the run for a week, and the trained models with it."""
    sweep.fault(operation=CREATE, kind="stalled", match=f"{NAME}-c2")
    sweep.train(turns=600)
    assert sweep.statuses() == ["Completed", "Failed", "Completed", "Completed"]
    stalled = sweep.candidates[1]
    assert (stalled.stall, stalled.phase) == ("ended", "data processing")
    assert 48 * 3600 <= stalled.idle_seconds < 49 * 3600
    assert sweep.adapters.bedrock.find_customization_job(stalled.name).status in ("Stopping", "Stopped")  # type: ignore[union-attr]


def test_one_that_fails_internally_does_not_end_the_run(sweep: Sweep) -> None:
    """Nothing is wrong with the data, which the other jobs have, too."""
    sweep.fault(operation=CREATE, kind="broken", match=f"{NAME}-c2")
    sweep.train()
    assert sweep.statuses() == ["Completed", "Failed", "Completed", "Completed"]
    assert "unexpected error" in str(sweep.candidates[1].failure)
    assert sweep.choose().number != 2


def test_if_all_fail_internally_the_error_has_bedrocks_words(sweep: Sweep) -> None:
    """They are all that a person has for AWS Support."""
    sweep.fault(operation=CREATE, kind="broken")
    with pytest.raises(CustomizationFailed, match=r"ended as Failed.*unexpected error when processing the request"):
        sweep.train()


class TestStallsOfDays:
    """An account whose jobs stand still for eight days of the clock, which the run asks for 20 times as fast."""

    @pytest.fixture
    def job_stall_seconds(self) -> float:
        return 200 * 3600

    def test_jobs_that_train_after_a_stall_are_chosen_from(self, sweep: Sweep) -> None:
        """Ten hours are no reason to give a job up that has its place in the queue."""
        sweep.train()
        assert sweep.statuses() == ["Completed"] * 4
        assert not any(one.stall == "ended" for one in sweep.candidates)


def test_if_all_stall_the_run_ends_with_an_error_of_that_name(sweep: Sweep) -> None:
    """Nothing is wrong with the data: the remedy is another one than for a job that failed."""
    sweep.fault(operation=CREATE, kind="stalled")
    with pytest.raises(CustomizationStalled, match="has not started to train within 48 hours"):
        sweep.train(turns=600)


@either_way
def test_a_stopped_one_is_no_candidate(sweep: Sweep) -> None:
    """A person may stop one job in the console without losing the others."""
    sweep.start()
    sweep.adapters.clients.bedrock.stop_model_customization_job(jobIdentifier=f"{NAME}-c1")
    sweep.clock.advance(5 * 3600)
    sweep.check()
    assert sweep.statuses() == ["Stopped", "Completed", "Completed", "Completed"]
    assert sweep.choose().number != 1


def test_a_quota_of_nothing_ends_the_run_at_once(sweep: Sweep) -> None:
    """None of the run's own jobs will ever make room."""
    sweep.fault(operation=CREATE, kind="quota")
    with pytest.raises(CustomizationFailed, match="Service Quotas"):
        sweep.start()


@pytest.mark.parametrize("kind", ["drop_after", "error_after"])
def test_a_start_whose_answer_was_lost_is_not_repeated_but_found(sweep: Sweep, kind: str) -> None:
    """The state machine tries again: a second job of the same candidate would be paid for twice."""
    sweep.fault(operation=CREATE, kind=kind, match=f"{NAME}-c2", last=1)
    sweep.train()
    assert sweep.job_names() == [f"{NAME}-c{number}" for number in (1, 2, 3, 4)]
    assert sweep.statuses() == ["Completed"] * 4


def test_of_equal_losses_the_smaller_number_is_chosen(sweep: Sweep) -> None:
    """The recommended values win where nothing speaks for others."""
    sweep.train()
    sweep.change(validation_loss=0.5)
    chosen = sweep.choose()
    assert chosen.number == 1
    assert "the smaller number counts" in chosen.reason


def without_losses(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Bedrock that gives no losses with its jobs."""
    find = sweep.adapters.bedrock.find_customization_job

    def found(identifier: str) -> JobDescription | None:
        job = find(identifier)
        return job and replace(job, training_loss=None, validation_loss=None)

    monkeypatch.setattr(sweep.adapters.bedrock, "find_customization_job", found)


def test_a_loss_that_bedrock_does_not_give_is_read_from_the_jobs_own_file(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that has none in its file either cannot be chosen, whatever the others have."""
    told = {one.number: one.validation_loss for one in sweep.train().candidates}
    without_losses(sweep, monkeypatch)
    folder = f"{PREFIX}customization/c1/"
    for stored in sweep.adapters.clients.s3.list_objects_v2(Bucket=OUTPUT_BUCKET, Prefix=folder)["Contents"]:
        sweep.adapters.clients.s3.delete_object(Bucket=OUTPUT_BUCKET, Key=stored["Key"])
    # The jobs are asked for once more, as if they had only just ended.
    sweep.change(status="InProgress")
    candidates = sweep.check().candidates
    assert candidates[0].validation_loss is None
    assert sweep.choose().number != 1
    for one in candidates[1:]:
        assert one.validation_loss == pytest.approx(told[one.number], rel=0.5)


def test_without_any_loss_the_recommended_values_are_chosen_and_the_reason_says_so(sweep: Sweep) -> None:
    """All jobs have succeeded: an error would send a person to train again what is trained."""
    sweep.train()
    sweep.change(validation_loss=None)
    chosen = sweep.choose()
    assert chosen.number == 1
    assert chosen.reason == (
        "Bedrock gave no validation loss for any of 4 jobs: job 1 is taken, which has the recommended values."
    )


def test_without_any_loss_the_smallest_number_stands_in_for_a_first_job_that_failed(sweep: Sweep) -> None:
    """Two models are trained and paid for: the run does not end without one."""
    sweep.train()
    sweep.change(validation_loss=None)
    assert sweep.jobs is not None
    failed = sweep.candidates[0].model_copy(update={"status": "Failed", "model_arn": None})
    sweep.jobs = sweep.jobs.model_copy(update={"candidates": [failed, *sweep.candidates[1:]]})
    chosen = sweep.choose()
    assert chosen.number == 2
    assert chosen.reason.endswith("job 2 is taken, which has the smallest number of those that made a model.")


@either_way
def test_the_models_that_were_not_chosen_are_deleted(sweep: Sweep) -> None:
    """They cost storage each month, and nobody asked for them."""
    sweep.train()
    chosen = sweep.choose().name
    job = sweep.discard()
    assert sweep.model_names() == [chosen]
    assert sorted(str(one.model) for one in job.candidates) == ["deleted"] * 3 + ["kept"]
    # The lane may come by twice.
    assert sweep.discard() == job


def test_keep_models_keeps_them(sweep: Sweep) -> None:
    """Somebody may want to look at them."""
    sweep.plan = sweep.plan.model_copy(update={"keep_models": True})
    sweep.train()
    sweep.choose()
    sweep.discard()
    assert len(sweep.model_names()) == 4


@pytest.mark.parametrize("keep_job", [False, True])
def test_a_run_that_failed_before_the_choice_keeps_its_models(sweep: Sweep, keep_job: bool) -> None:
    """Their training is paid for and costs far more than a month of their storage."""
    sweep.plan = sweep.plan.model_copy(update={"keep_job": keep_job})
    sweep.train()
    sweep.forget()
    sweep.stop()
    assert [one.model for one in sweep.discard().candidates] == ["kept"] * 4
    assert len(sweep.model_names()) == 4


def test_a_choice_whose_answer_was_lost_counts(sweep: Sweep) -> None:
    """What is stored may have been acted upon: the chosen model stays although the state does not know it."""
    sweep.train()
    chosen = sweep.choose().name
    sweep.discard()
    assert sweep.model_names() == [chosen]


def test_a_model_of_the_same_name_without_the_proof_stays(sweep: Sweep) -> None:
    """Somebody's own model may have the name: only the tags say whose it is."""
    sweep.train()
    chosen = sweep.choose().number
    loser = next(one for one in sweep.candidates if one.number != chosen)
    sweep.adapters.clients.bedrock.untag_resource(resourceARN=str(loser.model_arn), tagKeys=["sweep-candidate"])
    job = sweep.discard()
    assert len(sweep.model_names()) == 2
    assert job.candidates[loser.number - 1].model == "left"


def test_a_refused_deletion_leaves_one_model_and_deletes_the_others(sweep: Sweep) -> None:
    """One that is stuck must not keep the rest; the reconciler comes again."""
    sweep.train()
    chosen = sweep.choose().number
    stuck = next(number for number in (1, 2, 3, 4) if number != chosen)
    model_id = str(sweep.candidates[stuck - 1].model_arn).rpartition("/")[2]
    sweep.fault(operation="DeleteCustomModel", kind="access_denied", match=model_id)
    job = sweep.discard()
    assert job.candidates[stuck - 1].model == "left"
    assert len(sweep.model_names()) == 2


@either_way
def test_the_clean_up_lane_stops_every_job(sweep: Sweep) -> None:
    """Each trains at the account's cost, also one whose start was never recorded."""
    sweep.start()
    sweep.forget()
    stopped = sweep.stop()
    assert {(one.status, one.model_arn) for one in stopped.candidates} == {("Stopping", None)}
    listed = sweep.adapters.clients.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]
    assert {job["status"] for job in listed} == {"Stopping"}


@either_way
def test_one_job_that_cannot_be_stopped_does_not_save_the_others(sweep: Sweep) -> None:
    """The first refusal would otherwise let three jobs train on."""
    job = sweep.start()
    stuck = str(job.candidates[0].arn).rpartition("/")[2]
    sweep.fault(operation="StopModelCustomizationJob", kind="access_denied", match=stuck)
    with pytest.raises(Refused):
        sweep.stop()
    listed = sweep.adapters.clients.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]
    assert sorted(job["status"] for job in listed) == ["InProgress"] + ["Stopping"] * 3


class TestReconciliation:
    """What is left of a sweep whose run could not clean up behind itself."""

    @pytest.fixture(autouse=True)
    def ended(self, sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
        """The run has its claim, and its execution was stopped."""
        self.status, self.sweep = "ABORTED", sweep
        claim = {"run_id": RUN, "execution_arn": EXECUTION, "claimed_at": now()}
        self.sweep.put(claim_key(RUN), claim)
        monkeypatch.setattr(self.sweep.adapters.executions, "find", lambda arn: Execution(arn, self.status, now()))

    def reconcile(self) -> Turn:
        terms = Terms("fine-tuning", longest_lease_hours=8, longest_run_hours=168, settle_seconds=0)
        scope = Scope(terms, OUTPUT_BUCKET, "arn:aws:states:us-west-2:123456789012:stateMachine:none")
        return reconcile(scope, lambda: 0, adapters=self.sweep.adapters)

    def test_the_models_that_were_not_chosen_go_and_the_chosen_one_stays(self) -> None:
        """The stored choice tells which is which."""
        self.sweep.train()
        chosen = self.sweep.choose().name
        assert len(self.reconcile().models_deleted) == 3
        assert self.sweep.model_names() == [chosen]
        assert self.reconcile().models_deleted == []

    @pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED", "RUNNING", "SUCCEEDED"])
    def test_without_a_choice_all_models_stay(self, status: str) -> None:
        """They are trained and paid for, however the run ended, and another run can go on from them."""
        self.sweep.train()
        self.status = status
        assert self.reconcile().models_deleted == []
        assert len(self.sweep.model_names()) == 4

    def test_while_the_run_goes_on_none_goes(self) -> None:
        """The run discards them itself, once nothing of it bills by the hour."""
        self.sweep.train()
        self.sweep.choose()
        self.status = "RUNNING"
        assert self.reconcile().models_deleted == []

    def test_without_the_runs_claim_nothing_is_known_and_nothing_deleted(self) -> None:
        """A bucket that was cleared must not cost the model that was kept on purpose."""
        self.sweep.train()
        self.sweep.adapters.clients.s3.delete_object(Bucket=OUTPUT_BUCKET, Key=claim_key(RUN))
        assert self.reconcile().models_deleted == []

    def test_a_choice_that_cannot_be_read_decides_nothing(self) -> None:
        """The chosen one could be among those that go."""
        self.sweep.train()
        self.sweep.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=f"{PREFIX}sweep.json", Body=b"{}")
        turn = self.reconcile()
        assert turn.models_deleted == []
        assert len(turn.problems) == 4

    def test_what_the_settings_keep_stays(self) -> None:
        """The tags on the model say it, since the run's plan is gone."""
        self.sweep.plan = self.sweep.plan.model_copy(update={"keep_models": True})
        self.sweep.train()
        self.sweep.choose()
        assert self.reconcile().models_deleted == []

    def test_a_model_without_the_proof_in_its_tags_is_foreign(self) -> None:
        """Its name alone may be anybody's."""
        job = self.sweep.train()
        self.sweep.choose()
        for one in job.candidates:
            self.sweep.adapters.clients.bedrock.untag_resource(resourceARN=str(one.model_arn), tagKeys=["run-id"])
        assert self.reconcile().models_deleted == []

    def test_tags_that_cannot_be_read_leave_it_to_the_next_turn(self) -> None:
        """They may say that the model is to be kept."""
        self.sweep.train()
        self.sweep.choose()
        self.sweep.fault(operation="ListTagsForResource", kind="access_denied")
        turn = self.reconcile()
        assert (turn.models_deleted, bool(turn.problems)) == ([], True)
        self.sweep.heal()
        assert len(self.reconcile().models_deleted) == 3

    def test_a_job_is_stopped_and_a_model_that_appears_all_the_same_stays(self) -> None:
        """A job that was about to end when its run was stopped makes its model afterwards: it is paid for."""
        self.sweep.start()
        self.sweep.fault(operation="StopModelCustomizationJob", kind="conflict", last=1)
        turn = self.reconcile()
        assert (len(turn.jobs_stopped), turn.models_deleted) == (3, [])
        self.sweep.clock.advance(5 * 3600)
        assert len(self.sweep.model_names()) == 1
        assert self.reconcile().models_deleted == []
        assert len(self.sweep.model_names()) == 1


@either_way
def test_at_the_stacks_deletion_a_losing_model_that_cannot_go_yet_is_waited_for(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody comes by later: the deletion must not succeed while the model is still in the way."""
    claim = {"run_id": RUN, "execution_arn": EXECUTION, "claimed_at": now()}
    sweep.put(claim_key(RUN), claim)
    monkeypatch.setattr(sweep.adapters.executions, "find", lambda arn: Execution(arn, "ABORTED", now()))
    monkeypatch.setattr(sweep.adapters.executions, "running", lambda _machine: iter(()))
    monkeypatch.setattr(sweep.adapters.executions, "failed_between", lambda *_: iter(()))
    sweep.train()
    chosen = sweep.choose().name
    sweep.fault(operation="DeleteCustomModel", kind="conflict", last=5)
    terms = Terms("fine-tuning", longest_lease_hours=8, longest_run_hours=168, settle_seconds=0)
    scope = Scope(terms, OUTPUT_BUCKET, "arn:aws:states:us-west-2:123456789012:stateMachine:none", ending=True)
    given_up = reconcile(scope, lambda: 0, adapters=sweep.adapters)
    assert not is_finished(given_up, scope)
    assert "Try later" in given_up.problems[0]
    turn = reconcile(scope, lambda: 60, adapters=sweep.adapters, sleep=sweep.clock.advance)
    assert is_finished(turn, scope)
    assert sweep.model_names() == [chosen]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_the_loss_of_a_training_that_diverged_is_none(sweep: Sweep, loss: float) -> None:
    """NaN compares as smaller or larger than nothing, so that a minimum would take any; and JSON has no NaN."""
    described = JobDescription("n", "a", "Completed", "m", "", "", True, training_loss=loss, validation_loss=loss)
    first = sweep.plan.candidates[0]
    candidate = candidate_jobs.describe_job(candidate_jobs.plan_job(first, "n"), described)
    assert (candidate.training_loss, candidate.validation_loss) == (None, None)


def test_a_single_model_needs_no_loss_to_be_chosen(sweep: Sweep) -> None:
    """There is nothing to compare it with: to throw it away would waste what its training has cost."""
    jobs = sweep.train()
    sweep.change(validation_loss=None, status="Failed")
    only = [one.model_copy(update={"status": "Completed"}) if one.number == 3 else one for one in sweep.candidates]
    sweep.jobs = jobs.model_copy(update={"candidates": only})
    chosen = sweep.choose()
    assert chosen.number == 3
    assert "Job 3 of 4 made the only model" in chosen.reason


def test_the_longest_failures_of_the_largest_sweep_fit_into_a_cause(sweep: Sweep) -> None:
    """Step Functions cuts a cause at 32,768 characters, which would break its JSON, and ends a run above 256 KB."""
    longest = JobDescription("n" * 63, "a" * 150, "Failed", None, "", "", False, failure_message='"\\' * 1024)
    candidates = [
        candidate_jobs.describe_job(candidate_jobs.plan_job(one, "n" * 63), longest)
        for one in [sweep.plan.candidates[0]] * 12
    ]
    before = Jobs(status="InProgress", candidates=candidates)
    with pytest.raises(CustomizationFailed) as failure:
        candidate_jobs.record_starts(before, candidates)
    assert len(json.dumps(str(failure.value))) < 28_000
    assert len(json.dumps(before.dump())) < 32_000


class TestOneCandidate:
    """The same states with a list of one: nothing is compared, and nothing that was trained is deleted."""

    @pytest.fixture(autouse=True)
    def only(self, sweep: Sweep) -> None:
        """The first candidate alone, as a run without sweep in run.json has it."""
        sweep.plan = sweep.plan.model_copy(update={"candidates": sweep.plan.candidates[:1], "keep_models": True})
        self.sweep = sweep

    def test_it_is_chosen_without_a_loss_and_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a validation set Bedrock has none to give."""
        without_losses(self.sweep, monkeypatch)
        monkeypatch.setattr(self.sweep.adapters.customization_output, "read_training_metrics", lambda *_: NO_LOSSES)
        self.sweep.train()
        chosen = self.sweep.choose()
        assert (chosen.number, chosen.name) == (1, f"{NAME}-c1")
        assert chosen.reason == "Job 1 of 1 made the only model; Bedrock gave no validation loss for it."
        assert [one.model for one in self.sweep.discard().candidates] == ["kept"]
        assert self.sweep.model_names() == [f"{NAME}-c1"]

    def test_its_model_outlives_a_run_that_failed_before_the_choice(self) -> None:
        """The baselines may fail while it trains; the training is paid for, and the model is what there is of it."""
        self.sweep.train()
        self.sweep.forget()
        assert self.sweep.stop().candidates[0].status == "Completed"
        assert self.sweep.discard().candidates[0].model == "kept"
        assert self.sweep.model_names() == [f"{NAME}-c1"]

    @pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
    def test_the_reconciler_leaves_its_model(self, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """However the run was cut off: its tags say that the model stays."""
        self.sweep.train()
        claim = {"run_id": RUN, "execution_arn": EXECUTION, "claimed_at": now()}
        self.sweep.put(claim_key(RUN), claim)
        monkeypatch.setattr(self.sweep.adapters.executions, "find", lambda arn: Execution(arn, status, now()))
        terms = Terms("fine-tuning", longest_lease_hours=8, longest_run_hours=168, settle_seconds=0)
        scope = Scope(terms, OUTPUT_BUCKET, "arn:aws:states:us-west-2:123456789012:stateMachine:none")
        assert reconcile(scope, lambda: 0, adapters=self.sweep.adapters).models_deleted == []
        assert self.sweep.model_names() == [f"{NAME}-c1"]
