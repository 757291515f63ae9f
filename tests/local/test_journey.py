"""`make journey`: from `fine-tune init` to a tuned model's answer in an application, on to its successor, and back.

All of it is what docs/use-the-model.md, docs/runs.md and the README tell people to do, on one embedded AWS.
"""

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import main
from cli.commands.options import EXAMPLE
from cli.smoke.places import Embedded
from cli.smoke.removal import remove
from cli.target import target_of
from local.checkout import CHECKOUT
from local.deployment import bootstrap, host_settings, run_cdk, setting
from local.embedded_aws import ACCOUNT, EmbeddedAws, host_runtime
from local.permissions.denials import denials
from local.terminal import Console

pytestmark = pytest.mark.xdist_group("embedded-aws")

APPLICATION = CHECKOUT / "examples" / "application"
RECORDS = [json.loads(line) for line in EXAMPLE.read_text().splitlines()]
# Records of the same table stay on one side: both runs are measured on these.
TEST = RECORDS[-240:]
EARLIER, LATER = RECORDS[:165], RECORDS[:360]
PAUSE_SECONDS = 0.2


def tell(step: str) -> None:
    """For whoever watches `make journey`."""
    Console().write_line(f"• {step}")


def fine_tune(*words: object, status: int = 0) -> str:
    """What the command says."""
    tell(f"fine-tune {' '.join(map(str, words))}")
    done = CliRunner().invoke(main.app, [str(word) for word in words])
    assert done.exit_code == status, done.output
    return done.output


