"""`fine-tune preflight`: a run's checks on the caller's account, through endpoints as of the embedded AWS."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli import main
from cli.account import Account
from lambdas.domain.models.catalogue import BaseModelEntry, catalogue
from lambdas.domain.preflight.quotas import InUse, Needs, Quota, quota_checks
from local.bedrock.foundation_models import SimulatedFoundationModels
from local.bedrock.service_quotas import ServiceQuotas
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, HAIKU, TOKEN, Simulation

EXAMPLES = Path(__file__).parents[3] / "examples"
REGION = "us-west-2"
# All of its prices are known; a run whose cost is not known is refused.
PRICED = "meta.llama3-3-70b-instruct-v1:0:128k"


@pytest.fixture
def settings() -> SimulationSettings:
    """In the Region of the model."""
    return SimulationSettings(region=REGION)


@pytest.fixture(autouse=True)
def account(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The caller's account: the simulated Bedrock, all else moto's."""
    for service in ("BEDROCK", "BEDROCK_RUNTIME", "SERVICE_QUOTAS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", simulation.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    yield


def run(folder: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    """The command's exit status, its document and what it printed; its output folder is in this one."""
    out = folder / "out"
    result = CliRunner().invoke(
        main.app, ["preflight", "--out", str(out), "--region", REGION, "--model", HAIKU, *options]
    )
    path = out / "preflight.json"
    return result.exit_code, json.loads(path.read_text()) if path.is_file() else {}, result.output


def statuses(document: dict[str, Any]) -> dict[str, str]:
    """The status of each check."""
    return {each["check"]: each["status"] for each in document["checks"]}


@pytest.fixture(autouse=True)
def stacks(monkeypatch: pytest.MonkeyPatch, account: None) -> dict[str, dict[str, str]]:
    """The outputs of the stacks that there are, which CloudFormation tells after this mapping; none at first."""
    outputs: dict[str, dict[str, str]] = {}
    told = boto3.client("cloudformation", region_name=REGION)

    def describe(StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if StackName not in outputs:
            error = {"Error": {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}}
            raise ClientError(error, "DescribeStacks")  # type: ignore[arg-type] # without the response's metadata
        if "denied" in outputs[StackName]:
            denial = {"Error": {"Code": "AccessDenied", "Message": "No."}}
            raise ClientError(denial, "DescribeStacks")  # type: ignore[arg-type] # without the response's metadata
        found = [{"OutputKey": name, "OutputValue": value} for name, value in outputs[StackName].items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": found}]}

    monkeypatch.setattr(told, "describe_stacks", describe)
    client = Account.client
    monkeypatch.setattr(Account, "client", lambda own, name: told if name == "cloudformation" else client(own, name))
    return outputs


def test_account_without_a_deployment_is_checked_as_far_as_it_goes(tmp_path: Path) -> None:
    """Before the first deployment one wants to know whether the model can be tuned and served at all."""
    status, document, output = run(tmp_path)
    assert (status, document["status"]) == (0, "passed")
    found = statuses(document)
    assert found["model-customizable"] == found["quota-model-units"] == found["models-callable"] == "passed"
    assert {found[check] for check in ("role-trusts-bedrock", "bucket-region", "key-usable", "names-free")} == {
        "skipped"
    }
    assert "There are no stacks yet." in " ".join(each["message"] for each in document["checks"])
    assert "Preflight passed." in output


def test_data_set_gives_an_estimate_and_wrong_hyperparameters_fail(tmp_path: Path) -> None:
    """What would end the run before it starts is known before anything is uploaded."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.jsonl").write_bytes((EXAMPLES / "financial-tables.jsonl").read_bytes())
    status, document, _ = run(tmp_path, "--data", str(data), "--model", PRICED)
    assert status == 0
    assert document["estimate"]["lines"]
    (data / "run.json").write_text('{"hyperparameters": {"epochs": 3}, "sweep": {"jobs": 9}}')
    status, document, output = run(tmp_path, "--data", str(data), "--model", PRICED)
    assert status == 1
    assert statuses(document)["hyperparameters"] == statuses(document)["sweep-jobs"] == "failed"
    assert "Preflight failed." in output


def test_plan_is_a_table_of_its_candidates(tmp_path: Path) -> None:
    """Who decides on a sweep sees what each of its jobs, and each that is served, costs."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.jsonl").write_bytes((EXAMPLES / "financial-tables.jsonl").read_bytes())
    (data / "run.json").write_text('{"sweep": {"grid": {"epochCount": [2, 4]}}, "serve": [2]}')
    status, document, output = run(tmp_path, "--data", str(data), "--model", PRICED)
    assert status == 0
    *candidates, chosen = document["estimate"]["candidates"]
    assert [row["candidate"] for row in candidates] == [1, 2, 3]
    assert [row["served"] for row in candidates] == [False, True, False]
    assert (chosen["candidate"], chosen["served"]) == (None, True)
    rows = [[cell.strip() for cell in line.split("\u2502")[1:-1]] for line in output.splitlines() if "\u2502" in line]
    told = {row[0]: row for row in rows if len(row) == 6 and row[0]}
    first, records = told["1"], candidates[0]["records"]
    assert first[1:5] == [f"{records:,}", "epochCount 5", f"{candidates[0]['training_usd']:,.2f}", "none"]
    assert told["2"][4] != "none"
    assert told["all"][5] == f"{document['estimate']['total_usd']:,.2f}"
    factor = document["estimate"]["training_factor"]
    assert factor == pytest.approx((5 + 2 + 4) / 5)
    assert f"The candidates train on {factor:.4g} times the tokens of one run." in output


def test_model_of_another_region_fails(tmp_path: Path) -> None:
    """A base model is fine-tuned in few Regions."""
    status, document, _ = run(tmp_path, "--model", "amazon.nova-lite-v1:0:300k")
    assert status == 1
    assert statuses(document)["region"] == "failed"


def test_what_a_deployment_has_is_checked_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stacks: dict[str, dict[str, str]]
) -> None:
    """A role that somebody changed fails a job after the data was prepared."""
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = boto3.client("iam").create_role(
        RoleName="customization", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    buckets = {"InputBucket": BUCKET, "OutputBucket": BUCKET}
    stacks["fine-tuning-data"] = {**buckets, "CustomizationRoleArn": role}
    monkeypatch.setattr("lambdas.adapters.aws.identity.Identity.denied", lambda *_: [])
    status, document, _ = run(tmp_path)
    assert status == 1
    assert statuses(document)["role-trusts-bedrock"] == "failed"
    assert statuses(document)["bucket-region"] == statuses(document)["role-writes-output"] == "passed"
    assert statuses(document)["role-can-be-passed"] == "skipped"


def test_caller_who_may_not_read_the_stacks_gets_the_other_checks(
    tmp_path: Path, stacks: dict[str, dict[str, str]]
) -> None:
    """A permission that is missing for one check hides no other."""
    stacks["fine-tuning-data"] = {"denied": "AccessDenied"}
    status, document, _ = run(tmp_path)
    assert status == 0
    assert statuses(document)["model-customizable"] == statuses(document)["quota-model-units"] == "passed"
    [told] = {each["message"] for each in document["checks"] if each["check"].startswith("role-")}
    assert "fine-tuning-data cannot be read: " in told
    assert "AccessDenied" in told


@pytest.mark.assumption("quota-units-by-model-are-found-by-name")
@pytest.mark.parametrize(
    ("model", "serving"), [(entry, serving) for entry in catalogue() for serving in entry.serving], ids=str
)
def test_each_quota_of_each_model_is_known(model: BaseModelEntry, serving: str) -> None:
    """A quota that is not found warns only: a model whose quota is 0 would be trained and could not be served."""
    there = SimulationSettings(region=model.customization_regions[0])
    told = ServiceQuotas(there, SimulatedFoundationModels(there)).list_defaults
    pages = [told({"ServiceCode": "bedrock"})]
    while token := pages[-1].get("NextToken"):
        pages.append(told({"ServiceCode": "bedrock", "NextToken": token}))
    listed = [Quota(each["QuotaCode"], each["QuotaName"], 0) for page in pages for each in page["Quotas"]]
    checks = quota_checks(Needs(model, serving, 1, there.region), listed, InUse(0, 0, 0, 0))
    assert {check.status for check in checks if check.skipped is None} == {"failed"}


def test_without_credentials_nothing_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first thing that a new user meets must say what to do, not show a stack trace."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    status, document, output = run(tmp_path)
    assert (status, document) == (2, {})
    assert "There are no AWS credentials" in output


def test_data_that_the_gate_refuses_ends_with_its_reason(tmp_path: Path) -> None:
    """A run of it would not get as far as the preflight."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.jsonl").write_text('{"prompt": "a"}\n')
    assert run(tmp_path, "--data", str(data))[0] == 1
    (data / "run.json").write_text('{"epochs": 1}')
    assert "no such setting" in run(tmp_path, "--data", str(data))[2]
