"""`fine-tune open`: a run's pages side by side on this machine, and the page of all runs that leads to them."""

from pathlib import Path

import pytest

from lambdas.domain.report.run_index import IndexedRun, render_index
from tests.cli.account_script import OUTPUT, ScriptedAccount
from tests.cli.conftest import FineTune

RUN, OTHER = "sales-0123456789ab", "sales-1123456789ab"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the browser was given."""
    given: list[str] = []

    def open_page(uri: str) -> bool:
        given.append(uri)
        return True

    monkeypatch.setattr("webbrowser.open", open_page)
    return given


def put(account: ScriptedAccount, *keys: str) -> None:
    for key in keys:
        account.s3.put_object(Bucket=OUTPUT, Key=key, Body=key.encode())


def files(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith("."))


def test_a_run_s_page_is_opened_with_the_files_that_it_names(
    scripted: ScriptedAccount, fine_tune: FineTune, opened: list[str], tmp_path: Path
) -> None:
    """Not with all answers, which may be gigabytes."""
    scripted.claim(RUN)
    put(scripted, *(f"runs/{RUN}/{name}" for name in ("report.html", "errors.csv", "dataset/report.html")))
    put(scripted, f"runs/{RUN}/evaluation/tuned.jsonl", f"runs/{RUN}/dataset/train.jsonl")
    done = fine_tune("open", RUN, "--out", tmp_path / "pages")
    assert done.exit_code == 0, done.output
    assert files(tmp_path / "pages") == [
        f"{RUN}/{name}" for name in ("dataset/report.html", "errors.csv", "report.html")
    ]
    assert opened == [(tmp_path / "pages" / RUN / "report.html").as_uri()]


def test_a_run_whose_data_set_was_refused_has_that_page(
    scripted: ScriptedAccount, fine_tune: FineTune, opened: list[str], tmp_path: Path
) -> None:
    scripted.claim(RUN)
    put(scripted, f"runs/{RUN}/dataset/report.html", f"runs/{RUN}/report.json")
    assert fine_tune("open", RUN, "--out", tmp_path / "pages").exit_code == 0
    assert opened[0].endswith(f"{RUN}/dataset/report.html")


def test_the_page_of_all_runs_leads_to_the_reports(
    scripted: ScriptedAccount, fine_tune: FineTune, opened: list[str], tmp_path: Path
) -> None:
    """What was fetched before stays, and a report that is gone is left out."""
    at = "2026-11-22T10:00:00.000Z"
    runs = [IndexedRun(run_id=run, started_at=at, status="succeeded") for run in (RUN, OTHER)]
    page = render_index("team", runs, [], at, all_shown=True)
    scripted.s3.put_object(Bucket=OUTPUT, Key="runs/index.html", Body=page.encode())
    scripted.claim(RUN)
    put(scripted, f"runs/{RUN}/report.html", f"runs/{RUN}/errors.csv")
    for words in ([RUN], [], []):
        assert fine_tune("open", *words, "--out", tmp_path / "pages").exit_code == 0
    assert files(tmp_path / "pages") == ["index.html", f"{RUN}/errors.csv", f"{RUN}/report.html"]
    assert opened[1] == (tmp_path / "pages" / "index.html").as_uri()


def test_without_a_browser_the_place_is_told(
    scripted: ScriptedAccount, fine_tune: FineTune, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scripted.claim(RUN)
    put(scripted, f"runs/{RUN}/report.html")
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    told = fine_tune("open", RUN, "--out", tmp_path / "pages").output
    assert f"Page: {tmp_path}/pages/{RUN}/report.html" in told
    assert "There is no browser here" in told
    assert "no browser" not in fine_tune("open", RUN, "--no-browser", "--out", tmp_path / "pages").output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([RUN], "has no page: it goes on"),
        (["sales-0123456789ac"], f"Did you mean {RUN}?"),
        ([], "has no page of its runs: it is written when a run ends"),
    ],
)
def test_what_has_no_page_says_so(
    scripted: ScriptedAccount, fine_tune: FineTune, opened: list[str], tmp_path: Path, words: list[str], told: str
) -> None:
    scripted.claim(RUN)
    done = fine_tune("open", *words, "--out", tmp_path / "pages")
    assert (done.exit_code, opened, (tmp_path / "pages").exists()) == (2, [], False)
    assert told in done.output


def test_a_folder_of_somebody_else_s_is_left_alone(
    scripted: ScriptedAccount, fine_tune: FineTune, opened: list[str], tmp_path: Path
) -> None:
    scripted.claim(RUN)
    put(scripted, f"runs/{RUN}/report.html")
    (tmp_path / "mine.txt").write_text("mine")
    done = fine_tune("open", RUN, "--out", tmp_path)
    assert (done.exit_code, files(tmp_path), opened) == (2, ["mine.txt"], [])
