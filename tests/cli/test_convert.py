"""`fine-tune convert` and `fine-tune validate --fix`: new files, the old ones untouched, each change told."""

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

ROWS = [{"prompt": f"Q{n}?", "completion": f"A{n}"} for n in range(40)]


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output


@pytest.fixture
def python_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f"{row!r}\n" for row in ROWS))
    return path


def test_a_file_is_converted_to_the_messages_format_by_the_command_that_the_finding_names(
    tmp_path: Path, python_file: Path
) -> None:
    """The remedy works as it is written."""
    _, output = invoke("validate", str(python_file), "--out", str(tmp_path / "checked"))
    assert "`fine-tune convert a.jsonl --out a.messages.jsonl`" in output
    before = python_file.read_bytes()
    status, output = invoke("convert", str(python_file), "--out", str(tmp_path / "a.messages.jsonl"))
    assert status == 0, output
    first = json.loads((tmp_path / "a.messages.jsonl").read_text().splitlines()[0])
    assert first == {"messages": [{"role": "user", "content": "Q0?"}, {"role": "assistant", "content": "A0"}]}
    assert "40 lines changed (read as Python's notation): 1-40" in output
    assert python_file.read_bytes() == before


def test_a_models_format_is_written_where_it_is_named(tmp_path: Path) -> None:
    """With columns of one's own, too."""
    path = tmp_path / "t.csv"
    path.write_text("subject;label\nWhere is it?;shipping\n")
    options = ("--prompt", "subject", "--completion", "label", "--model", "amazon.nova-lite-v1:0:300k")
    status, output = invoke("convert", str(path), "--out", str(tmp_path / "b.jsonl"), *options)
    assert status == 0, output
    assert json.loads((tmp_path / "b.jsonl").read_text())["schemaVersion"] == "bedrock-conversation-2024"


def test_nothing_is_written_where_a_record_is_wrong(tmp_path: Path) -> None:
    """Half a file would be taken for the whole."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n{"prompt": "a"}\n')
    status, output = invoke("convert", str(path), "--out", str(tmp_path / "b.jsonl"))
    assert status == 1
    assert "Nothing was written" in output
    assert not (tmp_path / "b.jsonl").exists()


def test_no_file_is_overwritten(tmp_path: Path, python_file: Path) -> None:
    """Neither another one nor the one that is read."""
    other = tmp_path / "b.jsonl"
    other.write_text("mine")
    for out in (other, python_file):
        status, output = invoke("convert", str(python_file), "--out", str(out))
        assert status == 2, output
    assert other.read_text() == "mine"
    assert invoke("convert", str(tmp_path), "--out", str(tmp_path / "c.jsonl"))[0] == 2


def test_a_folder_is_fixed_with_its_settings_and_what_is_left_is_told(tmp_path: Path) -> None:
    """The new folder is what the old one was meant to be, without the decisions that are the user's."""
    folder = tmp_path / "folder"
    folder.mkdir()
    lines = "".join(json.dumps({"q": row["prompt"], "a": row["completion"]}) + "\n\n" for row in ROWS)
    (folder / "train.jsonl").write_text("\ufeff" + lines + '{"q": "x", "a": null}\n')
    settings = {"mapping": {"prompt": "q", "completion": "a"}, "split": {"seed": 3}, "system": "Be brief."}
    (folder / "run.json").write_text(json.dumps(settings))
    status, output = invoke("validate", str(folder), "--out", str(tmp_path / "o"), "--fix", str(tmp_path / "fixed"))
    assert status == 1
    assert "Repaired: train.jsonl" in output
    assert "40 lines dropped (blank line)" in output
    assert "left for you: 1 error," in output
    assert json.loads((tmp_path / "fixed" / "run.json").read_text()) == {"split": {"seed": 3}}
    fixed = (tmp_path / "fixed" / "train.jsonl").read_text().splitlines()
    assert len(fixed) == 40
    assert "Be brief." in fixed[0]
    status, _ = invoke("validate", str(tmp_path / "fixed"), "--out", str(tmp_path / "o2"))
    assert status == 0


def test_a_single_file_is_fixed_into_a_file_or_a_folder(tmp_path: Path, python_file: Path) -> None:
    """As its user names it."""
    out = str(tmp_path / "o")
    assert "Repaired" in invoke("validate", str(python_file), "--out", out, "--fix", str(tmp_path / "fixed.jsonl"))[1]
    assert "Repaired" in invoke("validate", str(python_file), "--out", out, "--fix", str(tmp_path / "fixed"))[1]
    assert (tmp_path / "fixed.jsonl").read_bytes() == (tmp_path / "fixed" / "a.jsonl").read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(gzip.compress(b'{"prompt": "a", "completion": "b"}\n' * 9)[:-9], id="half a gzip"),
        pytest.param(b"subject,body\na,b\nc,d\n", id="foreign columns"),
        pytest.param(b'[{"prompt": "a", "completion": "b"},', id="endless array"),
        pytest.param(b'prompt,completion\na,"b\n', id="open quote"),
        pytest.param(b'{"data": [{"paragraphs": [{"qas": [{"question": "a"}]}]}]}', id="SQuAD"),
        pytest.param(b"PAR1\x15", id="Parquet"),
        pytest.param(b"", id="empty"),
    ],
)
@pytest.mark.parametrize("target", ["fixed.jsonl", "fixed"])
def test_of_a_file_that_cannot_be_read_nothing_is_written(tmp_path: Path, data: bytes, target: str) -> None:
    """The findings say why; half a file would pass for a data set."""
    path = tmp_path / "a.dat"
    path.write_bytes(data)
    status, output = invoke("validate", str(path), "--out", str(tmp_path / "o"), "--fix", str(tmp_path / target))
    assert status == 1
    assert "not repaired, since it cannot be read to its end" in " ".join(output.split())
    assert not [each for each in tmp_path.rglob("*.jsonl") if "fixed" in str(each)]
