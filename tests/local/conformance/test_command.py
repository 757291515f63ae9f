"""`fine-tune conformance` against a stand-in for AWS: its outcome, its exit status, and what it shows."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.local.conformance.stand_in import ACCOUNT, Exchange, read_recording, serve_recording

RUNNER = CliRunner()


@pytest.fixture
def recording() -> dict[str, Exchange]:
    """The recorded answers; what a test changes in them, it changes for itself."""
    return copy.deepcopy(read_recording())


@pytest.fixture
def stand_in(recording: dict[str, Exchange], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """All of the command's calls to AWS reach it."""
    with serve_recording(recording) as url:
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        }.items():
            monkeypatch.setenv(name, value)
        yield


def conformance(folder: Path, *options: str) -> Result:
    return RUNNER.invoke(app, ["conformance", "--target", "aws", "--out", str(folder / "report"), *options])


def report(folder: Path) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((folder / "report" / "report.json").read_text())
    return written


@pytest.mark.usefixtures("stand_in")
def test_a_bedrock_that_is_as_assumed_passes(tmp_path: Path) -> None:
    result = conformance(tmp_path, "--tier", "cents", "--yes")
    assert result.exit_code == 0, result.output
    assert report(tmp_path)["counts"]["different"] == 0
    assert report(tmp_path)["target"] == "Amazon Bedrock"
    assert len(report(tmp_path)["checks"]) >= 80


@pytest.mark.usefixtures("stand_in")
def test_three_differences_are_named_and_no_other(recording: dict[str, Exchange], tmp_path: Path) -> None:
    for exchange in recording.values():
        if "DELETE /custom-models/fine-tuning-conformance-absent " in exchange["request"]:
            exchange.update(status=409, error="ConflictException")
        if "GET /foundation-models/amazon.nova-micro-v1%3A0%3A128k " in exchange["request"]:
            exchange["body"]["modelDetails"]["customizationsSupported"] = []
        if "POST /model/us.anthropic.claude-opus-5/converse " in exchange["request"] and exchange["status"] == 200:
            exchange["body"]["stopReason"] = "because"
    result = conformance(tmp_path, "--tier", "cents", "--yes")
    assert result.exit_code == 1
    written = report(tmp_path)
    different = {check["id"]: check["difference"] for check in written["checks"] if check["status"] == "different"}
    assert different == {
        "delete-custom-model-by-absent-name": "It was refused with ConflictException, not with "
        "ResourceNotFoundException.",
        "customizable-nova-micro": "In the answer, modelDetails.customizationsSupported lacks FINE_TUNING.",
        "ask-judge-claude-opus-5": "In the answer, stopReason is 'because', not 'end_turn' or 'max_tokens' or "
        "'stop_sequence' or 'content_filtered' or 'guardrail_intervened'.",
    }
    assert all(name in result.output for name in different)
    page = (tmp_path / "report" / "report.html").read_text()
    assert all(f"{name} " in page for name in different)
    assert page.count("<details open>") == 3, "what differs is seen at once"


@pytest.mark.usefixtures("stand_in")
def test_neither_the_account_nor_the_caller_is_shown(recording: dict[str, Exchange], tmp_path: Path) -> None:
    denial = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/Admin/jo@example.com may not, says {ACCOUNT}"
    for exchange in recording.values():
        if "GET /custom-models?maxResults=1 " in exchange["request"]:
            exchange.update(status=403, error="AccessDeniedException", body={"message": denial})
    result = conformance(tmp_path, "--yes")
    assert result.exit_code == 1, "what was not checked is no success"
    shown = [result.output, *(path.read_text() for path in (tmp_path / "report").glob("report.*"))]
    assert len(shown) == 3
    for text in shown:
        assert ACCOUNT not in text
        assert "example.com" not in text
        assert "AKIA" not in text
    assert report(tmp_path)["counts"]["not checked"] == 1


@pytest.mark.usefixtures("stand_in")
def test_only_the_tier_that_is_asked_for_is_made(tmp_path: Path) -> None:
    conformance(tmp_path, "--yes")
    assert {check["tier"] for check in report(tmp_path)["checks"]} == {"free"}


@pytest.mark.usefixtures("stand_in")
def test_without_a_terminal_or_yes_nothing_is_checked(tmp_path: Path) -> None:
    result = conformance(tmp_path, "--tier", "cents")
    assert result.exit_code == 2
    assert "USD in all" in result.output
    assert "--yes" in result.output
    assert not (tmp_path / "report").exists()


@pytest.mark.usefixtures("stand_in")
def test_a_role_that_only_reads_is_told_in_a_sentence(recording: dict[str, Exchange], tmp_path: Path) -> None:
    for exchange in recording.values():
        if " POST /model-customization-jobs " in exchange["request"]:
            exchange.update(status=403, error="AccessDeniedException", body={"message": "No."})
    result = conformance(tmp_path, "--tier", "dollars", "--yes")
    assert result.exit_code == 2
    assert "bedrock:CreateModelCustomizationJob" in result.output
    assert "nothing was created" in result.output.lower()
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.usefixtures("stand_in")
def test_a_region_without_customization_is_told_in_a_sentence(tmp_path: Path) -> None:
    result = conformance(tmp_path, "--region", "eu-north-1", "--yes")
    assert result.exit_code == 2
    assert "us-east-1, us-west-2" in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_missing_credentials_are_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    result = conformance(tmp_path, "--yes")
    assert result.exit_code == 2
    assert "There are no AWS credentials" in result.output
    assert len(result.output.strip().splitlines()) == 1
