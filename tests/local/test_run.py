"""`fine-tune run` as a user has it, on an environment that cdk.json's settings have deployed on the embedded AWS."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner, Result

from cli import main
from cli.commands.options import EXAMPLE
from cli.progress import Progress
from local.deployment import DeployedEnvironment, deploy, setting
from local.embedded_aws import EmbeddedAws
from local.permissions.denials import denials

pytestmark = pytest.mark.xdist_group("embedded-aws")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedAws, DeployedEnvironment]]:
    with EmbeddedAws(tmp_path_factory.mktemp("deployed"), region=setting("region")) as aws:
        yield aws, deploy(aws, base_model=setting("base_model"))
        assert denials(aws.decisions) == [], "a permission is missing, which no failure may have told"


@pytest.fixture(autouse=True)
def shell(deployed: tuple[EmbeddedAws, DeployedEnvironment], monkeypatch: pytest.MonkeyPatch) -> None:
    """What `. tmp/credentials.sh` sets."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in deployed[0].environment.items():
        if name.startswith("AWS_") or name.lower() == "no_proxy":
            monkeypatch.setenv(name, value)


def fine_tune(*words: object) -> Result:
    return CliRunner().invoke(main.app, [str(word) for word in words])


def keys(aws: EmbeddedAws, bucket: str) -> list[str]:
    listed = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="input/")
    return [entry["Key"] for entry in listed.get("Contents", [])]


def listed_runs() -> list[dict[str, Any]]:
    done = fine_tune("runs", "--json")
    assert done.exit_code == 0, done.output
    return list(json.loads(done.output)["runs"])