def data_set(folder: Path, name: str, records: list[Any], *, epochs: int) -> Path:
    """A data set to run, with the test set that all runs share."""
    made = folder / name
    made.mkdir()
    for file, lines in (("train", records), ("test", TEST)):
        (made / f"{file}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (made / "run.json").write_text(json.dumps({"hyperparameters": {"epochCount": epochs}}))
    return made


@dataclass
class Application:
    """The example application, which is asked without a pause while `asking`."""

    aws: EmbeddedAws
    function: str
    answered: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def ask(self) -> dict[str, Any]:
        """The answer to a question of the data set."""
        question = {"prompt": TEST[0]["messages"][0]["content"]}
        called = self.aws.client("lambda").invoke(FunctionName=self.function, Payload=json.dumps(question).encode())
        answer = json.load(called["Payload"])
        if "FunctionError" in called:
            raise AssertionError(answer)
        return dict(answer)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Notes from which runs' models the answers come, and each request that fails."""
        stopped = threading.Event()

        def ask_on() -> None:
            while not stopped.wait(PAUSE_SECONDS):
                try:
                    self.answered.append(self.ask()["run_id"])
                except Exception as error:  # whatever it is, the application has no answer
                    self.failures.append(str(error))

        thread = threading.Thread(target=ask_on)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()


def deploy_application(aws: EmbeddedAws, target_arn: str) -> Application:
    """As docs/use-the-model.md deploys it; the code that `aws cloudformation package` uploads is uploaded here."""
    runtime, architecture = host_runtime()
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.write(APPLICATION / "handler.py", "handler.py")
    bucket = f"cdk-hnb659fds-assets-{ACCOUNT}-{aws.region}"
    aws.client("s3").put_object(Bucket=bucket, Key="application.zip", Body=code.getvalue())
    template = json.loads((APPLICATION / "template.json").read_text())
    template["Resources"]["Function"]["Properties"] |= {
        "Code": {"S3Bucket": bucket, "S3Key": "application.zip"},
        "Runtime": runtime,
        "Architectures": [architecture],
    }
    stacks = aws.client("cloudformation")
    parameters = {"Environment": setting("deployment"), "TargetArn": target_arn}
    stacks.create_stack(
        StackName="my-application",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    stacks.get_waiter("stack_create_complete").wait(StackName="my-application", WaiterConfig={"Delay": 1})
    [stack] = stacks.describe_stacks(StackName="my-application")["Stacks"]
    [output] = stack["Outputs"]
    return Application(aws, output["OutputValue"])


@dataclass
class Reconciler:
    """The schedule calls it every `reconcile_minutes`; here nobody waits for it."""

    aws: EmbeddedAws

    def until(self, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The endpoint once it is enough, a turn after the other."""
        lambdas = self.aws.client("lambda")
        pages = lambdas.get_paginator("list_functions").paginate().build_full_result()["Functions"]
        [name] = [one["FunctionName"] for one in pages if "ReconcileThroughput" in one["FunctionName"]]
        scheduled = json.dumps({"source": "aws.events", "detail": {}}).encode()
        while not enough(found := endpoint_of(self.aws)):
            turn = lambdas.invoke(FunctionName=name, Payload=scheduled)
            assert "FunctionError" not in turn, turn["Payload"].read()
            time.sleep(PAUSE_SECONDS)
        return found


def endpoint_of(aws: EmbeddedAws) -> dict[str, Any]:
    """What applications read."""
    value = aws.client("ssm").get_parameter(Name=f"/{setting('deployment')}/endpoint")["Parameter"]["Value"]
    return dict(json.loads(value))


def name_of(aws: EmbeddedAws, target_arn: str) -> str:
    """The name of a deployment."""
    found = aws.client("bedrock").get_custom_model_deployment(customModelDeploymentIdentifier=target_arn)
    return str(found["modelDeploymentName"])


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    """An account with nothing in it but what the CDK CLI needs, and a shell that is signed in to it."""
    with EmbeddedAws(tmp_path / "aws", region=setting("region")) as aws:
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        for name, value in aws.environment.items():
            if name.startswith("AWS_") or name.lower() == "no_proxy":
                monkeypatch.setenv(name, value)
        tell("cdk bootstrap")
        bootstrap(aws)
        yield aws
        assert denials(aws.decisions) == [], "a permission is missing, which no failure may have told"


def deploy(aws: EmbeddedAws, cdk_json: Path) -> dict[str, str]:
    """`cdk deploy` with the settings in this file; returns those that are not the checkout's."""
    before, after = (
        json.loads(path.read_text())["context"]["fine-tuning"] for path in (CHECKOUT / "cdk.json", cdk_json)
    )
    changed = {name: str(value) for name, value in after.items() if value != before[name]} | host_settings(aws)
    tell("cdk deploy")
    run_cdk(aws, "deploy", changed, "--require-approval", "never")
    return changed


def test_from_init_to_an_answer_in_an_application_and_back_to_nothing(
    aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for an answer while the second run's model takes the first one's place, and nothing stays."""
    cdk_json = tmp_path / "cdk.json"
    cdk_json.write_bytes((CHECKOUT / "cdk.json").read_bytes())
    monkeypatch.setattr("cli.cdk_json.CDK_JSON", cdk_json)
    region = setting("region")
    fine_tune(
        "init",
        "--region",
        region,
        "--model",
        setting("base_model"),
        "--email",
        "none",
        "--max-run-cost-usd",
        80,
        "--yes",
    )
    settings = json.loads(cdk_json.read_text())
    assert settings["context"]["fine-tuning"]["max_run_cost_usd"] == 80
    deploy(aws, cdk_json)
    environment, reconciler = setting("deployment"), Reconciler(aws)

    assert "Verdict: promote" in fine_tune(
        "run", data_set(tmp_path, "earlier", EARLIER, epochs=2), "--out", tmp_path / "1"
    )
    [earlier] = [one["run_id"] for one in json.loads(fine_tune("runs", "--json"))["runs"]]
    fine_tune("serve", "champion", "--yes")
    assert name_of(aws, endpoint_of(aws)["target_arn"]) == f"{environment}-{earlier}-s"
    said = json.loads(fine_tune("ask", "champion", TEST[0]["messages"][0]["content"], "--json"))
    tuned, base = said["answers"]
    assert (tuned["error"], base["error"]) == (None, None)

    application = deploy_application(aws, f"arn:aws:bedrock:{region}:{ACCOUNT}:custom-model-deployment/*")
    assert application.ask() == {"answer": tuned["answer"], "run_id": earlier}

    # From now on the environment serves its champion itself.
    settings["context"]["fine-tuning"]["serve_champion"] = "on_demand"
    cdk_json.write_text(json.dumps(settings))
    changed = deploy(aws, cdk_json)
    with application.asking():
        fine_tune("run", data_set(tmp_path, "later", LATER, epochs=5), "--out", tmp_path / "2")
        later = json.loads((tmp_path / "2" / "report.json").read_text())
        assert later["decision"]["verdict"] == "promote", later["decision"]["reasons"]
        second = reconciler.until(lambda endpoint: endpoint["run_id"] == later["run_id"])
        fine_tune("unserve", earlier)
        while later["run_id"] not in application.answered:
            time.sleep(PAUSE_SECONDS)
    assert application.failures == []
    assert list(dict.fromkeys(application.answered)) == [earlier, later["run_id"]]
    assert name_of(aws, second["target_arn"]) == f"{environment}-champion"
    deployments = aws.client("bedrock").list_custom_model_deployments()["modelDeploymentSummaries"]
    assert [one["customModelDeploymentArn"] for one in deployments] == [second["target_arn"]]

    tell("cdk destroy")
    target = target_of(None, region, None).with_settings(changed)
    aws.client("cloudformation").delete_stack(StackName="my-application")
    assert remove(Embedded(aws), target, tell) == []
