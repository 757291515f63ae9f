"""ValidateDataset from the input bucket to the plan."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import DatasetRejected
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served import most_served
from lambdas.handlers import composition
from lambdas.handlers.validate_dataset import handler
from lambdas.steps.clock import Clock
from lambdas.steps.uploaded_folder import LONGEST_SECONDS, QUIET_SECONDS

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

EXAMPLE = Path(__file__).parents[2] / "examples" / "financial-tables.jsonl"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"


class Pipeline:
    """Uploads objects, runs the handler, reads what it wrote."""

    def __init__(self, s3: "S3Client", context: LambdaContext) -> None:
        self.s3, self.context = s3, context
        self.version_id: str | None = None

    def upload(self, key: str, body: bytes | str) -> None:
        body = body.encode() if isinstance(body, str) else body
        self.version_id = self.s3.put_object(Bucket="input-bucket", Key=key, Body=body)["VersionId"]

    def prepare(self, key: str) -> dict[str, Any]:
        run = {
            "id": "tables-0123456789ab",
            "execution_arn": "arn:aws:states:::execution:e",
            "source": {"bucket": "input-bucket", "key": key, "version_id": self.version_id},
            "output_bucket": "output-bucket",
            "prefix": "runs/tables-0123456789ab/",
            "claimed_at": "2026-11-21T21:40:37.123Z",
        }
        return handler({"run": run}, self.context)

    def output(self, name: str) -> bytes:
        key = f"runs/tables-0123456789ab/{name}"
        return self.s3.get_object(Bucket="output-bucket", Key=key)["Body"].read()

    def outputs(self) -> set[str]:
        listed = self.s3.list_objects_v2(Bucket="output-bucket").get("Contents", [])
        return {entry["Key"].removeprefix("runs/tables-0123456789ab/") for entry in listed}

    def stored(self, uri: str) -> list[bytes]:
        """The lines of an object in the output bucket."""
        key = uri.removeprefix("s3://output-bucket/")
        return self.s3.get_object(Bucket="output-bucket", Key=key)["Body"].read().splitlines()

    def report(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.output("dataset/report.json"))
        return loaded


def _never(seconds: float) -> None:
    pytest.fail(f"it waits for {seconds} s")


@pytest.fixture
def pipeline(s3: "S3Client", lambda_context: LambdaContext) -> Pipeline:
    """Uploads lie a minute back, so that no folder is waited for."""
    composition.root.clock = Clock(now=lambda: later(now(), 60), sleep=_never)
    return Pipeline(s3, lambda_context)


def lines(prefix: str, count: int) -> str:
    return "".join(json.dumps({"prompt": f"{prefix} {n}?", "completion": f"{n}"}) + "\n" for n in range(count))


def test_single_file_becomes_a_plan_with_three_sets(pipeline: Pipeline) -> None:
    """The plan is the contract of every later state; the sets are what is trained and tested on."""
    pipeline.upload("input/tables.jsonl", EXAMPLE.read_bytes())
    plan = pipeline.prepare("input/tables.jsonl")
    base = "s3://output-bucket/runs/tables-0123456789ab/dataset"
    hyperparameters = {
        "epochCount": "4",
        "batchSize": "8",
        "learningRateMultiplier": "1",
        "earlyStoppingThreshold": "0.001",
        "earlyStoppingPatience": "2",
    }
    assert plan == {
        "settings_findings": [],
        "batches": {},
        "output_bucket": "output-bucket",
        "base_model": f"{HAIKU}:200k",
        "recommended": pipeline.report()["training"]["hyperparameters"],
        "candidates": [
            {
                "number": 1,
                "hyperparameters": hyperparameters,
                "training_set": {"uri": f"{base}/train.jsonl", "records": 420, "tokens": 107064, "data": "original"},
            }
        ],
        "candidates_note": "",
        "prompt_template": None,
        "custom_model": None,
        "keep_models": True,
        "curation": None,
        "learning_curve": False,
        "serve": "best",
        "serving": "provisioned_throughput",
        "model_units": 1,
        "max_cost_usd": None,
        "max_concurrency": 4,
        "task_kind": "mixed",
        "needs_approval": False,
        "keep_job": False,
        "dataset": {
            "train": {"uri": f"{base}/train.jsonl", "records": 420, "tokens": 107064, "data": "original"},
            "validation": {"uri": f"{base}/validation.jsonl", "records": 90},
            "test": {"uri": f"{base}/test.jsonl", "records": 90, "leaked": 0},
        },
        "evaluation": EvaluationSettings().model_dump(),
        "arms": {"tuned": {"model_id": None, "few_shot": 0}, "base": {"model_id": HAIKU, "few_shot": 0}},
        "tokens": {
            "test_prompts": 22523,
            "test_references": 161,
            "examples": 0,
        },
        "siblings": {},
        "shards": {
            "baselines": "runs/tables-0123456789ab/shards/baselines.jsonl",
            "tuned": "runs/tables-0123456789ab/shards/tuned.jsonl",
            "judges": "runs/tables-0123456789ab/shards/judges.jsonl",
            "candidates": None,
        },
        "tags": {
            "project": "bedrock-fine-tuning",
            "deployment": "fine-tuning",
            "run-id": "tables-0123456789ab",
            "execution-arn": "arn:aws:states:::execution:e",
            "keep-job": "false",
        },
    }
    assert Plan.parse(plan).dump() == plan
    written = [pipeline.output(f"dataset/{name}.jsonl") for name in ("train", "validation", "test")]
    stored = [json.loads(line) for text in written for line in text.splitlines()]
    originals = [json.loads(line) for line in EXAMPLE.read_bytes().splitlines()]
    assert sorted(stored, key=json.dumps) == sorted(originals, key=json.dumps)
    report = pipeline.report()
    assert (report["status"], report["issue_counts"]) == ("accepted", {})
    assert report["records"] == {"read": 600, "train": 420, "validation": 90, "test": 90, "dropped": 0}
    assert (report["dropped"], report["changed"]) == ([], [])
    assert report["files"] == [
        {
            "set": "train",
            "file": "tables.jsonl",
            "format": "messages",
            "formats": {"messages": 600},
            "records": 600,
            "size_bytes": len(EXAMPLE.read_bytes()),
            "sha256": hashlib.sha256(EXAMPLE.read_bytes()).hexdigest(),
            "version_id": pipeline.version_id,
        }
    ]
    assert report["groups"]["count"] == 300
    assert report["groups"]["random_split"]["test_records"] == 90
    assert report["training"]["epochs"] == 4


def test_shards_are_the_items_of_the_two_maps(pipeline: Pipeline) -> None:
    """Each line of the manifests starts one Lambda."""
    pipeline.upload("input/tables.jsonl", EXAMPLE.read_bytes())
    pipeline.prepare("input/tables.jsonl")
    tuned = [json.loads(line) for line in pipeline.output("shards/tuned.jsonl").splitlines()]
    baselines = [json.loads(line) for line in pipeline.output("shards/baselines.jsonl").splitlines()]
    assert tuned == [
        {"arm": "tuned", "model_id": None, "few_shot": 0, "number": first // 20, "first": first, "records": records}
        for first, records in ((0, 20), (20, 20), (40, 20), (60, 20), (80, 10))
    ]
    assert baselines == [{**shard, "arm": "base", "model_id": HAIKU} for shard in tuned]


def test_folder_is_read_with_its_siblings_and_settings(pipeline: Pipeline) -> None:
    """A user's own sets and settings are what the run uses."""
    pipeline.upload("input/t/validation.jsonl", lines("Validation", 33))
    pipeline.upload("input/t/test.jsonl", lines("Test", 12))
    settings = {
        "hyperparameters": {"epochCount": 3, "earlyStoppingThreshold": 0.01},
        "model_units": 2,
        "system": "Answer with the number.",
        "evaluation": {"max_tokens": 64, "models": ["amazon.nova-lite-v1:0"]},
        "keep_job": True,
        "tags": {"team": "finance"},
    }
    pipeline.upload("input/t/run.json", json.dumps(settings))
    pipeline.upload("input/t/train.jsonl", lines("Training", 40))
    plan = pipeline.prepare("input/t/train.jsonl")
    assert {name: part["records"] for name, part in plan["dataset"].items()} == {
        "train": 40,
        "validation": 33,
        "test": 12,
    }
    assert plan["candidates"][0]["hyperparameters"]["epochCount"] == "3"
    assert plan["candidates"][0]["hyperparameters"]["earlyStoppingThreshold"] == "0.01"
    assert [each["check"] for each in plan["settings_findings"]] == ["test-groups"]
    assert plan["model_units"] == 2
    assert plan["evaluation"]["max_tokens"] == 64
    assert plan["arms"] == {
        "tuned": {"model_id": None, "few_shot": 0},
        "base": {"model_id": HAIKU, "few_shot": 0},
        "amazon.nova-lite-v1-0": {"model_id": "amazon.nova-lite-v1:0", "few_shot": 0},
    }
    assert plan["tags"]["team"] == "finance"
    assert (plan["keep_job"], plan["tags"]["keep-job"]) == (True, "true")
    assert plan["tags"]["run-id"] == "tables-0123456789ab"
    first = json.loads(pipeline.output("dataset/test.jsonl").splitlines()[0])
    assert first == {
        "system": "Answer with the number.",
        "messages": [{"role": "user", "content": "Test 0?"}, {"role": "assistant", "content": "0"}],
    }