def test_a_refused_data_set_uploads_nothing(deployed: tuple[EmbeddedAws, DeployedEnvironment], tmp_path: Path) -> None:
    """What is wrong is told here, with its line, before anything is sent or started."""
    aws, environment = deployed
    lines = EXAMPLE.read_text().splitlines()
    lines[6] = "{"
    data = tmp_path / "broken.jsonl"
    data.write_text("\n".join(lines))
    done = fine_tune("run", data, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "line 7: " in done.output
    assert "Nothing was uploaded." in done.output
    assert keys(aws, environment.input_bucket) == []
    assert not (tmp_path / "out").exists()


def test_a_run_on_the_default_model_is_followed_and_fetched_and_ends_promoted(
    deployed: tuple[EmbeddedAws, DeployedEnvironment], tmp_path: Path
) -> None:
    """The shipped example shows a gain of content on what `cdk deploy` gives with nothing changed."""
    done = fine_tune("run", EXAMPLE, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "Verdict: promote" in done.output
    assert "No throughput is left. No custom model deployment is left." in done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["base_model"], report["decision"]["verdict"]) == (setting("base_model"), "promote")
    assert (tmp_path / "out" / "report.html").is_file()
    assert json.loads((tmp_path / "out" / "execution.json").read_text())["description"]["status"] == "SUCCEEDED"
    [run] = listed_runs()
    assert (run["run_id"], run["status"], run["verdict"]) == (report["run_id"], "succeeded", "promote")
    assert (run["model"], run["cost_usd"]) == (report["base_model"], report["cost"]["actual"]["known_usd"])
    [model] = run["left"]
    assert (model["kind"], model["arn"]) == ("custom model", report["custom_model_arn"])


def test_the_champion_is_served_asked_and_ended(deployed: tuple[EmbeddedAws, DeployedEnvironment]) -> None:
    """As the last run has promoted it; the reconciler, which comes by meanwhile, leaves it alone."""
    aws, _ = deployed
    done = fine_tune("serve", "champion", "--yes")
    assert done.exit_code == 0, done.output
    endpoint = endpoint_of(aws)
    deployment = endpoint["target_arn"]
    [function] = [
        one["FunctionName"]
        for one in aws.client("lambda").get_paginator("list_functions").paginate().build_full_result()["Functions"]
        if "ReconcileThroughput" in one["FunctionName"]
    ]
    scheduled = json.dumps({"source": "aws.events", "detail": {}}).encode()
    turn = json.load(aws.client("lambda").invoke(FunctionName=function, Payload=scheduled)["Payload"])
    assert (turn["live"], turn["problems"]) == ([deployment], [])
    answer = aws.client("bedrock-runtime").converse(
        modelId=deployment,
        system=[{"text": endpoint["system"]}] if endpoint["system"] else [],
        messages=[{"role": "user", "content": [{"text": "What was the revenue in 2019?"}]}],
        inferenceConfig=endpoint["inference"],
    )
    assert answer["output"]["message"]["content"][0]["text"]
    [run] = listed_runs()
    assert deployment in [thing["arn"] for thing in run["left"]]
    done = fine_tune("unserve", "champion")
    assert done.exit_code == 0, done.output
    assert endpoint_of(aws)["target_arn"] is None
    assert aws.client("bedrock").list_custom_model_deployments()["modelDeploymentSummaries"] == []


def endpoint_of(aws: EmbeddedAws) -> dict[str, Any]:
    """What applications read."""
    value = aws.client("ssm").get_parameter(Name=f"/{setting('deployment')}/endpoint")["Parameter"]["Value"]
    return dict(json.loads(value))


def test_a_folder_is_left_running_and_followed_later(
    deployed: tuple[EmbeddedAws, DeployedEnvironment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training takes hours: nobody keeps a terminal open, and Ctrl-C in it ends nothing but the view.

    The folder is uploaded beside an earlier one of its name, whose files are none of this run's.
    """
    aws, environment = deployed
    stale = b'{"no": "setting"}'
    aws.client("s3").put_object(Bucket=environment.input_bucket, Key="input/tables/run.json", Body=stale)
    data = tmp_path / "tables"
    data.mkdir()
    (data / "train.jsonl").write_bytes(EXAMPLE.read_bytes())
    done = fine_tune("run", data, "--no-wait")
    assert done.exit_code == 0, done.output
    [run_id] = re.findall(r"`fine-tune run --follow (tables-2[\w-]+)", done.output)
    with monkeypatch.context() as ctrl_c:
        ctrl_c.setattr(Progress, "follow", Mock(side_effect=KeyboardInterrupt))
        done = fine_tune("run", "--follow", run_id, "--out", tmp_path / "out")
    assert done.exit_code == 130
    assert (
        f"The run {run_id} goes on. Follow it with `fine-tune run --follow {run_id}`. "
        f"Stop it with `fine-tune cancel {run_id}`" in done.output
    )
    assert not (tmp_path / "out").exists()
    done = fine_tune("run", "--follow", run_id, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "out" / "report.json").read_text())["run_id"] == run_id
    assert listed_runs()[0]["run_id"] == run_id
    assert [len(run["left"]) for run in listed_runs()] == [1, 1]
    table = fine_tune("runs").output
    assert run_id in table
    assert "2 custom models" in table


def test_a_run_that_there_is_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped id is corrected with the list."""
    monkeypatch.setattr("cli.run.SECONDS_TO_FIND", 1)
    done = fine_tune("run", "--follow", "sales-0123456789ab")
    assert done.exit_code == 1
    assert "has no run sales-0123456789ab" in done.output
    assert "`fine-tune runs` lists all runs" in done.output


def test_runs_are_looked_at_from_the_shell(tmp_path: Path) -> None:
    """Whatever was run before: its state, logs, models, pages, and which of two made the better model."""
    second, first = (run["run_id"] for run in listed_runs())
    assert f"Run {first}: succeeded, promote" in fine_tune("status", first).output
    assert "ClaimRun INFO: Run claimed" in fine_tune("logs", first).output
    models = json.loads(fine_tune("models", "--json").output)["models"]
    assert sorted(one["run_id"] for one in models) == sorted([first, second])
    assert [one["served_by"] for one in models] == [[], []]
    assert sum(one["champion"] for one in models) == 1
    compared = json.loads(fine_tune("compare", first, second, "--json").output)
    assert compared["shared_records"] == compared["first"]["test_records"]
    assert fine_tune("open", first, "--no-browser", "--out", tmp_path).exit_code == 0
    # The reconciler writes the page behind each run's end.
    while fine_tune("open", "--no-browser", "--out", tmp_path).exit_code or not all(
        run in (tmp_path / "index.html").read_text() for run in (first, second)
    ):
        time.sleep(0.5)
    assert (tmp_path / second / "report.html").is_file()


def test_the_account_is_checked_and_a_run_that_asks_for_nothing_is_not_approved(tmp_path: Path) -> None:
    """Before anything is spent; and whoever approves the wrong run is told."""
    done = fine_tune("preflight", EXAMPLE, "--out", tmp_path / "preflight")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "preflight" / "preflight.json").read_text())["status"] == "passed"
    for command in ("approve", "reject"):
        done = fine_tune(command, listed_runs()[0]["run_id"])
        assert (done.exit_code, "has asked for no approval" in done.output) == (1, True), done.output


def test_a_model_that_nobody_uses_is_deleted_and_the_champion_is_not() -> None:
    models = json.loads(fine_tune("models", "--json").output)["models"]
    by_use = {one["champion"]: one["run_id"] for one in models}
    done = fine_tune("models", "delete", by_use[True], "--yes")
    assert (done.exit_code, "is the champion" in done.output) == (2, True), done.output
    done = fine_tune("models", "delete", by_use[False], "--yes")
    assert done.exit_code == 0, done.output
    assert [one["run_id"] for one in json.loads(fine_tune("models", "--json").output)["models"]] == [by_use[True]]


def test_a_run_is_cancelled_and_tried_again(deployed: tuple[EmbeddedAws, DeployedEnvironment], tmp_path: Path) -> None:
    """Nothing of it bills; the copied data starts a run of its own, which is cancelled, too."""
    data = tmp_path / "again.jsonl"
    data.write_bytes(EXAMPLE.read_bytes())
    assert fine_tune("run", data, "--no-wait").exit_code == 0
    started: list[str] = []
    for command in ("run", "retry"):
        if command == "retry":
            done = fine_tune("retry", started[0], "--no-wait")
            assert done.exit_code == 0, done.output
        while len(new := [run["run_id"] for run in listed_runs() if run["status"] == "running"]) != 1:
            time.sleep(0.2)
        started += new
        done = fine_tune("cancel", new[0], "--yes")
        assert done.exit_code == 0, done.output
        assert "RunAborted" in fine_tune("status", new[0]).output
    assert started[1].startswith("again-2")
    assert json.loads(fine_tune("runs", "--json").output)["runs"][0]["left"] == []
