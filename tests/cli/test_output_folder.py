"""No command deletes or overwrites a file that it did not write itself."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError
from typer.testing import CliRunner

from cli import demo
from cli.folders import DEMO
from cli.main import app
from local import output_folder, session
from local.checkout import CHECKOUT
from local.output_folder import LIST, PathRefusedError
from local.session import emptied

RECORDS = "".join(
    json.dumps({"document": f"<p>{n} apples</p>", "question": f"How many are the {n}?", "answer": f"{n}"}) + "\n"
    for n in range(60)
)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(*arguments: str | Path) -> str:
    """The sentence that a refused command ends with."""
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def validate(data: Path, out: Path) -> None:
    result = CliRunner().invoke(app, ["validate", "--data", str(data), "--out", str(out)])
    assert result.exit_code == 0, result.output


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set of the user's."""
    folder = tmp_path / "home" / "dataset"
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text(RECORDS)
    (folder / "test.jsonl").write_text(RECORDS.replace("apples", "pears").replace("How", "Then how"))
    (folder / "notes.txt").write_text("mine")
    return folder


@pytest.mark.parametrize("command", ["validate", "preflight"])
@pytest.mark.parametrize("out", [".", "..", "../..", "inner/../..", "new", "link", "../link/dataset"])
def test_input_and_output_that_lie_in_each_other_are_refused_and_stay(
    command: str, out: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--out .` beside the data set once emptied it; a link or `..` leads there as well."""
    (data / "inner").mkdir()
    (data / "link").symlink_to(data.parent)
    (data.parent / "link").symlink_to(data.parent)
    monkeypatch.chdir(data)
    before = contents(data.parent)
    refused(command, "--data", data, "--out", out)
    assert contents(data.parent) == before


def test_an_input_that_is_a_link_into_the_output_is_refused(data: Path, tmp_path: Path) -> None:
    """What a check left is a natural input of the next one."""
    out = tmp_path / "out"
    validate(data, out)
    again = tmp_path / "again"
    again.mkdir()
    (again / "train.jsonl").symlink_to(out / "dataset" / "train.jsonl")
    before = contents(out)
    assert "lies in" in refused("validate", "--data", again, "--out", out)
    assert contents(out) == before


def test_the_demo_refuses_its_own_result_as_data_before_anything_is_deleted(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make demo DATA=build/demo/dataset` once deleted both."""
    folder = tmp_path / "demo"
    output_folder.start(folder, DEMO, ["dataset/train.jsonl"])
    (folder / "dataset").mkdir()
    (folder / "dataset" / "train.jsonl").write_text(RECORDS)
    monkeypatch.setattr("cli.commands.demo.DEMO_FOLDER", folder)
    monkeypatch.setattr(demo, "run_demo", lambda *_, **__: pytest.fail("it has started"))
    before = contents(folder)
    refused("demo", "--data", folder / "dataset")
    refused("demo", "--data", folder / "dataset" / "train.jsonl")
    (data / "train.jsonl").unlink()
    (data / "train.jsonl").symlink_to(folder / "dataset" / "train.jsonl")
    refused("demo", "--data", data)
    assert contents(folder) == before


@pytest.mark.parametrize("command", ["validate", "preflight"])
def test_a_folder_of_somebody_elses_files_is_refused_and_stays(command: str, data: Path, tmp_path: Path) -> None:
    """`--out X` once deleted an unrelated `X/dataset`."""
    out = tmp_path / "theirs"
    (out / "dataset").mkdir(parents=True)
    (out / "dataset" / "mine.txt").write_text("mine")
    assert LIST in refused(command, "--data", data, "--out", out)
    assert contents(out) == {"dataset/mine.txt": b"mine"}


def test_a_second_check_replaces_what_the_first_wrote_and_leaves_other_files(data: Path, tmp_path: Path) -> None:
    """A person may keep notes beside the report."""
    out = tmp_path / "out"
    validate(data, out)
    notes = out / "dataset" / "notes.txt"
    notes.write_text("mine")
    (data / "test.jsonl").unlink()
    validate(data / "train.jsonl", out)
    assert notes.read_text() == "mine"
    result = CliRunner().invoke(app, ["validate", "--data", str(data), "--rules", "structure", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert sorted(contents(out)) == [LIST, "dataset/issues.csv", "dataset/notes.txt", "report.html", "report.json"]


def test_a_file_that_the_command_did_not_write_is_never_overwritten(data: Path, tmp_path: Path) -> None:
    """Also where it has the name of a result that was not written before."""
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["validate", "--data", str(data), "--rules", "structure", "--out", str(out)])
    assert result.exit_code == 0, result.output
    (out / "dataset" / "train.jsonl").write_text("mine")
    before = contents(out)
    assert "in the way" in refused("validate", "--data", data, "--out", out)
    assert contents(out) == before


def test_results_of_another_command_are_refused(data: Path, tmp_path: Path) -> None:
    """They are the user's, although the project wrote them."""
    out = tmp_path / "out"
    validate(data, out)
    before = contents(out)
    assert "validate" in refused("preflight", "--data", data, "--out", out)
    assert contents(out) == before


@pytest.mark.parametrize("names", [["../mine.txt"], ["/tmp/mine.txt"], ["dataset/../../mine.txt"], [""]])  # noqa: S108
def test_a_list_that_names_files_elsewhere_is_not_believed(names: list[str], data: Path, tmp_path: Path) -> None:
    """It comes with a folder that may be anybody's."""
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "mine.txt").write_text("mine")
    (out / LIST).write_text(json.dumps({"command": "validate", "files": names}))
    refused("validate", "--data", data, "--out", out)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_nothing_is_deleted_behind_a_link(data: Path, tmp_path: Path) -> None:
    """A folder of the list that has become a link leads to files of somebody else."""
    out = tmp_path / "out"
    validate(data, out)
    (out / "dataset").rename(tmp_path / "kept")
    (out / "dataset").symlink_to(tmp_path / "kept")
    before = contents(tmp_path / "kept")
    refused("validate", "--data", data, "--out", out)
    assert contents(tmp_path / "kept") == before