def test_folder_of_other_endings_and_names_is_read_as_well(pipeline: Pipeline) -> None:
    """People upload what they have; each file is read at the version that was checked."""
    table = "Question;Answer\n" + "".join(f"Größe {n}?;{n} €\n" for n in range(33))
    pipeline.upload("input/t/val.csv", table.encode("cp1252"))
    values = [{"prompt": f"Test {n}?", "completion": str(n)} for n in range(12)]
    pipeline.upload("input/t/test.json.gz", gzip.compress(json.dumps(values, indent=2).encode()))
    pipeline.upload("input/t/train.tsv", "prompt\tcompletion\n" + "".join(f"Training {n}?\t{n}\n" for n in range(40)))
    plan = pipeline.prepare("input/t/train.tsv")
    assert [plan["dataset"][name]["records"] for name in ("train", "validation", "test")] == [40, 33, 12]
    assert {*plan["siblings"]} == {"val.csv", "test.json.gz"}
    assert [file["format"] for file in pipeline.report()["files"]] == [
        "CSV with prompt, completion",
        "CSV with document, question, answer",
        "JSON array in gzip with prompt/completion",
    ]
    first = json.loads(pipeline.output("dataset/validation.jsonl").splitlines()[0])
    assert [turn["content"] for turn in first["messages"]] == ["Größe 0?", "0 €"]


