"""Ctrl-C in a command that takes long: exit status 130, with what is left of it, and how it goes on."""

from pathlib import Path
from unittest.mock import Mock

import pytest
import typer
from typer.testing import CliRunner

from cli import deploy, destroy, main
from cli.commands.options import EXAMPLE
from cli.seeds import __main__ as seeds
from tests.cli.account_script import ScriptedAccount
from tests.cli.conftest import FineTune

STOPPED = Mock(side_effect=KeyboardInterrupt)
ALL_ENDED = "the embedded AWS has ended, with every run on it"


def said(output: str) -> str:
    return " ".join(output.split())


@pytest.mark.parametrize(
    ("command", "place", "told"),
    [
        (["demo"], "cli.demo.run_demo", "nothing of it is left but logs in"),
        (["faults"], "local.faults.command.run_faults", ALL_ENDED),
    ],
)
def test_what_ran_on_the_embedded_aws_is_told_to_be_gone(
    command: list[str], place: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, STOPPED)
    done = CliRunner().invoke(main.app, command)
    assert (done.exit_code, told in said(done.output)) == (130, True), done.output


def test_the_seeds_tell_that_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(seeds, "make_run", STOPPED)
    with pytest.raises(typer.Exit) as ended:
        seeds.main(EXAMPLE)
    assert (ended.value.exit_code, ALL_ENDED in said(capsys.readouterr().err)) == (130, True)


@pytest.mark.parametrize(
    ("app", "told"),
    [
        (deploy.app, "begins no other. Repeat the command, or take all of it away again with `make destroy`"),
        (destroy.app, "Repeat the command until it says what stays"),
    ],
)
def test_cloudformation_goes_on_behind_the_cdk_cli(app: object, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was told "Stopped at the question: nothing was done", or nothing at all."""
    account = Mock(region="us-west-2")
    account.client.return_value.describe_stacks.return_value = {"Stacks": []}
    for module in ("deploy", "destroy"):
        monkeypatch.setattr(f"cli.{module}.account_of", lambda _: account)
    monkeypatch.setattr("cli.deploy.check_account", lambda *_: [])
    monkeypatch.setattr("cli.deploy.with_reservation", lambda target, _: (target, None))
    monkeypatch.setattr("cli.destroy.outputs_of", lambda *_: None)
    monkeypatch.setattr("cli.target.subprocess.run", STOPPED)
    done = CliRunner().invoke(app, [])  # type: ignore[arg-type]
    assert (done.exit_code, told in said(done.output)) == (130, True), done.output


@pytest.mark.parametrize(
    "command",
    [
        ["clean", "--judge", "amazon.nova-pro-v1:0"],
        [
            "synthesize",
            "--teacher",
            "us.anthropic.claude-sonnet-4-6",
            "--checker",
            "amazon.nova-pro-v1:0",
            "--accept-terms",
        ],
    ],
)
def test_replies_that_were_paid_for_are_told_to_be_kept(
    command: list[str], scripted: ScriptedAccount, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The data set has its place only once it is whole."""
    out = tmp_path / "out"
    # In this order: a module that is first imported later would keep the other's replacement.
    for place in ("cli.synthesize.ask_all", "cli.curation.ask_all"):
        monkeypatch.setattr(place, STOPPED)
    scripted.others["bedrock-runtime"] = Mock()
    done = fine_tune(*command, EXAMPLE, "--out", out, "--yes")
    assert (done.exit_code, [*out.glob("*.jsonl")]) == (130, []), done.output
    assert said(done.output).endswith("Stopped. No data set was written.")
    out.with_name("out.replies.jsonl").write_text("")
    done = fine_tune(*command, EXAMPLE, "--out", out, "--yes")
    assert "out.replies.jsonl: the same command goes on from there." in said(done.output)


def test_an_export_tells_that_it_can_be_repeated(
    scripted: ScriptedAccount, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.mlflow_export.client_of", Mock())
    monkeypatch.setattr("cli.mlflow_export.export_runs", STOPPED)
    done = fine_tune("export", "--mlflow", "http://localhost")
    assert done.exit_code == 130
    assert "the same command goes on with the others" in said(done.output)
