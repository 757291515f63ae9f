"""`fine-tune retry`: the same files as the run has read them, from the model that it has trained."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdas.domain.core import run as runs
from lambdas.domain.core.run import Source
from tests.cli.account_script import INPUT, ScriptedAccount, refusal
from tests.cli.conftest import FineTune
from tests.cli.test_run import event
from tests.unit.run_states import make_job, make_jobs, make_model, make_plan

NOVA = "amazon.nova-lite-v1:0:300k"
ARN = "arn:execution"


class Failed:
    """A run that has failed, with what it has read and what its state says of it."""

    def __init__(self, account: ScriptedAccount, files: dict[str, str], status: str = "FAILED") -> None:
        self.account = account
        self.put(files)
        self.key = [*files][-1]
        version = account.s3.head_object(Bucket=INPUT, Key=self.key)["VersionId"]
        self.run_id = runs.run_id(Source(INPUT, self.key, version))
        account.claim(self.run_id, ARN)
        account.executions = [(ARN, status, event(self.key, version))]
        account.bedrock.get_custom_model.side_effect = lambda modelIdentifier: {"modelArn": modelIdentifier}  # noqa: N803 - boto3's name
        account.bedrock.get_model_customization_job.side_effect = refusal("ResourceNotFoundException")

    def put(self, files: dict[str, str]) -> None:
        for key, text in files.items():
            self.account.s3.put_object(Bucket=INPUT, Key=key, Body=text.encode())

    def etags(self, *names: str) -> dict[str, str]:
        folder = self.key.rpartition("/")[0]
        found = {name: self.account.s3.head_object(Bucket=INPUT, Key=f"{folder}/{name}") for name in names}
        return {name: one["ETag"] for name, one in found.items()}

    def got(self, **facts: Any) -> None:
        """How far it got."""
        self.account.enter("ChooseModel")
        self.account.leave("ChooseModel", facts)

    def uploaded(self) -> dict[str, str]:
        """What lies beside the earlier files now, by the names in the new folder."""
        s3 = self.account.s3
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=INPUT)["Contents"]]
        fresh = [key for key in keys if key.startswith("input/sales-2")]
        assert len({key.split("/")[1] for key in fresh}) <= 1
        return {key.split("/", 2)[2]: s3.get_object(Bucket=INPUT, Key=key)["Body"].read().decode() for key in fresh}


def test_a_trained_model_is_not_trained_again(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    """A file becomes a folder, since run.json says from which model the new run goes on."""
    failed = Failed(scripted, {"input/sales.csv": "a,b"})
    failed.got(plan=make_plan(base_model=NOVA), model=make_model(), jobs=make_jobs(make_job()))
    done = fine_tune("retry", failed.run_id, "--no-wait")
    assert done.exit_code == 0, done.output
    assert "Goes on from the trained model arn:model-1." in done.output
    uploaded = failed.uploaded()
    assert {**uploaded, "run.json": json.loads(uploaded["run.json"])} == {
        "train.csv": "a,b",
        "run.json": {"custom_model": "arn:model-1"},
    }
    [fresh] = [line for line in done.output.splitlines() if line.startswith("The run sales-2")]
    assert "fine-tune run --follow sales-2" in fresh


def test_files_are_those_that_the_run_has_read(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    """Somebody has uploaded others since; run.json keeps its other keys."""
    failed = Failed(
        scripted,
        {"input/sales/run.json": '{"system": "s"}', "input/sales/test.jsonl": "old", "input/sales/train.jsonl": "data"},
    )
    failed.got(plan=make_plan(base_model=NOVA, siblings=failed.etags("run.json", "test.jsonl")), model=make_model())
    failed.put({"input/sales/test.jsonl": "new", "input/sales/validation.jsonl": "new", "input/sales/run.json": "{}"})
    assert fine_tune("retry", failed.run_id, "--no-wait").exit_code == 0
    uploaded = failed.uploaded()
    assert json.loads(uploaded.pop("run.json")) == {"system": "s", "custom_model": "arn:model-1"}
    assert uploaded == {"train.jsonl": "data", "test.jsonl": "old"}


SYNTHESIS = {
    "synthesis": {"documents": "papers/"},
    "clean": {"judges": ["judge"]},
    "compare": ["original", "synthetic"],
}
FILES = {
    "input/sales/run.json": json.dumps(SYNTHESIS),
    "input/sales/papers/a.txt": "Cash 7",
    "input/sales/papers/b.pdf": "",
}


def test_documents_to_write_about_go_along(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    """Without them the new run would be refused: there would be nothing to write about."""
    failed = Failed(scripted, FILES | {"input/sales/train.jsonl": "data"})
    failed.got()
    assert fine_tune("retry", failed.run_id, "--no-wait").exit_code == 0
    uploaded = failed.uploaded()
    assert json.loads(uploaded.pop("run.json")) == SYNTHESIS
    assert uploaded == {"papers/a.txt": "Cash 7", "train.jsonl": "data"}


def test_training_set_of_a_trained_model_is_not_made_again(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    """A run that goes on from a model is refused where run.json says how to make a training set."""
    failed = Failed(scripted, FILES | {"input/sales/train.jsonl": "data"})
    failed.got(plan=make_plan(base_model=NOVA, siblings=failed.etags("run.json")), model=make_model())
    assert fine_tune("retry", failed.run_id, "--no-wait").exit_code == 0
    uploaded = failed.uploaded()
    assert json.loads(uploaded.pop("run.json")) == {"custom_model": "arn:model-1"}
    assert uploaded == {"train.jsonl": "data"}


def test_a_file_that_is_gone_is_named(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    failed = Failed(scripted, {"input/sales/test.jsonl": "old", "input/sales/train.jsonl": "data"})
    failed.got(plan=make_plan(base_model=NOVA, siblings={"test.jsonl": '"another"'}), model=make_model())
    done = fine_tune("retry", failed.run_id)
    assert done.exit_code == 2
    assert "input/sales/test.jsonl is not there any more as the run has read it" in done.output
    assert failed.uploaded() == {}


def test_of_several_models_without_a_choice_the_best_is_gone_on_from(
    scripted: ScriptedAccount, fine_tune: FineTune
) -> None:
    """As ChooseModel would: by validation loss, of what the jobs have made by now."""
    failed = Failed(scripted, {"input/sales.jsonl": "x"}, status="ABORTED")
    jobs = [make_job(1, validation_loss=0.7), make_job(2, validation_loss=0.4), make_job(3, status="InProgress")]
    failed.got(plan=make_plan(3, base_model=NOVA), jobs=make_jobs(*jobs))
    scripted.bedrock.get_model_customization_job.side_effect = found
    done = fine_tune("retry", failed.run_id, "--no-wait")
    assert done.exit_code == 0, done.output
    assert json.loads(failed.uploaded()["run.json"]) == {"custom_model": "arn:model-3"}


def found(jobIdentifier: str, status: str = "Completed") -> dict[str, Any]:  # noqa: N803 - boto3's name
    """A job that has ended behind its run, the better the later."""
    number = int(jobIdentifier[-1])
    return {
        "jobName": jobIdentifier,
        "jobArn": f"arn:job-{number}",
        "status": status,
        "outputModelArn": f"arn:model-{number}",
        "creationTime": datetime(2026, 11, 22, tzinfo=UTC),
        "trainingDataConfig": {},
        "validationMetrics": [{"validationLoss": 1 / number}],
        "ResponseMetadata": {"HTTPHeaders": {}},
    }


def test_a_job_that_still_trains_is_waited_for(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    """`keep_job` lets it: a second one would be paid for."""
    failed = Failed(scripted, {"input/sales.jsonl": "x"})
    failed.got(plan=make_plan(base_model=NOVA), jobs=make_jobs(make_job(status="InProgress")))
    scripted.bedrock.get_model_customization_job.side_effect = lambda jobIdentifier: found(jobIdentifier, "InProgress")  # noqa: N803 - boto3's name
    done = fine_tune("retry", failed.run_id)
    assert done.exit_code == 2
    assert "still trains" in done.output
    assert failed.uploaded() == {}


@pytest.mark.parametrize("facts", [{}, {"plan": make_plan(base_model="other-model"), "model": make_model()}])
def test_without_a_model_the_new_run_trains(
    scripted: ScriptedAccount, fine_tune: FineTune, facts: dict[str, Any]
) -> None:
    """It failed before, or somebody has deleted the model. It tunes the model that the run was to tune."""
    failed = Failed(scripted, {"input/sales/run.json": '{"system": "s"}', "input/sales/train.jsonl": "data"})
    failed.got(**{**facts, "plan": facts["plan"] | {"siblings": failed.etags("run.json")}} if facts else {})
    scripted.bedrock.get_custom_model.side_effect = refusal("ResourceNotFoundException")
    done = fine_tune("retry", failed.run_id, "--no-wait")
    assert done.exit_code == 0, done.output
    assert "the new run trains" in done.output
    other = {"base_model": "other-model"} if facts else {}
    assert json.loads(failed.uploaded()["run.json"]) == {"system": "s", **other}


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        ("RUNNING", None, "goes on: `fine-tune status"),
        ("SUCCEEDED", None, "there is nothing to try again"),
        ("FAILED", "DatasetRejected", "was refused, and would be again"),
    ],
)
def test_a_run_that_cannot_be_tried_again_says_so(
    scripted: ScriptedAccount, fine_tune: FineTune, status: str, error: str | None, told: str
) -> None:
    failed = Failed(scripted, {"input/sales.jsonl": "x"}, status=status)
    described = scripted.states.describe_execution.side_effect
    scripted.states.describe_execution.side_effect = lambda executionArn: described(executionArn) | {"error": error}  # noqa: N803 - boto3's name
    done = fine_tune("retry", failed.run_id)
    assert (done.exit_code, failed.uploaded()) == (2, {})
    assert told in done.output


def test_an_execution_that_is_forgotten_cannot_be_tried_again(scripted: ScriptedAccount, fine_tune: FineTune) -> None:
    failed = Failed(scripted, {"input/sales.jsonl": "x"})
    scripted.executions = []
    done = fine_tune("retry", failed.run_id)
    assert done.exit_code == 2
    assert "has forgotten the execution" in done.output