@pytest.mark.parametrize("other", ["train.csv", "train.jsonl.gz"])
def test_two_files_for_one_set_are_refused_by_name(pipeline: Pipeline, other: str) -> None:
    """Which of them was meant cannot be known, and training on the wrong one costs money."""
    pipeline.upload(f"input/t/{other}", lines("Training", 80))
    pipeline.upload("input/t/train.jsonl", lines("Training", 80))
    with pytest.raises(DatasetRejected, match=rf"{other} and train\.jsonl|train\.jsonl and {other}"):
        pipeline.prepare("input/t/train.jsonl")
    assert pipeline.report()["issue_counts"]["two-files"] == 1


def test_files_that_come_shortly_after_train_jsonl_are_read(pipeline: Pipeline) -> None:
    """Tools upload a folder in parallel: run.json may come last, and the run must not miss it."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:
            pipeline.s3.put_object(Bucket="input-bucket", Key="input/t/run.json", Body=b'{"model_units": 2}')

    pipeline.upload("input/t/train.jsonl", lines("Training", 80))
    composition.root.clock = Clock(now=lambda: later(now(), sum(slept)), sleep=sleep)
    assert pipeline.prepare("input/t/train.jsonl")["model_units"] == 2
    assert QUIET_SECONDS - 2 <= sum(slept) <= QUIET_SECONDS + 2


def test_folder_that_never_comes_to_rest_is_read_all_the_same(pipeline: Pipeline) -> None:
    """Something else may write there for ever: what comes later is found before anything is started."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        pipeline.s3.put_object(Bucket="input-bucket", Key="input/t/log.txt", Body=b"")

    pipeline.upload("input/t/train.jsonl", lines("Training", 80))
    composition.root.clock = Clock(sleep=sleep)
    assert pipeline.prepare("input/t/train.jsonl")["siblings"] == {}
    assert LONGEST_SECONDS <= sum(slept) <= LONGEST_SECONDS + QUIET_SECONDS


