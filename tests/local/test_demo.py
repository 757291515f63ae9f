"""The demo as a user has it: the command in a process of its own, on the shipped example, and what it leaves."""

import csv
import gzip
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any
from unittest.mock import Mock

import psutil
import pytest
from typer.testing import CliRunner

from cli import demo, execution, main
from cli.commands.options import EXAMPLE
from cli.data_set import NoDataSetError, upload_of
from cli.folders import DEMO
from cli.progress import Progress
from lambdas.domain.evaluation.metrics import scoring
from lambdas.domain.models.catalogue import BaseModelEntry, base_model, catalogue
from local.checkout import CHECKOUT
from local.deployment import DeployedEnvironment, deploy, setting
from local.embedded_aws import EmbeddedAws
from local.permissions.denials import denials
from local.session import FolderInUseError, emptied
from local.terminal import Console

pytestmark = pytest.mark.xdist_group("embedded-aws")

COMMAND = [str(Path(sys.executable).parent / "fine-tune"), "demo"]
LEFT = CHECKOUT / "build" / "demo"
ON_DEMAND = base_model("amazon.nova-micro-v1:0")
# The one whose life cycle has a successor.
AGED = base_model("anthropic.claude-3-haiku-20240307-v1:0")

# It answers the question of the preflight, and nothing after a quarter of an hour.
NOT_SUBSCRIBED = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


@dataclass
class Demo:
    """A finished `fine-tune demo`: its exit status, output, and every process that was seen under it."""

    status: int = -1
    output: str = ""
    processes: set[psutil.Process] = field(default_factory=set)

    def document(self, name: str) -> Any:
        return json.loads((LEFT / name).read_text())

    def lines(self, name: str) -> list[Any]:
        return [json.loads(line) for line in (LEFT / name).read_text().splitlines()]