def test_a_check_that_fails_leaves_the_earlier_result(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up in the middle must not cost what was there."""
    out = tmp_path / "out"
    validate(data, out)
    before = contents(out)

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28), "train.jsonl")

    monkeypatch.setattr("cli.validate.write_sets", full)
    result = CliRunner().invoke(app, ["validate", "--data", str(data), "--out", str(out)])
    assert result.exit_code == 1
    assert result.stderr == (
        "The command has stopped: No space left on device (train.jsonl). Free some space, then repeat the command.\n"
    )
    assert contents(out) == before


def test_the_demo_empties_its_folder_of_what_it_wrote_alone(tmp_path: Path) -> None:
    """Votes that a person saved there are not the demo's."""
    folder = tmp_path / "demo"
    with emptied(folder, DEMO, demo.WRITTEN):
        (folder / "logs").mkdir()
        (folder / "logs" / "emulator.log").write_text("log")
        output_folder.claim(folder, ["evaluation/tuned.jsonl"])
        (folder / "evaluation").mkdir()
        (folder / "evaluation" / "tuned.jsonl").write_text("{}")
    (folder / "votes.json").write_text("mine")
    with emptied(folder, DEMO, demo.WRITTEN):
        assert sorted(path.name for path in folder.iterdir()) == [LIST, "votes.json"]


def test_the_demo_refuses_a_folder_that_it_did_not_make(tmp_path: Path) -> None:
    """Whatever is in `build/demo`: without the list it is not the demo's."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.txt").write_text("mine")
    with (
        pytest.raises(PathRefusedError, match="no list"),
        emptied(tmp_path / "demo", DEMO, demo.WRITTEN),
    ):
        pass
    assert contents(tmp_path) == {"demo/mine.txt": b"mine"}


KILLED = """
import os, signal
from pathlib import Path
import sys
from local import output_folder
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
output_folder.start(Path(sys.argv[1]), "validate", [])
"""


def test_a_command_that_was_killed_at_its_first_write_leaves_a_folder_that_is_still_its_own(
    data: Path, tmp_path: Path
) -> None:
    """The file had not its name yet: a folder that is refused for it would have to be deleted by hand."""
    out = tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(out)], cwd=CHECKOUT, check=False)  # noqa: S603 - our own
    assert killed.returncode == -signal.SIGKILL
    [left] = out.iterdir()
    validate(data, out)
    assert not left.exists()


def test_results_are_readable_by_their_owner_only(data: Path, tmp_path: Path) -> None:
    """They quote the data set; the umask of the caller decides nothing."""
    before = os.umask(0)
    try:
        validate(data, tmp_path / "out")
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "out", *(tmp_path / "out").rglob("*"))}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert len(modes) >= 6


@pytest.mark.parametrize("command", ["validate", "preflight", "demo"])
def test_a_name_that_is_no_utf8_is_refused_in_a_sentence(command: str, data: Path) -> None:
    """It can be neither a key of an object nor a text of the report."""
    named = os.fsdecode(os.fsencode(data.parent) + b"/caf\xe9")
    try:
        data.rename(named)
    except OSError:
        pytest.skip("This file system has no such names.")
    assert r"caf\xe9 is no UTF-8" in refused(command, "--data", named)
    assert r"caf\xe9 is no UTF-8" in refused("review", f"{named}/train.jsonl", "--report", named)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(28, os.strerror(28)), "The command has stopped: No space left on device. Free some space"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "AWS, or the embedded AWS, has failed: Could not"),
    ],
)
def test_a_demo_that_the_system_ends_says_so_in_a_sentence(
    error: Exception, sentence: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or an emulator that is gone, is no fault of the code to be traced."""

    def fail(*_: object, **__: object) -> bool:
        raise error

    monkeypatch.setattr("cli.commands.demo.DEMO_FOLDER", tmp_path / "demo")
    monkeypatch.setattr(demo, "run_demo", fail)
    result = CliRunner().invoke(app, ["demo", "--data", str(data / "train.jsonl")])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith(sentence)
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("looks_before", [0, 1])
def test_a_disk_that_fills_up_ends_a_demo_wherever_it_waits(
    looks_before: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator has a deployment wait for functions that cannot be unpacked."""
    free = iter([session.LEAST_FREE_BYTES] * looks_before)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=next(free, 0)))
    monkeypatch.setattr(session, "DISK_SECONDS", 0.01)
    with pytest.raises(OSError, match="less than 50 MB left"), session.stopping_on_full_disk(tmp_path):
        signal.pause()


def test_output_that_a_full_disk_does_not_take_ends_in_a_sentence(data: Path, tmp_path: Path) -> None:
    """As with `> report.txt`."""
    if not Path("/dev/full").exists():
        pytest.skip("This system has no /dev/full.")
    program = str(Path(sys.executable).parent / "fine-tune")
    command = [program, "validate", "--data", str(data), "--out", str(tmp_path / "out")]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603 - ours
    assert ended.returncode == 1
    assert ended.stderr == (
        "The command has stopped: No space left on device. Free some space, then repeat the command.\n"
    )


def test_each_demo_keeps_the_one_before(tmp_path: Path) -> None:
    """The latest has its files in place; what a person keeps there stays, and an earlier one is never overwritten."""
    folder = tmp_path / "demo"
    (tmp_path / "demo-7").mkdir()
    for number in (1, 2):
        with emptied(folder, DEMO, demo.WRITTEN, set_aside_with="execution.json") as earlier:
            output_folder.claim(folder, ["execution.json", "dataset/report.html"])
            (folder / "dataset").mkdir()
            (folder / "dataset" / "report.html").write_text(str(number))
            (folder / "execution.json").write_text(str(number))
            (folder / "notes.txt").write_text("mine")
            assert earlier == (None if number == 1 else tmp_path / "demo-8")
    kept = {name: text for name, text in contents(tmp_path / "demo-8").items() if name != LIST}
    assert kept == {"dataset/report.html": b"1", "execution.json": b"1"}
    assert contents(folder)["execution.json"] == b"2"
    assert contents(folder)["notes.txt"] == b"mine"
    # It is a demo's folder, which a demo may delete.
    output_folder.require_own(tmp_path / "demo-8", DEMO)


def test_a_demo_that_did_not_get_to_a_run_is_not_kept(tmp_path: Path) -> None:
    """Its logs alone tell nothing that the next one does not."""
    folder = tmp_path / "demo"
    for _ in range(2):
        with emptied(folder, DEMO, demo.WRITTEN, set_aside_with="execution.json") as earlier:
            (folder / "bedrock-calls.jsonl").write_text("")
            assert earlier is None
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["demo"]


def test_ctrl_c_in_a_demo_says_what_is_left(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to look for processes that still run."""

    def interrupt(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.commands.demo.DEMO_FOLDER", tmp_path / "demo")
    monkeypatch.setattr(demo, "run_demo", interrupt)
    result = CliRunner().invoke(app, ["demo", "--data", str(data / "train.jsonl")])
    assert result.exit_code == 130
    assert "the embedded AWS with its run has ended" in result.stderr