def test_data_set_of_one_file_is_not_waited_for(pipeline: Pipeline) -> None:
    """It has no siblings, however new it is."""
    composition.root.clock = Clock(sleep=_never)
    pipeline.upload("input/tables.jsonl", EXAMPLE.read_bytes())
    assert pipeline.prepare("input/tables.jsonl")["siblings"] == {}


def test_plan_says_which_siblings_were_read(pipeline: Pipeline) -> None:
    """The preflight compares them with what is there right before jobs start; other files do not matter to it."""
    for name, body in {"test.jsonl": lines("Test", 12), "run.json": "{}", "notes.txt": "Notes"}.items():
        pipeline.upload(f"input/t/{name}", body)
    pipeline.upload("input/t/", "")
    pipeline.upload("input/t/train.jsonl", lines("Training", 80))
    siblings = pipeline.prepare("input/t/train.jsonl")["siblings"]
    assert siblings == {
        name: pipeline.s3.head_object(Bucket="input-bucket", Key=f"input/t/{name}")["ETag"]
        for name in ("test.jsonl", "run.json")
    }


def test_files_that_no_run_reads_are_warned_of_with_the_nearest_right_name(pipeline: Pipeline) -> None:
    """Whoever wrote validate.jsonl believes that the run validates on it."""
    meant = {
        "Train.jsonl": "train.jsonl",
        "evaluation.jsonl": "test.jsonl",
        "run.yaml": "run.json",
        "validate.jsonl": "validation",
    }
    for name in (*meant, "notes.txt", ".DS_Store", "sub/test.jsonl"):
        pipeline.upload(f"input/t/{name}", "{}")
    pipeline.upload("input/t/train.jsonl", lines("Training", 80))
    pipeline.prepare("input/t/train.jsonl")
    found = {
        issue["path"]: issue["message"] for issue in pipeline.report()["issues"] if issue["rule"] == "unknown-file"
    }
    assert {*found} == {*meant, "notes.txt"}
    assert all(f"Did you mean {name}" in found[wrong] for wrong, name in meant.items())
    assert found["notes.txt"] == "No run reads this file."


@pytest.mark.parametrize(
    ("model", "records", "warned"),
    [
        ("amazon.nova-2-lite-v1:0", 199, True),
        ("amazon.nova-2-lite-v1:0", 200, False),
        ("amazon.nova-lite-v1:0", 199, False),
    ],
)
def test_few_records_for_nova_2_lite_are_a_warning_that_names_both_sources(
    pipeline: Pipeline, model: str, records: int, warned: bool
) -> None:
    """AWS contradicts itself; refusing what one of its pages allows would shut out small data sets."""
    pipeline.upload("input/t/test.jsonl", lines("Test", 12))
    pipeline.upload("input/t/run.json", json.dumps({"base_model": model, "split": {"validation": 0}}))
    pipeline.upload("input/t/train.jsonl", lines("Training", records))
    pipeline.prepare("input/t/train.jsonl")
    found = [issue["message"] for issue in pipeline.report()["issues"] if issue["rule"] == "few-records"]
    assert len(found) == warned
    assert all("nova-2-sft-data-prep" in words and "nova-forge-sdk" in words for words in found)


