"""`fine-tune conformance --tier dollars` on an account: what it needs, what it costs, and that it leaves nothing."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from typer.testing import CliRunner, Result

import cli.conformance
from cli.conformance_target import ConformanceTarget, SimulatedTime
from cli.main import app
from local.bedrock.clock import ManualClock
from local.conformance.cleanup import Cleaner
from local.conformance.lifecycle import Lifecycle
from local.conformance.place import Place
from tests.local.conformance.conftest import ACCOUNT, SimulatedAccount, left


@pytest.fixture(autouse=True)
def target(account: SimulatedAccount, place: Place, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's account is a simulated one."""

    @contextmanager
    def simulated(_regions: object) -> Iterator[ConformanceTarget]:
        yield ConformanceTarget(account, place, SimulatedTime(clock))

    monkeypatch.setattr(cli.conformance, "_account", simulated)


def conformance(folder: Path, *options: str, answer: str | None = None) -> Result:
    words = ["conformance", "--target", "aws", "--tier", "dollars", "--out", str(folder / "report"), *options]
    return CliRunner().invoke(app, words, input=answer)


def refuse(
    account: SimulatedAccount, monkeypatch: pytest.MonkeyPatch, operation: str, error: Exception | None = None
) -> None:
    """The account's policies deny an operation that is no simulated Bedrock's, or another error comes."""
    made = account.client

    def client(service: Any, **options: Any) -> Any:
        client = made(service, **options)

        def deny(model: Any, **_: Any) -> None:
            if model.name == operation:
                raise error or ClientError({"Error": {"Code": "AccessDenied", "Message": f"{ACCOUNT}"}}, operation)

        client.meta.events.register_first("provide-client-params", deny)
        return client

    monkeypatch.setattr(account, "client", client)


def test_all_tiers_pass_and_nothing_is_left(account: SimulatedAccount, tmp_path: Path) -> None:
    result = conformance(tmp_path, "--yes")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "report" / "report.json").read_text()
    report = json.loads(text)
    assert report["target"] == "the simulated Bedrock", "whatever was asked for"
    assert {check["tier"] for check in report["checks"]} == {"free", "cents", "dollars"}
    assert report["state_seconds"]["deployment Creating"] == 120
    assert ACCOUNT not in text + result.output
    assert left(account) == []


def test_the_most_that_it_can_cost_is_asked_first(
    account: SimulatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.conformance, "_is_terminal", lambda: True)
    result = conformance(tmp_path, answer="n\n")
    assert result.exit_code == 2
    assert "for at most 2." in result.output, "a month's storage is most of it"
    costs = [float(found) for found in re.findall(r"([0-9.]+) USD in all", result.output)]
    assert costs == sorted(costs)
    assert len(costs) == 3, "of each tier"
    assert costs[0] == 0
    assert not (tmp_path / "report").exists()
    assert left(account) == []


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"concurrent_customization_jobs": 0}, "Scheduled customization jobs"),
        ({"custom_models": 0}, "Custom models per account"),
        ({"custom_model_deployments": 0}, "Total custom model deployments"),
    ],
)
def test_an_account_without_quota_is_told_in_a_sentence(account: SimulatedAccount, tmp_path: Path, named: str) -> None:
    result = conformance(tmp_path, "--yes")
    assert result.exit_code == 2
    assert named in result.output
    assert "Nothing was created." in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert left(account) == []


@pytest.mark.parametrize("operation", ["CreateRole", "PutRolePolicy", "CreateBucket"])
def test_a_caller_who_may_not_make_role_or_bucket_leaves_nothing(
    account: SimulatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    refuse(account, monkeypatch, operation)
    result = conformance(tmp_path, "--yes")
    assert result.exit_code == 2
    assert f"The caller may not {operation}" in result.output
    assert "Nothing that was created is left." in result.output
    assert left(account) == []


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "LimitExceeded", "Message": "Too many."}}, "CreateBucket"),
        EndpointConnectionError(endpoint_url="https://s3.example.com"),
    ],
    ids=["refused", "not reached"],
)
def test_a_bucket_that_cannot_be_made_is_told_and_leaves_nothing(
    account: SimulatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    refuse(account, monkeypatch, "CreateBucket", error)
    result = conformance(tmp_path, "--yes")
    assert result.exit_code == 1
    assert "Nothing that was created is left." in result.output
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert "role or bucket cannot be made" in report["stopped"]
    assert left(account) == []


def test_ctrl_c_keeps_the_report_of_what_was_checked(
    account: SimulatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lifecycle, "_check_all", lambda *_: signal.raise_signal(signal.SIGINT))
    assert conformance(tmp_path, "--yes").exit_code == 130
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert {check["tier"] for check in report["checks"]} == {"free", "cents"}
    assert "ended before" in report["stopped"]
    assert not report["succeeded"]
    assert left(account) == []


def test_ctrl_c_ends_the_checks_and_is_no_way_out_of_the_clean_up(
    account: SimulatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = Cleaner.clean_rest

    def press_again(cleaner: Cleaner) -> list[str]:
        signal.raise_signal(signal.SIGINT)
        return clean(cleaner)

    monkeypatch.setattr(Cleaner, "clean_rest", press_again)
    monkeypatch.setattr(Lifecycle, "_check_model", lambda *_: signal.raise_signal(signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    result = conformance(tmp_path, "--yes")
    assert result.exit_code == 130
    assert "please wait" in result.output
    assert "Nothing that was created is left." in result.output
    assert left(account) == []
    assert signal.getsignal(signal.SIGINT) == before


def test_what_cannot_be_deleted_is_named(
    account: SimulatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(account, monkeypatch, "DeleteBucket")
    monkeypatch.setattr(Lifecycle, "_check_all", lambda *_: None)
    result = conformance(tmp_path, "--yes")
    assert result.exit_code == 1
    assert "LEFT, and to be deleted by you: bucket or role fine-tuning-conformance-us-east-1-" in result.output
    assert ACCOUNT not in result.output