@pytest.fixture(scope="module")
def finished() -> Demo:
    seen = Demo()
    with subprocess.Popen(  # noqa: S603 - our own command
        COMMAND, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            seen.output += line
            seen.processes |= set(psutil.Process(process.pid).children(recursive=True))
    seen.status = process.returncode
    return seen


def test_the_demo_succeeds_and_tells_the_arms(finished: Demo) -> None:
    """The one thing that a newcomer tries."""
    assert finished.status == 0, finished.output
    assert finished.document("report.json")["status"] == "succeeded"
    assert "tuned" in finished.output
    assert "No throughput is left. No custom model deployment is left." in finished.output


def test_the_demo_leaves_what_it_promises(finished: Demo) -> None:
    """Others build on these names."""
    for name in (
        "report.json",
        "report.html",
        "dataset/report.json",
        "evaluation/tuned.jsonl",
        "evaluation/base.jsonl",
    ):
        assert (LEFT / name).is_file(), name
    kept = finished.document("execution.json")
    assert kept["description"]["status"] == "SUCCEEDED"
    assert kept["history"][-1]["type"] == "ExecutionSucceeded"
    assert not (LEFT / "tmp").exists()


def test_the_throughput_is_created_once_and_deleted(finished: Demo) -> None:
    """Nothing keeps billing, as the other side has seen it."""
    calls = [call for call in finished.lines("bedrock-calls.jsonl") if call["error"] is None]
    created = [call["resource"] for call in calls if call["operation"] == "CreateProvisionedModelThroughput"]
    deleted = [call["resource"] for call in calls if call["operation"] == "DeleteProvisionedModelThroughput"]
    assert len(created) == 1
    assert set(deleted) == set(created), "a deletion that takes its time may be asked for again"
    assert finished.document("report.json")["throughput"]["arn"] == created[0]


def test_every_figure_can_be_computed_again(finished: Demo) -> None:
    """A verdict that nobody can check is none: from the stored answers alone to the report's figures."""
    report = finished.document("report.json")
    assert set(report["arms"]) == {"tuned", "base"}
    for arm, figures in report["arms"].items():
        records = finished.lines(f"evaluation/{arm}.jsonl")
        answers = [record for record in records if "response" in record]
        tokens = [answer["output_tokens"] for answer in answers]
        assert figures["n"] == len(records) == report["dataset"]["test"]
        assert figures["errors"] == len(records) - len(answers)
        for name in ("f1", "f1_seed", "exact_match"):
            scores = [getattr(scoring, name)(answer["response"], answer["reference"]) for answer in answers]
            assert figures[name] == pytest.approx(sum(scores) / len(answers)), (arm, name)
        assert figures["output_tokens"] == pytest.approx(
            {
                "mean": fmean(tokens),
                "median": median(tokens),
                "sd": stdev(tokens),
                "min": min(tokens),
                "max": max(tokens),
            }
        )


def test_a_log_has_no_line_twice(finished: Demo) -> None:
    """In CI the progress is lines: each says something new, however often it is looked."""
    lines = [line.split(" s  ", 1)[-1] for line in finished.output.splitlines() if " s  " in line]
    assert len(lines) == len(set(lines)), finished.output


def test_nothing_is_left_running(finished: Demo) -> None:
    """Emulator, simulated Bedrock, Lambda workers and the CDK all end with the command."""
    assert len(finished.processes) >= 4
    assert not any(is_alive(process) for process in finished.processes)


def is_alive(process: psutil.Process) -> bool:
    """Whether it still does something; one that has ended and that nobody has asked for its status does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_running(number: signal.Signals) -> None:
    """Ctrl-C while the CDK, node and the emulator run."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        COMMAND, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        assert process.stdout is not None
        while "Deploying" not in process.stdout.readline():
            assert process.poll() is None
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
    assert process.returncode != 0
    assert len(children) >= 4
    assert not any(is_alive(child) for child in children)
    assert not (LEFT / "tmp").exists()


def test_a_demo_whose_emulator_loses_its_supervisor_ends_in_a_sentence() -> None:
    """Whoever killed it, or whatever: nothing goes on, and nobody reads a stack trace."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        COMMAND, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        assert process.stdout is not None
        while "Deploying" not in process.stdout.readline():
            assert process.poll() is None
        children = psutil.Process(process.pid).children(recursive=True)
        [supervisor] = [
            child for child in psutil.Process(process.pid).children() if "local.emulator" in child.cmdline()
        ]
        supervisor.kill()
        output = process.stdout.read()
    assert process.returncode == 1
    assert "ended with exit status" in output
    assert "Traceback" not in output
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not any(is_alive(child) for child in alive)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedAws, DeployedEnvironment]]:
    folder = tmp_path_factory.mktemp("deployed")
    settings = {
        "model_lifecycle": {AGED.inference_id: "EOL"},
        "model_access": {NOT_SUBSCRIBED: "NOT_SUBSCRIBED"},
        "no_commitment_model_units": 0,
    }
    with EmbeddedAws(folder, region=ON_DEMAND.customization_regions[0], bedrock_settings=settings) as aws:
        yield aws, deploy(aws, base_model=ON_DEMAND.customization_id)
        # A test takes a grant from one role; what another role lacks might be told by nothing else.
        assert [each for each in denials(aws.decisions) if "ValidateDatasetRole" not in each] == []


def told_of(deployed: tuple[EmbeddedAws, DeployedEnvironment], data: Path) -> tuple[bool, str]:
    """Whether a demo of the data succeeded, and what it printed."""
    console = Console(file=StringIO(), width=120)
    succeeded = demo.run(deployed[0], upload_of(data), progress=Progress(console), console=console)
    assert isinstance(console.file, StringIO)
    return succeeded, console.file.getvalue()


def operations(aws: EmbeddedAws) -> list[str]:
    """The calls that the simulated Bedrock has answered, in order."""
    calls = [json.loads(line) for line in aws.bedrock_calls.read_text().splitlines()]
    return [call["operation"] for call in calls if call["error"] is None]


def test_a_model_past_its_end_of_life_is_refused_with_its_successor(
    deployed: tuple[EmbeddedAws, DeployedEnvironment], tmp_path: Path
) -> None:
    """Nothing is started for it, and the user learns what to change to."""
    shutil.copy(EXAMPLE, tmp_path / "train.jsonl")
    (tmp_path / "run.json").write_text(json.dumps({"base_model": AGED.customization_id}))
    succeeded, printed = told_of(deployed, tmp_path)
    assert not succeeded
    assert "PreflightFailed" in printed
    assert f"(successor: {AGED.successor})" in printed
    assert "CreateModelCustomizationJob" not in operations(deployed[0])


def test_all_that_is_wrong_is_found_before_anything_is_started(
    deployed: tuple[EmbeddedAws, DeployedEnvironment], tmp_path: Path
) -> None:
    """Through the state machine and its roles: each finding is named, and the data is not blamed for it.

    Its further models are known to the project, and not to the simulated Bedrock.
    """
    aws, deployment = deployed
    settings = {
        "hyperparameters": {"epochs": 2, "learningRate": "high"},
        "sweep": {"jobs": 3, "grid": {"epochCount": [1, 99]}},
        "serving": "provisioned_throughput",
        "evaluation": {
            "models": ["amazon.nova-premier-v1:0"],
            "judges": ["anthropic.claude-3-7-sonnet-20250219-v1:0", NOT_SUBSCRIBED],
        },
    }
    shutil.copy(EXAMPLE, tmp_path / "train.jsonl")
    (tmp_path / "run.json").write_text(json.dumps(settings))
    aws.client("s3").put_object(Bucket=deployment.input_bucket, Key="prices.json", Body=b'{"currency": NaN}')
    succeeded, printed = told_of(deployed, tmp_path)
    aws.client("s3").delete_object(Bucket=deployment.input_bucket, Key="prices.json")
    assert not succeeded
    assert "PreflightFailed" in printed
    found = json.loads((aws.directory / "preflight.json").read_text())["checks"]
    assert {each["check"] for each in found if each["status"] == "failed"} == {
        "hyperparameters", "sweep-grid", "quota-model-units", "quota-model-units-of-model", "models-accessible",
        "models-callable", "prices",
    }  # fmt: skip
    data = json.loads((aws.directory / "dataset" / "report.json").read_text())
    assert (data["status"], data["issue_counts"]) == ("accepted", {"job-settings": 3})
    assert "CreateModelCustomizationJob" not in operations(aws)


def exported(folder: Path) -> Path:
    """The example as people export it: a table of Excel with semicolons in Windows-1252, and a packed test set."""
    values = [json.loads(line) for line in EXAMPLE.read_text().splitlines()]
    pairs = [[message["content"] for message in value["messages"]] for value in values]
    system = f"{values[0]['system']} Größe in €."
    with (folder / "train.csv").open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows(
            [("System", "Prompt", "Completion"), *([system, *p] for p in pairs[90:])]
        )
    test = [{"system": system, "prompt": prompt, "completion": answer} for prompt, answer in pairs[:90]]
    (folder / "test.json.gz").write_bytes(gzip.compress(json.dumps(test, indent=2).encode()))
    return folder


def test_a_model_that_is_served_on_demand_buys_no_throughput(
    deployed: tuple[EmbeddedAws, DeployedEnvironment], tmp_path: Path
) -> None:
    """The cheapest way that the base model allows, and its deployment is gone afterwards; from files as people have."""
    aws, deployment = deployed
    succeeded, printed = told_of(deployed, exported(tmp_path))
    assert succeeded, printed
    data = json.loads((aws.directory / "dataset" / "report.json").read_text())
    assert [file["format"] for file in data["files"]] == [
        "CSV with prompt, completion",
        "JSON array in gzip with prompt/completion",
    ]
    assert "Größe in €." in (aws.directory / "dataset" / "train.jsonl").read_text()
    folder = f"input/{tmp_path.resolve().name}"
    listed = aws.client("s3").list_objects_v2(Bucket=deployment.input_bucket, Prefix=folder)["Contents"]
    assert [each["Key"] for each in listed] == [f"{folder}/test.json.gz", f"{folder}/train.csv"]
    assert "Served by an on-demand deployment" in printed
    assert "No custom model deployment is left." in printed
    done = operations(aws)
    assert done.count("CreateCustomModelDeployment") == 1
    assert "CreateProvisionedModelThroughput" not in done
    assert aws.client("bedrock").list_custom_model_deployments()["modelDeploymentSummaries"] == []


def test_a_run_ends_with_access_denied_where_a_grant_is_missing(
    deployed: tuple[EmbeddedAws, DeployedEnvironment],
) -> None:
    """A statement that somebody removes from a role is missed here, not only on AWS."""
    aws, _ = deployed
    iam = aws.client("iam")
    [role] = [each["RoleName"] for each in iam.list_roles()["Roles"] if "ValidateDatasetRole" in each["RoleName"]]
    [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    granted = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    kept = [each for each in granted["Statement"] if "s3:GetObjectVersion" not in each["Action"]]
    assert len(kept) == len(granted["Statement"]) - 1
    put = {"RoleName": role, "PolicyName": policy}
    before = len(operations(aws))
    iam.put_role_policy(**put, PolicyDocument=json.dumps({**granted, "Statement": kept}))
    try:
        succeeded, printed = told_of(deployed, EXAMPLE)
    finally:
        iam.put_role_policy(**put, PolicyDocument=json.dumps(granted))
    assert not succeeded
    assert "is not authorized to perform: s3:GetObjectVersion" in " ".join(printed.split())
    assert not any(operation.startswith("Create") for operation in operations(aws)[before:])


def test_a_refused_data_set_is_told_line_by_line(
    deployed: tuple[EmbeddedAws, DeployedEnvironment], tmp_path: Path
) -> None:
    """The user repairs the file by what is printed; nothing was bought for it."""
    aws, _ = deployed
    lines = EXAMPLE.read_text().splitlines()[:100]
    lines[6] = "{"
    data = tmp_path / "broken.jsonl"
    data.write_text("\n".join(lines))
    before = len(operations(aws))
    succeeded, printed = told_of(deployed, data)
    assert not succeeded
    assert "DatasetRejected" in printed
    assert "line 7: " in printed
    assert not any(operation.startswith("Create") for operation in operations(aws)[before:])
    assert json.loads((aws.directory / "dataset" / "report.json").read_text())["status"] == "rejected"


@pytest.mark.parametrize(("succeeded", "status"), [(True, 0), (False, 1)])
def test_the_exit_status_tells_the_outcome(succeeded: bool, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts and CI read nothing else."""
    monkeypatch.setattr(demo, "run_demo", lambda *_, **__: succeeded)
    assert CliRunner().invoke(main.app, ["demo"]).exit_code == status


def test_a_kept_aws_says_how_to_use_it_and_ends_on_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result of the run is the command's, however long the rest was kept."""
    aws, console = Mock(), Console(file=StringIO(), width=200)
    environment = Mock(command=lambda words: f"(. credentials && fine-tune {words})")
    monkeypatch.setattr(demo, "environment_on", lambda _: environment)
    monkeypatch.setattr("signal.pause", Mock(side_effect=[None, KeyboardInterrupt]))
    demo.wait_for_interrupt(aws, console)
    assert isinstance(console.file, StringIO)
    assert "(. credentials && fine-tune run <file or folder>)" in console.file.getvalue()


@pytest.mark.parametrize("options", [[], ["--keep"]])
def test_only_a_kept_aws_waits(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A script must not hang behind its demo."""
    run_demo = Mock(return_value=True)
    monkeypatch.setattr(demo, "run_demo", run_demo)
    assert CliRunner().invoke(main.app, ["demo", *options]).exit_code == 0
    assert run_demo.call_args.kwargs["keep"] is bool(options)


@pytest.mark.parametrize(
    ("record", "settings", "words"),
    [
        ({"prompt": "q"}, "{}", "completion is missing"),
        ({"prompt": "q", "completion": "a"}, '{"hyperparameters": {"epochCont": 3}}', "epochCont"),
    ],
)
def test_a_refused_data_set_is_told_before_anything_is_deployed(
    record: dict[str, str], settings: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In seconds, with the findings and what to do, as `fine-tune validate` tells them."""
    run_demo = Mock(return_value=True)
    monkeypatch.setattr(demo, "run_demo", run_demo)
    (tmp_path / "train.jsonl").write_text(json.dumps(record) + "\n")
    (tmp_path / "run.json").write_text(settings)
    result = CliRunner().invoke(main.app, ["demo", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert words in result.output
    assert "→" in result.output
    assert "Nothing was deployed" in result.output
    run_demo.assert_not_called()


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Before anything is started."""
    result = CliRunner().invoke(main.app, ["demo", "--data", str(tmp_path / "missing")])
    assert result.exit_code == 2
    assert "There is no file or folder" in result.output


def test_a_model_that_cannot_be_tuned_is_told_with_those_that_can() -> None:
    """Before anything is started: a deployment for it would be refused half a minute later."""
    result = CliRunner().invoke(main.app, ["demo", "--model", "anthropic.claude-2"])
    assert result.exit_code == 2
    assert all(entry.customization_id in result.output for entry in catalogue())


@pytest.mark.parametrize(
    "model", [one for entry in catalogue() for one in (entry.customization_id, entry.inference_id)]
)
def test_a_model_is_deployed_where_it_can_be_tuned(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By either of its ids: nobody should have to know its Regions."""
    run_demo = Mock(return_value=True)
    monkeypatch.setattr(demo, "run_demo", run_demo)
    assert CliRunner().invoke(main.app, ["demo", "--model", model]).exit_code == 0
    chosen: BaseModelEntry = run_demo.call_args.kwargs["model"]
    assert model in (chosen.customization_id, chosen.inference_id)
    assert demo.embedded_aws_for(chosen, "ACTIVE", tmp_path).region in chosen.customization_regions


@pytest.mark.parametrize(("options", "model"), [((), ON_DEMAND), (("--model", AGED.customization_id), AGED)])
def test_the_model_of_a_run_json_is_deployed_where_none_is_asked_for(
    options: tuple[str, ...], model: BaseModelEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a deployment elsewhere, as the default's would be, the preflight would refuse it."""
    run_demo = Mock(return_value=True)
    monkeypatch.setattr(demo, "run_demo", run_demo)
    (tmp_path / "train.jsonl").write_bytes(EXAMPLE.read_bytes())
    (tmp_path / "run.json").write_text(json.dumps({"base_model": ON_DEMAND.inference_id}))
    assert CliRunner().invoke(main.app, ["demo", "--data", str(tmp_path), *options]).exit_code == 0
    assert run_demo.call_args.kwargs["model"] == model


def test_the_life_cycle_is_that_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its successor stays active, and so do the other arms."""
    run_demo = Mock(return_value=False)
    monkeypatch.setattr(demo, "run_demo", run_demo)
    assert CliRunner().invoke(main.app, ["demo", "--lifecycle", "EOL"]).exit_code == 1
    assert run_demo.call_args.kwargs["lifecycle"] == "EOL"
    aws = demo.embedded_aws_for(AGED, "EOL", tmp_path)
    assert aws.bedrock_settings == {"model_lifecycle": {AGED.inference_id: "EOL"}}


def test_a_folder_is_uploaded_with_the_training_data_last(tmp_path: Path) -> None:
    """train.jsonl starts the run, which reads its siblings."""
    folder = tmp_path / "tables"
    folder.mkdir()
    for name in ("train.jsonl", "run.json", "test.jsonl", "notes.txt"):
        (folder / name).touch()
    upload = upload_of(folder)
    assert [*upload.files] == ["input/tables/test.jsonl", "input/tables/run.json", "input/tables/train.jsonl"]
    assert upload.key == "input/tables/train.jsonl"


def test_a_folder_without_training_data_is_refused(tmp_path: Path) -> None:
    """Nothing else starts a run, so it would wait in vain."""
    with pytest.raises(NoDataSetError, match=r"no train\.jsonl"):
        upload_of(tmp_path)


def test_two_demos_of_a_checkout_do_not_mix(tmp_path: Path) -> None:
    """The second would empty the first one's folder."""
    with (
        emptied(tmp_path / "demo", DEMO, demo.WRITTEN),
        pytest.raises(FolderInUseError),
        emptied(tmp_path / "demo", DEMO, demo.WRITTEN),
    ):
        pass


def test_an_object_that_starts_nothing_is_told(
    deployed: tuple[EmbeddedAws, DeployedEnvironment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for ever would hide a wrong rule."""
    aws, there = deployed
    monkeypatch.setattr("cli.demo.SECONDS_TO_START", 1)
    elsewhere = replace(demo.environment_on(aws), input_bucket=there.output_bucket)
    monkeypatch.setattr(demo, "environment_on", lambda _: elsewhere)
    with pytest.raises(execution.NoExecutionError, match=r"no run financial-tables-[0-9a-f]{12}.*`.*fine-tune runs"):
        told_of(deployed, EXAMPLE)


def test_an_upload_that_cannot_start_a_run_reaches_people_by_the_topic(
    deployed: tuple[EmbeddedAws, DeployedEnvironment],
) -> None:
    """Through the deployed rule, function and topic; a sibling beside it says nothing, and no execution fails."""
    aws, deployment = deployed
    outputs = aws.client("cloudformation").describe_stacks(StackName=f"{setting('deployment')}-pipeline")["Stacks"][0]
    topic = next(each["OutputValue"] for each in outputs["Outputs"] if each["OutputKey"] == "ResultTopic")
    sqs, executions = aws.client("sqs"), aws.client("stepfunctions").list_executions
    queue = sqs.create_queue(QueueName="unused-uploads")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    before = executions(stateMachineArn=deployment.state_machine)["executions"]
    for key in ("input/a/test.jsonl", "input/a/b/train.jsonl", "input/a.txt"):
        aws.client("s3").put_object(Bucket=deployment.input_bucket, Key=key, Body=b"x")
    subjects: set[str] = set()
    deadline = time.monotonic() + 120
    while len(subjects) < 2 and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5).get("Messages", []):
            subjects.add(json.loads(message["Body"])["Subject"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert subjects == {"input/a.txt starts no run", "input/a/b/train.jsonl starts no run"}
    assert executions(stateMachineArn=deployment.state_machine)["executions"] == before
