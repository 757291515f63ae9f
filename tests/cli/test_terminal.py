"""What the command line prints of texts from outside."""

import ast
import json
from io import StringIO
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from cli import main, result
from cli.dataset_summary import tell_dataset
from cli.execution import Snapshot
from cli.progress import Progress
from lambdas.domain.dataset.figures import dataset_document
from lambdas.domain.dataset.preparation import Wanted
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.split.holdout import SplitSettings
from lambdas.domain.models.catalogue import catalogue
from local.terminal import Console, in_line

CHECKOUT = Path(__file__).parents[2]
# Clears the screen, sets a title by OSC, turns the direction, hides by an 8-bit control; rich's markup; a second line.
HOSTILE = "\x1b[2J\x1b]0;t\x07\u202egnp\u200b\x9b31m[red]x[/nothing]\nVerdict: promote"
RAW = ("\x1b", "\x07", "\u202e", "\u200b", "\x9b", "\nVerdict")


def console() -> Console:
    return Console(file=StringIO(), width=200)


def printed(to: Console) -> str:
    assert isinstance(to.file, StringIO)
    return to.file.getvalue()


def test_what_cannot_be_seen_is_spelt_out_wherever_it_stands() -> None:
    """In lines, cells, titles and live parts alike: one console does it for all of them."""
    out = console()
    out.write_line(HOSTILE)
    out.print(HOSTILE)
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE)
    out.print(table)
    out.print(in_line(HOSTILE))
    out.print(Text("\x1b[2J\u202e"))
    text = printed(out)
    assert not [raw for raw in RAW if raw in text]
    assert r"\x1b[2J\x1b]0;t\x07\u202egnp\u200b\x9b31m[red]x[/nothing]\nVerdict: promote" in text


def test_a_stage_is_named_as_it_is() -> None:
    """A folder named like rich's markup neither ends the demo nor colours it."""
    out = Console(file=StringIO(), width=200, force_terminal=True, color_system=None)
    with Progress(out).stage("Dropping input/[/x]\u202e", "Dropped input/[/x]\u202e"):
        pass
    assert r"Dropped input/[/x]\u202e" in printed(out)
    assert "\u202e" not in printed(out)


def test_lines_of_a_text_are_indented_under_its_first() -> None:
    """A cause from AWS with line breaks does not look like the command's own words."""
    out = console()
    result.tell(out, Path("/nowhere"), Snapshot("FAILED", error="Failed", cause="Refused.\nVerdict: promote"))
    assert printed(out).splitlines()[-2:] == ["Refused.", "  Verdict: promote"]


def test_a_data_set_s_keys_and_file_names_are_spelt_out() -> None:
    """They come from whoever made the file."""
    report = DatasetReport()
    report.add("unknown-key", HOSTILE, f"The key {HOSTILE} is not part of the format.", line=1, pointer=f"/{HOSTILE}")
    read = RecordSet(HOSTILE, records_read=1, size_bytes=9)
    wanted = Wanted(catalogue()[0], SplitSettings(), few_shot=0, hyperparameters={})
    out = console()
    tell_dataset(out, dataset_document(report, {"train": read}, wanted))
    assert not [raw for raw in RAW if raw in printed(out)]


@pytest.mark.parametrize("arguments", [["validate", "--\x1b[31m"], ["review", "\x1b[31m\u202e"]])
def test_refused_arguments_are_spelt_out(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A file name that a shell's pattern found is an argument from outside."""
    with pytest.raises(SystemExit) as end:
        main.app(arguments)
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert r"\x1b[31m" in told
    assert "\x1b" not in told


def test_tracebacks_are_spelt_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that nobody foresaw quotes what it choked on."""

    def fail(*_: object) -> None:
        raise ValueError(HOSTILE)

    monkeypatch.setattr("cli.data_set.upload_of", fail)
    with pytest.raises(SystemExit) as end:
        main.app(["demo"])
    told = capsys.readouterr().err
    assert end.value.code == 1
    assert "Traceback" in told
    assert not [raw for raw in RAW if raw in told]


def test_nothing_is_printed_past_the_console() -> None:
    """A print that is forgotten would be a way round it; what prints JSON for another program is no text."""
    allowed = {
        f"local/{name}.py"
        for name in ("bedrock/__main__", "bench/evaluation", "bench/memory", "fuzz/__main__", "terminal")
    }
    found = [
        f"{path.relative_to(CHECKOUT)}:{node.lineno}"
        for path in (*CHECKOUT.glob("cli/**/*.py"), *CHECKOUT.glob("local/**/*.py"))
        if str(path.relative_to(CHECKOUT)) not in allowed
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "typer.echo", "sys.stdout.write"))
        or (isinstance(node, ast.ImportFrom) and node.module == "rich.console" and "Console" in _names(node))
    ]
    assert found == []


def _names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}


def test_a_hostile_key_leaves_the_whole_command_printable(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The whole command on a hostile key: nothing but printable text comes out."""
    record = {"prompt": "q", "completion": "a", HOSTILE: 1}
    (tmp_path / "train.jsonl").write_text(json.dumps(record) + "\n")
    with pytest.raises(SystemExit):
        main.app(["validate", "--data", str(tmp_path / "train.jsonl"), "--out", str(tmp_path / "out")])
    told = capsys.readouterr().out
    assert r"\x1b[2J" in told
    assert all(line.isprintable() for line in told.splitlines())
