"""`make seeds POST=002`: the four arms of two runs, computed from their stored answers."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.commands.options import EXAMPLE
from cli.curation import DataRefusedError
from cli.seeds import __main__ as command
from cli.seeds.arms.data import CHECKER, JUDGES, TEACHER, make_data, run_settings
from cli.seeds.arms.judging import PEOPLES, judge_arms
from cli.seeds.arms.page import PAGE, read_table, render, tell_table, with_votes, write_table
from cli.seeds.arms.table import (
    BASE_ARM,
    FEW,
    MANY,
    RIVALS,
    SYNTHETIC,
    ArmsTable,
    NotComparableArmsError,
    make_table,
    read_arms,
)
from cli.seeds.cited import read_cited
from cli.stored_report import NoReportError
from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.domain.evaluation.answers import ModelAnswer
from lambdas.domain.evaluation.questions import InferenceSettings, Question
from lambdas.domain.models.families import family
from lambdas.domain.report.human_review import VotesRejectedError
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.domain.settings.run_settings import Choices, parse
from local.terminal import Console
from tests.arms_runs import RECORDS, make_arms_folder

CITED = read_cited()


class Runtime:
    """Judges that prefer an answer that is right."""

    def converse(self, model_id: str, question: Question, settings: InferenceSettings) -> ModelAnswer:
        """Wrong answers say whose they are."""
        first, second = question.messages[0].content.split("<second-")
        wrong = "not by" in first, "not by" in second
        judgement = {(True, False): "second", (False, True): "first"}.get(wrong, "tie")
        return ModelAnswer(f"<reason>So.</reason><judgement>{judgement}</judgement>", 10, 5, 1, "end_turn")

    def left_out(self, model_id: str, settings: InferenceSettings) -> list[str]:
        return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both runs, fetched."""
    made = tmp_path / "seeds-002"
    make_arms_folder(made)
    return made


def account() -> Adapters:
    adapters = Adapters(Clients())
    adapters.runtime = Runtime()  # type: ignore[assignment]
    return adapters


def table_of(folder: Path) -> ArmsTable:
    arms = read_arms(folder)
    return make_table(arms, judge_arms(arms, account(), folder), "examples/data.jsonl")


def test_the_four_arms_have_what_they_trained_on_and_what_they_scored(folder: Path) -> None:
    """Each figure is counted from the stored answers."""
    table = make_table(read_arms(folder), [], "data")
    assert [(each.arm, each.records, each.synthetic, each.score) for each in table.arms] == [
        (BASE_ARM, 0, 0, 20.0),
        (FEW, 40, 0, 40.0),
        (MANY, 160, 0, 90.0),
        (SYNTHETIC, 130, 90, 70.0),
    ]
    assert all(each.interval and each.interval[0] < (each.score or 0) < each.interval[1] for each in table.arms)
    assert [each.hyperparameters for each in table.arms] == [
        {},
        {"epochCount": "3"},
        {"epochCount": "2"},
        {"epochCount": "3"},
    ]
    assert (table.test, table.runs) == (RECORDS, ["arms-few-0123456789ab", "arms-many-0123456789ab"])


def test_few_with_synthetic_is_compared_with_each_other_arm_on_the_same_records(folder: Path) -> None:
    """The many originals are another run's, and yet paired."""
    table = make_table(read_arms(folder), [], "data")
    assert {each.against: each.difference for each in table.comparisons} == {BASE_ARM: 50.0, FEW: 30.0, MANY: -20.0}
    many = table.comparisons[-1]
    assert (many.better, many.same, many.worse, many.groups) == (0, 64, 16, RECORDS)
    assert many.interval is not None
    assert many.interval[1] < 0


def test_runs_on_different_test_sets_are_refused(tmp_path: Path) -> None:
    make_arms_folder(tmp_path / "arms", other_test_set=True)
    with pytest.raises(NotComparableArmsError, match="different test sets"):
        read_arms(tmp_path / "arms")
    with pytest.raises(NoReportError, match="ended before its report"):
        read_arms(tmp_path)


def test_both_judges_see_each_pair_in_both_orders_and_people_get_20(folder: Path) -> None:
    """One of each group, of all that both arms have answered."""
    table = table_of(folder)
    assert [each.against for each in table.judged] == [*RIVALS]
    for rival in table.judged:
        assert [judge.model_id for judge in rival.judging.judges] == [*JUDGES]
        assert len(rival.judging.pairs) == RECORDS
        page = (folder / rival.review).read_text()
        differing = sum(not pair.identical for pair in rival.judging.pairs)
        assert page.count('"reference"') == min(PEOPLES, differing), rival.against
    wins = {each.against: [(judge.wins, judge.losses) for judge in each.judging.judges] for each in table.judged}
    assert wins == {BASE_ARM: [(40, 0)] * 2, FEW: [(24, 0)] * 2, MANY: [(0, 16)] * 2}
    identical = sum(pair.identical for pair in table.judged[0].judging.pairs)
    assert identical == 16, "what both answer rightly needs no judge"