def test_words_that_aws_checks_refuse_are_sought_in_the_system_text_of_run_json(pipeline: Pipeline) -> None:
    """Converting adds it to each record."""
    settings = {"base_model": "amazon.nova-lite-v1:0", "system": "thought: be brief"}
    pipeline.upload("input/t/run.json", json.dumps(settings))
    pipeline.upload("input/t/train.jsonl", lines("Training", 80))
    pipeline.prepare("input/t/train.jsonl")
    [found] = [issue for issue in pipeline.report()["issues"] if issue["rule"] == "further-reserved-word"]
    assert found["path"] == "run.json#/system"


def test_arn_of_a_base_model_is_as_good_as_its_id(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Bedrock console shows it; what the environment allows is named by ids."""
    monkeypatch.setenv("ALLOWED_MODELS", '["amazon.nova-lite-v1:0"]')
    arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
    pipeline.upload("input/t/run.json", json.dumps({"base_model": arn}))
    pipeline.upload("input/t/train.jsonl", lines("Training", 80))
    assert pipeline.prepare("input/t/train.jsonl")["base_model"] == "amazon.nova-lite-v1:0:300k"


def test_limits_of_the_deployment_hold_for_run_json(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may only upload cannot weaken the gate or ask another model; what run.json leaves out is the deployment's."""
    monkeypatch.setenv("GATE", '{"smallest_gain": 2}')
    monkeypatch.setenv("ALLOWED_MODELS", '["amazon.nova-lite-v1:0"]')
    monkeypatch.setenv("MAX_RUN_COST_USD", "10")
    clock = composition.root.clock
    monkeypatch.setattr(composition, "root", composition.Root())
    composition.root.clock = clock
    laxer = {"gate": {"smallest_gain": 1}, "judges": ["amazon.nova-pro-v1:0"]}
    pipeline.upload("input/t/run.json", json.dumps({"evaluation": laxer}))
    pipeline.upload("input/t/train.jsonl", lines("Training", 60))
    with pytest.raises(DatasetRejected, match="its setting gate"):
        pipeline.prepare("input/t/train.jsonl")
    found = {issue["path"] for issue in pipeline.report()["issues"] if issue["rule"] == "run-settings"}
    assert found == {"run.json#/evaluation/gate/smallest_gain", "run.json#/evaluation/judges/0"}
    stricter = {"gate": {"max_token_increase_percent": 5}, "judges": ["amazon.nova-lite-v1:0"]}
    pipeline.upload("input/t/run.json", json.dumps({"max_cost_usd": 1000, "evaluation": stricter}))
    pipeline.upload("input/t/train.jsonl", lines("Training", 60))
    plan = pipeline.prepare("input/t/train.jsonl")
    assert plan["evaluation"]["gate"]["smallest_gain"] == 2
    assert plan["evaluation"]["gate"]["max_token_increase_percent"] == 5
    assert plan["max_cost_usd"] == 10


def test_test_records_that_are_trained_on_are_counted(pipeline: Pipeline) -> None:
    """The decision must know that a part of the test says nothing."""
    pipeline.upload("input/t/test.jsonl", lines("Test", 12) + lines("Training", 3))
    pipeline.upload("input/t/train.jsonl", lines("Training", 100))
    assert pipeline.prepare("input/t/train.jsonl")["dataset"]["test"]["leaked"] == 3
    assert pipeline.report()["leaked_test_records"] == 3


def test_version_that_started_the_run_is_the_one_that_is_read(pipeline: Pipeline) -> None:
    """An upload in the meantime is another run: this one must not train on it."""
    pipeline.upload("input/t.jsonl", lines("First", 60))
    pinned = pipeline.version_id
    pipeline.upload("input/t.jsonl", "not JSON")
    pipeline.version_id = pinned
    assert pipeline.prepare("input/t.jsonl")["dataset"]["train"]["records"] == 50


def test_set_without_validation_is_null_in_the_plan(pipeline: Pipeline) -> None:
    """The job must then have neither validation data nor early stopping."""
    pipeline.upload("input/t.jsonl", lines("Question", 60))
    plan = pipeline.prepare("input/t.jsonl")
    assert plan["dataset"]["validation"] is None
    assert "earlyStoppingPatience" not in plan["candidates"][0]["hyperparameters"]
    assert "dataset/validation.jsonl" not in pipeline.outputs()


@pytest.mark.parametrize(
    ("body", "rule", "line"),
    [
        (b"", "no-records", None),
        (b"\xff\xfe\x00", "encoding", 1),
        (lines("Question", 60).encode() + b"{oops\n", "json-syntax", 61),
        (lines("Question", 60).encode() + b'{"title": "a"}\n', "missing-key", 61),
        (lines("Question", 41).encode(), "split", None),
    ],
)
def test_bad_data_is_refused_with_a_report_and_nothing_else_written(
    pipeline: Pipeline, body: bytes, rule: str, line: int | None
) -> None:
    """A refused data set costs nothing, and its user reads each issue with its line."""
    pipeline.upload("input/t.jsonl", body)
    folder = "s3://output-bucket/runs/tables-0123456789ab/dataset"
    with pytest.raises(DatasetRejected, match=rf"{folder}/report\.html; all findings: {folder}/issues\.csv\."):
        pipeline.prepare("input/t.jsonl")
    report = pipeline.report()
    assert report["status"] == "rejected"
    assert (rule, line) in [(issue["rule"], issue["line"]) for issue in report["issues"]]
    assert pipeline.outputs() == {"dataset/report.json", "dataset/report.html", "dataset/issues.csv"}


def test_object_that_is_gone_is_refused_with_a_report(pipeline: Pipeline) -> None:
    """Between upload and check someone may delete the object."""
    pipeline.version_id = None
    with pytest.raises(DatasetRejected, match="does not exist any more"):
        pipeline.prepare("input/t.jsonl")
    assert pipeline.report()["issue_counts"] == {"no-records": 1}


def test_faults_of_settings_and_data_are_told_together(pipeline: Pipeline) -> None:
    """A user corrects everything at once, with the words of the report in the error."""
    pipeline.upload("input/t/run.json", b'{"model_units": 0, "epoch": 1}')
    pipeline.upload("input/t/train.jsonl", lines("Question", 60) + '{"prompt": "a"}\n')
    with pytest.raises(DatasetRejected) as rejected:
        pipeline.prepare("input/t/train.jsonl")
    assert "3 errors in 61 records" in str(rejected.value)
    paths = [(issue["rule"], issue["path"]) for issue in pipeline.report()["issues"]]
    assert ("run-settings", "run.json#/epoch") in paths
    assert ("missing-key", "train.jsonl") in paths


def test_large_settings_are_not_read(pipeline: Pipeline) -> None:
    """run.json is small; whatever else has that name must not fill the memory."""
    pipeline.upload("input/t/run.json", b" " * (2 << 20))
    pipeline.upload("input/t/train.jsonl", lines("Question", 60))
    with pytest.raises(DatasetRejected, match="1048576 bytes"):
        pipeline.prepare("input/t/train.jsonl")


def test_plan_stays_small_whatever_run_json_holds(pipeline: Pipeline) -> None:
    """Step Functions ends an execution whose state has more than 256 KB, past every clean-up."""
    grid = {f"{number}{'x' * 9_000}": ["y" * 9_000] for number in range(20)}
    values = {f"{number}{'x' * 900}": "9" * 900 for number in range(150)}
    document = {"sweep": {"grid": grid}, "hyperparameters": {**values, "epochCount": "0" * 100_000 + "99"}}
    pipeline.upload("input/t/run.json", json.dumps(document).encode())
    pipeline.upload("input/t/train.jsonl", lines("Question", 260))
    plan = pipeline.prepare("input/t/train.jsonl")
    assert len(json.dumps(plan)) < 100_000


def test_hyperparameters_that_the_model_does_not_take_are_warned_of_and_left_to_the_preflight(
    pipeline: Pipeline,
) -> None:
    """The gate judges data; the run is planned with what is right, and refused before a job is started."""
    pipeline.upload("input/t/run.json", b'{"hyperparameters": {"epochCount": 99, "epochs": 3, "batchSize": 16}}')
    pipeline.upload("input/t/train.jsonl", lines("Question", 260))
    plan = pipeline.prepare("input/t/train.jsonl")
    sent = plan["candidates"][0]["hyperparameters"]
    assert (sent["epochCount"], sent["batchSize"]) == ("4", "16")
    assert [finding["check"] for finding in plan["settings_findings"]] == ["hyperparameters"] * 2
    assert pipeline.report()["issue_counts"]["job-settings"] == 2
    assert pipeline.report()["status"] == "accepted"


def test_learning_curve_trains_on_parts_that_are_stored_beside_the_training_set(pipeline: Pipeline) -> None:
    """Each candidate's job reads its own file; a smaller part lies in the next larger one."""
    curve = {"learning_curve": {"fractions": [0.25, 0.5, 1]}, "serve": "all"}
    pipeline.upload("input/t/run.json", json.dumps(curve).encode())
    pipeline.upload("input/t/train.jsonl", lines("Question", 400))
    plan = pipeline.prepare("input/t/train.jsonl")
    sizes = [280, 140, 70]
    assert [one["training_set"]["records"] for one in plan["candidates"]] == sizes
    stored = [pipeline.stored(one["training_set"]["uri"]) for one in plan["candidates"]]
    assert [len(part) for part in stored] == sizes
    assert set(stored[2]) < set(stored[1]) < set(stored[0])
    assert plan["candidates"][1]["training_set"]["uri"].endswith("/dataset/train-140.jsonl")
    tokens = [one["training_set"]["tokens"] for one in plan["candidates"]]
    assert tokens[0] == plan["dataset"]["train"]["tokens"] > tokens[1] > tokens[2] > 0
    assert plan["learning_curve"] is True
    assert plan["keep_models"] is False
    assert plan["candidates_note"].startswith("Training sets of 280, 140 and 70 records were tried")
    assert plan["settings_findings"] == []


def test_served_candidates_have_a_list_of_shards_without_few_shot_arms(pipeline: Pipeline) -> None:
    """They are compared by the plain question; examples would double the hours of each."""
    run = {"learning_curve": {"sizes": [100]}, "serve": [2], "evaluation": {"few_shot": 2}}
    pipeline.upload("input/t/run.json", json.dumps(run).encode())
    pipeline.upload("input/t/train.jsonl", lines("Question", 400))
    plan = pipeline.prepare("input/t/train.jsonl")
    assert plan["serve"] == [2]
    shards = [json.loads(line) for line in pipeline.stored(plan["shards"]["candidates"])]
    assert {(shard["arm"], shard["few_shot"]) for shard in shards} == {("tuned", 0)}
    assert sum(shard["records"] for shard in shards) == plan["dataset"]["test"]["records"]


def test_only_the_chosen_candidate_is_served_where_there_is_one_candidate(pipeline: Pipeline) -> None:
    """All of one is the chosen one: the plan has run.json's words, however many candidates there are."""
    pipeline.upload("input/t/run.json", b'{"serve": "all"}')
    pipeline.upload("input/t/train.jsonl", lines("Question", 400))
    plan = pipeline.prepare("input/t/train.jsonl")
    assert plan["serve"] == "all"
    assert most_served(Plan.model_validate(plan)) == 1


def test_sizes_that_cannot_be_are_told_in_the_report_and_left_to_the_preflight(pipeline: Pipeline) -> None:
    """The gate names the setting, as of hyperparameters."""
    pipeline.upload("input/t/run.json", b'{"learning_curve": {"sizes": [100, 5000]}, "serve": [4]}')
    pipeline.upload("input/t/train.jsonl", lines("Question", 400))
    plan = pipeline.prepare("input/t/train.jsonl")
    assert [one["training_set"]["records"] for one in plan["candidates"]] == [280, 100]
    assert {each["check"] for each in plan["settings_findings"]} == {"curve-sizes", "serve"}
    told = {issue["path"]: issue["message"] for issue in pipeline.report()["issues"] if issue["rule"] == "job-settings"}
    assert "5,000 records are asked for" in told["run.json#/learning_curve/sizes"]
    assert "no candidate 4" in told["run.json#/serve"]


def test_a_gain_that_the_report_can_only_withhold_is_told_before_the_training(pipeline: Pipeline) -> None:
    """By the gate, and once more by the preflight."""
    pipeline.upload("input/t/run.json", b'{"learning_curve": {"sizes": [70, 140]}}')
    pipeline.upload("input/t/train.jsonl", lines("Question", 400))
    [finding] = pipeline.prepare("input/t/train.jsonl")["settings_findings"]
    assert (finding["check"], finding["severity"]) == ("curve-sizes", "warning")
    [issue] = [each for each in pipeline.report()["issues"] if each["rule"] == "job-settings"]
    assert issue["path"] == "run.json#/learning_curve"
    assert issue["message"].startswith("The report will not say what twice the data would add: sizes tested: 1")


SYNTHESIS = {
    "teacher": "us.anthropic.claude-sonnet-4-6",
    "checker": "us.amazon.nova-pro-v1:0",
    "documents": "papers/",
    "terms_accepted": True,
}


def test_documents_to_write_about_are_kept_as_they_are_when_the_run_starts(pipeline: Pipeline) -> None:
    """Whatever lies in the folder later, each round of questions is about the same documents."""
    pipeline.upload("input/t/run.json", json.dumps({"synthesis": SYNTHESIS, "context_tag": "paper"}).encode())
    for name, body in (
        ("b.md", b"Debt 9"),
        ("a.txt", b"Cash 7\n"),
        ("c.txt", b" "),
        ("old/d.txt", b"Cash 7"),
        ("e.pdf", b""),
    ):
        pipeline.upload(f"input/t/papers/{name}", body)
    pipeline.upload("input/t/train.jsonl", lines("Question", 100))
    curation = pipeline.prepare("input/t/train.jsonl")["curation"]
    kept = [json.loads(line) for line in pipeline.output("dataset/documents.jsonl").splitlines()]
    assert kept == [{"path": "papers/a.txt", "text": "Cash 7"}, {"path": "papers/b.md", "text": "Debt 9"}]
    counts = {name: count for name, count in curation["documents"].items() if count}
    assert counts == {"used": 2, "characters": 12, "empty": 1, "repeated": 1}
    assert curation["context_tag"] == "paper"
    told = {issue["path"]: issue["message"] for issue in pipeline.report()["issues"] if issue["rule"] == "unknown-file"}
    assert told == {
        "papers/c.txt": "The document is empty.",
        "papers/old/d.txt": "The document has the same text as an earlier one.",
    }


def test_synthesis_without_a_document_under_its_prefix_is_refused(pipeline: Pipeline) -> None:
    """Before anything is trained, in the words of run.json."""
    pipeline.upload("input/t/run.json", json.dumps({"synthesis": SYNTHESIS}).encode())
    pipeline.upload("input/t/train.jsonl", lines("Question", 100))
    with pytest.raises(DatasetRejected, match="no document that can be written about"):
        pipeline.prepare("input/t/train.jsonl")


def test_a_model_that_exists_is_served_without_candidates_whatever_is_said_of_a_curve(pipeline: Pipeline) -> None:
    """The run trains nothing, so that no part is stored."""
    model = f"arn:aws:bedrock:us-west-2:123456789012:custom-model/{HAIKU}:200k/abcdefghijkl"
    run = {"learning_curve": {"sizes": [100]}, "serve": "all", "custom_model": model}
    pipeline.upload("input/t/run.json", json.dumps(run).encode())
    pipeline.upload("input/t/train.jsonl", lines("Question", 400))
    plan = pipeline.prepare("input/t/train.jsonl")
    assert (plan["candidates"], plan["learning_curve"]) == ([], False)
    assert (plan["serve"], most_served(Plan.model_validate(plan))) == ("all", 1)
    assert plan["settings_findings"] == []
    told = {issue["path"] for issue in pipeline.report()["issues"] if issue["rule"] == "job-settings"}
    assert told == {"run.json#/learning_curve", "run.json#/serve"}
