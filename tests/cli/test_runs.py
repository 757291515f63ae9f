"""`fine-tune runs`: how each run has gone, and what is left that costs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli.run_table import tell_runs
from cli.runs import ListedRun, RunList, list_runs
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.serving.standing import champion_names
from local.terminal import Console
from tests.cli.account_script import ScriptedAccount

NOVA = "amazon.nova-2-lite-v1:0:256k"
OLD, NEW, RUNNING = "sales-0123456789ab", "sales-1123456789ab", "sales-2123456789ab"
MADE = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAccount]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield ScriptedAccount()


def failed_report(run_id: str) -> dict[str, Any]:
    unknown = dict.fromkeys(
        [
            *("simulated", "custom_model_arn", "arms", "serving", "throughput", "hyperparameters", "recommended"),
            *("evaluation", "preflight", "task", "comparisons", "judging", "decision", "extremes", "lineage"),
        ]
    )
    training = dict.fromkeys(
        [
            *("job_arn", "started_at", "ended_at", "epochs"),
            *("best_epoch", "stopped_early", "overfitting", "explanation"),
        ]
    )
    return {
        **unknown, "run_id": run_id, "status": "failed", "base_model": NOVA, "training": training,
        "dataset": {"train": 1, "validation": 1, "test": 1}, "left_on_purpose": [],
        "error": {"name": "PreflightFailed", "cause": "No."},
    }  # fmt: skip


def with_models(account: ScriptedAccount, *names: str) -> None:
    account.bedrock_lists["list_custom_models"] = {  # type: ignore[assignment] # one page
        "modelSummaries": [{"modelArn": f"arn:m/{name}", "modelName": name, "creationTime": MADE} for name in names]
    }


def listed(account: ScriptedAccount) -> RunList:
    return list_runs(account.environment, None)


def told(runs: RunList, width: int = 200) -> str:
    console = Console(file=StringIO(), width=width)
    tell_runs(console, runs)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_runs_are_listed_from_the_newest_with_how_they_have_gone(account: ScriptedAccount) -> None:
    """With a report, without one and while they run."""
    account.claim(OLD, at="2026-11-20T10:00:00.000Z")
    account.put(f"runs/{OLD}/report.json", failed_report(OLD))
    account.claim(NEW, "arn:aborted", at="2026-11-21T10:00:00.000Z")
    account.claim(RUNNING, "arn:running", at="2026-11-22T10:00:00.000Z")
    account.put(f"runs/{RUNNING}/dataset/report.json", {"base_model": NOVA})
    account.executions = [("arn:running", "RUNNING", "{}"), ("arn:aborted", "TIMED_OUT", "{}")]
    found = listed(account)
    assert [(run.run_id, run.status, run.error, run.model) for run in found.runs] == [
        (RUNNING, "running", None, NOVA),
        (NEW, "timed out", None, None),
        (OLD, "failed", "PreflightFailed", NOVA),
    ]
    assert "PreflightFailed" in told(found, width=80)
    assert all(text in told(found, width=80) for text in (OLD, NEW, RUNNING, NOVA))
    assert "Nothing that costs is left." in told(found)


def test_what_is_left_has_its_price(account: ScriptedAccount) -> None:
    """A model costs by the month for as long as nobody deletes it, a forgotten throughput by the hour."""
    account.claim(OLD)
    account.put(f"runs/{OLD}/report.json", failed_report(OLD))
    with_models(account, f"team-{OLD}-c1", f"team-{OLD}-c2")
    throughput = {"provisionedModelArn": "arn:t", "provisionedModelName": f"team-{OLD}", "modelUnits": 2}
    account.bedrock_lists["list_provisioned_model_throughputs"] = {  # type: ignore[assignment] # one page
        "provisionedModelSummaries": [{**throughput, "creationTime": MADE}]
    }
    found = listed(account)
    prices = default_prices().base_models[NOVA]
    assert prices.storage_per_month
    assert prices.model_unit_per_hour
    month_usd, unit_usd = prices.storage_per_month.usd, prices.model_unit_per_hour.usd
    [run] = found.runs
    assert [(one.kind, one.usd, one.per) for one in run.left] == [
        ("throughput", 2 * unit_usd, "hour"),
        ("custom model", month_usd, "month"),
        ("custom model", month_usd, "month"),
    ]
    month = f"{2 * month_usd:.2f} USD a month"
    assert f"Left in all: 1 throughput, {2 * unit_usd:.2f} USD an hour; 2 custom models, {month}." in (told(found))


@pytest.mark.parametrize("number", [0, 1])
def test_the_champions_own_deployment_stands_with_the_run_whose_model_it_serves(
    account: ScriptedAccount, number: int
) -> None:
    """Its name tells of no run, its tags do; another environment's of that name is not told."""
    account.claim(OLD)
    deployments = {f"arn:d/{environment}": champion_names("team")[number] for environment in ("team", "another")}
    account.bedrock_lists["list_custom_model_deployments"] = {  # type: ignore[assignment] # one page
        "modelDeploymentSummaries": [
            {"customModelDeploymentArn": arn, "customModelDeploymentName": name, "createdAt": MADE}
            for arn, name in deployments.items()
        ]
    }

    def tags_of(*, resourceARN: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        tags = {"deployment": resourceARN.removeprefix("arn:d/"), "run-id": OLD}
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    account.bedrock.list_tags_for_resource.side_effect = tags_of
    found = listed(account)
    assert [(one.kind, one.arn) for one in found.runs[0].left] == [("custom model deployment", "arn:d/team")]
    assert found.left_of_no_run == []


def test_an_unknown_price_is_said_to_be_unknown(account: ScriptedAccount) -> None:
    """Never 0, never guessed."""
    account.claim(OLD)
    with_models(account, f"team-{OLD}-c1")
    assert "1 custom model, price unknown a month" in told(listed(account))


def test_models_of_runs_that_the_bucket_does_not_know_are_told(account: ScriptedAccount) -> None:
    """The bucket was deleted with its environment; the models go on to cost. Others' models are not ours."""
    ours, theirs = f"team-{OLD}-c1", f"team-eu-{OLD}-c1"
    with_models(account, ours, theirs)
    account.tags = {f"arn:m/{ours}": "team", f"arn:m/{theirs}": "team-eu"}
    found = listed(account)
    assert [one.arn for one in found.left_of_no_run] == [f"arn:m/{ours}"]
    assert f"Of no run in the output bucket: custom model arn:m/{ours}" in told(found)


def test_what_has_no_tags_yet_is_told_and_what_is_gone_is_not(account: ScriptedAccount) -> None:
    """Bedrock's lists and tags may lag behind: nothing that costs may be missing in the list."""
    new, gone = f"team-{NEW}-c1", f"team-{OLD}-c1"
    with_models(account, new, gone)

    def tags_of(*, resourceARN: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if resourceARN == f"arn:m/{new}":
            return {"tags": []}
        refusal = {"Code": "ValidationException", "Message": "The provided resource ARN is invalid."}
        raise ClientError({"Error": refusal, "ResponseMetadata": {}}, "ListTagsForResource")  # type: ignore[typeddict-item]

    account.bedrock.list_tags_for_resource.side_effect = tags_of
    assert [one.arn for one in listed(account).left_of_no_run] == [f"arn:m/{new}"]


def test_a_report_of_another_version_hides_no_other_run(account: ScriptedAccount) -> None:
    """An environment outlives versions of the command."""
    account.claim(OLD, at="2026-11-20T10:00:00.000Z")
    account.put(f"runs/{OLD}/report.json", {"status": "done"})
    account.claim(NEW)
    assert [(run.run_id, run.status) for run in listed(account).runs] == [(NEW, "unknown"), (OLD, "unknown")]
    assert "not a report of this version" in str(listed(account).runs[1].error)


@pytest.mark.parametrize("claim", [{"run_id": OLD}, "sales", None])
def test_a_claim_that_cannot_be_read_hides_no_other_run(account: ScriptedAccount, claim: object) -> None:
    """One object that somebody has written by hand is told, with its place."""
    account.put(f"runs/{OLD}/claim.json", claim)
    with_models(account, f"team-{OLD}-c1")
    account.tags = {f"arn:m/team-{OLD}-c1": "team"}
    place = f"s3://output-bucket/runs/{OLD}/claim.json"
    alone = listed(account)
    assert place in told(alone)
    assert "has had no run" not in told(alone)
    account.claim(NEW)
    found = listed(account)
    assert [run.run_id for run in found.runs] == [NEW]
    assert (found.unreadable_claims, place in told(found)) == ([place], True)
    # What it costs is told all the same.
    assert [one.arn for one in found.left_of_no_run] == [f"arn:m/team-{OLD}-c1"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"base_model": 1}'])
def test_a_data_gates_report_that_cannot_be_read_hides_no_run(account: ScriptedAccount, content: bytes) -> None:
    account.claim(OLD)
    account.s3.put_object(Bucket="output-bucket", Key=f"runs/{OLD}/dataset/report.json", Body=content)
    assert [(run.run_id, run.model) for run in listed(account).runs] == [(OLD, None)]


def test_status_and_verdict_are_both_told() -> None:
    """A run that succeeded may have a verdict against its model, and may have none."""
    run = ListedRun(run_id=OLD, started_at="2026-11-22T10:00:00.000Z", status="succeeded", verdict="not promoted")
    text = told(RunList(environment="team", runs=[run], left_of_no_run=[]))
    assert "succeeded" in text
    assert "not promoted" in text