def test_votes_of_a_person_become_a_row_with_their_agreement(folder: Path) -> None:
    """Nothing is run again for them."""
    table = table_of(folder)
    rival = table.judged[1]
    index = next(pair.index for pair in rival.judging.pairs if not pair.identical)
    votes = {
        "format": "fine-tune-votes-1",
        "run_id": rival.review_id,
        "reviewer": "Ada",
        "votes": [{"index": index, "choice": "left"}],
    }
    voted = with_votes(table, json.dumps(votes).encode())
    assert [len(each.judging.people) for each in voted.judged] == [0, 1, 0]
    assert "Ada (a person)" in render(voted, CITED)
    with pytest.raises(VotesRejectedError):
        with_votes(table, json.dumps({**votes, "run_id": "another"}).encode())


def test_page_and_file_have_all_of_it_and_say_what_is_simulated(folder: Path) -> None:
    table = table_of(folder)
    write_table(folder, table, CITED)
    assert read_table(folder) == table
    page = (folder / PAGE).read_text()
    for text in ("SIMULATED.", "few with synthetic", "84.8 %", "less than half", "many originals", "Cohen's kappa"):
        assert text in page, text
    assert "<script" not in page
    with pytest.raises(NoReportError, match="POST=002"):
        read_table(folder / "few")


def test_terminal_has_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell_table(Console(width=120), table_of(folder))
    out = capsys.readouterr().out
    assert "few with synthetic against many originals: -20.0 points (" in out
    assert "prefers few with synthetic to base in" in out


def test_both_runs_have_the_same_held_out_records_and_few_is_a_part_of_many(tmp_path: Path) -> None:
    """Else a difference between them may be one of the test sets."""
    made = make_data(EXAMPLE, tmp_path / "data", Console(quiet=True))
    for name in ("test.jsonl", "validation.jsonl"):
        assert (made.few / name).read_bytes() == (made.many / name).read_bytes()
    few, many = ({*(each / "train.jsonl").read_bytes().splitlines()} for each in (made.few, made.many))
    assert few < many
    assert len(few) == pytest.approx(len(many) / 4, abs=2)


def test_a_data_set_of_which_a_quarter_is_too_small_is_refused(tmp_path: Path) -> None:
    lines = EXAMPLE.read_bytes().splitlines(keepends=True)[:20]
    (tmp_path / "small.jsonl").write_bytes(b"".join(lines))
    with pytest.raises(DataRefusedError):
        make_data(tmp_path / "small.jsonl", tmp_path / "data", Console(quiet=True))


def test_the_run_on_few_originals_compares_them_with_synthetic_ones() -> None:
    """Its run.json is one that a run accepts, with a checker of another family than the teacher."""
    assert family(TEACHER) != family(CHECKER)
    assert len({family(judge) for judge in JUDGES}) == 2
    text = json.dumps(run_settings(synthesizes=True)).encode()
    choices = parse(text, "amazon.nova-lite-v1:0:300k", RunLimits(max_model_units=1))
    assert isinstance(choices, Choices)
    assert choices.settings.compare == ["original", "synthetic"]
    assert "compare" not in run_settings(synthesizes=False)


def run(*words: object) -> Result:
    return CliRunner().invoke(command.app, ["--post", "002", *map(str, words)])


def test_the_command_adds_votes_without_a_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "ARMS_FOLDER", folder)
    table = table_of(folder)
    write_table(folder, table, CITED)
    rival = table.judged[0]
    index = next(pair.index for pair in rival.judging.pairs if not pair.identical)
    votes = {
        "format": "fine-tune-votes-1",
        "run_id": rival.review_id,
        "reviewer": "Ada",
        "votes": [{"index": index, "choice": "tie"}],
    }
    path = tmp_path / "votes.json"
    path.write_text(json.dumps(votes))
    done = run("--votes", path)
    assert done.exit_code == 0, done.output
    assert read_table(folder).judged[0].judging.people[0].reviewer == "Ada"
    path.write_text("{}")
    assert run("--votes", path).exit_code == 2


def test_data_that_is_not_there_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "ARMS_FOLDER", tmp_path / "seeds-002")
    done = run("--data", tmp_path / "missing")
    assert done.exit_code == 2, done.output
    assert "There is no file or folder" in done.output
