"""`fine-tune review`: people's votes in a run's report."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from lambdas.domain.evaluation.answers import render_line
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.evaluate import evaluate
from lambdas.domain.evaluation.judging.pairwise import Pair
from lambdas.domain.evaluation.judging.summary import summarise_judging
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report import charts, human_review
from lambdas.domain.report.assemble import assemble_success
from lambdas.domain.report.run_report import Lineage
from lambdas.domain.training.losses import NO_LOSSES, Loss, Losses
from tests.answer_lines import make_answer, make_judgements
from tests.unit.run_states import RUN_ID, make_facts, make_plan

RECORDS = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a demo leaves of a run with one judge, who takes the tuned answer of each pair but the last."""
    texts = {"tuned": "right", "base": "wrong"}
    answers = {arm: [make_answer(n, text, "right") for n in range(RECORDS)] for arm, text in texts.items()}
    arms = {"tuned": Arm(model_id=None), "base": Arm(model_id="base-model")}
    pairs = [Pair(n, f"question {n}", "right", "right", "wrong") for n in range(RECORDS)]
    judged = [line for n in range(RECORDS) for line in make_judgements(n, ("first", "second") if n else ("tie", "tie"))]
    settings = EvaluationSettings(judges=["judge"])
    plan = make_plan(evaluation=settings.model_dump(), arms={name: arm.model_dump() for name, arm in arms.items()})
    source = {"bucket": "in", "key": "input/sales.jsonl", "version_id": None}
    result = assemble_success(
        Plan.parse(plan),
        make_facts(plan, simulated=True),
        evaluate(answers, arms, range(RECORDS), settings, None),
        summarise_judging(pairs, {"judge": judged}),
        NO_LOSSES,
        Lineage.parse({"package_version": "0", "source": source, "objects": [], "judge_prompt": None}),
        None,
    )
    (tmp_path / "evaluation").mkdir()
    for arm, lines in answers.items():
        (tmp_path / "evaluation" / f"{arm}.jsonl").write_bytes(b"\n".join(map(render_line, lines)))
    (tmp_path / "report.json").write_text(json.dumps(result.dump()))
    (tmp_path / "page.html").write_text(human_review.render_review(RUN_ID, pairs, simulated=True))
    return tmp_path


def votes(folder: Path, reviewer: str = "Ann", run_id: str = RUN_ID, right: int = 50) -> Path:
    """Votes for the right answer on the first pairs of the page, and against it on the others."""
    page = (folder / "page.html").read_text().split('id="review">')[1].split("</script>")[0]
    pairs = sorted(json.loads(page)["pairs"], key=lambda pair: pair["index"])
    choices = [
        {"index": pair["index"], "choice": "left" if (pair["left"] == "right") == (place < right) else "right"}
        for place, pair in enumerate(pairs)
    ]
    file = folder / f"{reviewer}.json"
    saved = {"format": human_review.FORMAT, "run_id": run_id, "reviewer": reviewer, "votes": choices}
    file.write_text(json.dumps(saved))
    return file


def run(folder: Path, file: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["review", str(file), "--report", str(folder)])
    return done.exit_code, done.output


def test_votes_and_their_agreement_with_the_judge_are_added_to_both_reports(folder: Path) -> None:
    """People are what judges are measured by."""
    assert run(folder, votes(folder, right=50))[0] == 0
    judging = json.loads((folder / "report.json").read_text())["judging"]
    [person] = judging["people"]
    assert (person["reviewer"], person["wins"], person["losses"], person["win_rate"]) == ("Ann", 50, 0, 100)
    [agreement] = judging["agreements"]
    assert agreement["raters"] == ["judge", "Ann"]
    assert agreement["pairs"] == 50
    assert agreement["agreement"] == 98
    page = (folder / "report.html").read_text()
    assert "Ann (a person)" in page
    assert "SIMULATED" in page


def test_a_reviewer_who_votes_again_replaces_the_earlier_votes_and_others_stay(folder: Path) -> None:
    """Else a person would count twice."""
    for reviewer, right in (("Ann", 20), ("Bob", 18), ("Ann", 19)):
        assert run(folder, votes(folder, reviewer, right=right))[0] == 0
    judging = json.loads((folder / "report.json").read_text())["judging"]
    assert [(one["reviewer"], one["wins"]) for one in judging["people"]] == [("Bob", 18), ("Ann", 19)]
    assert [one["raters"] for one in judging["agreements"]] == [["judge", "Bob"], ["judge", "Ann"], ["Bob", "Ann"]]


def test_votes_on_another_run_change_nothing(folder: Path) -> None:
    """Which answer is left follows from the run: read for another, votes would say the opposite as often as not."""
    before = (folder / "report.json").read_bytes()
    code, output = run(folder, votes(folder, run_id="other-0123456789ab"))
    assert (code, "not on sales-0123456789ab" in output.replace("\n", " ")) == (1, True)
    assert (folder / "report.json").read_bytes() == before


def test_a_folder_without_a_report_or_without_answers_says_what_is_missing(folder: Path, tmp_path: Path) -> None:
    """A person must learn what to fetch."""
    file = votes(folder)
    (folder / "evaluation" / "base.jsonl").unlink()
    assert "base.jsonl" in run(folder, file)[1].replace("\n", "")
    (folder / "report.json").unlink()
    assert "does not exist" in run(folder, file)[1].replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[]", "not a report of this version"),
        (b'{"status": "succeeded"}', "run_id: Field required"),
    ],
)
def test_a_report_that_cannot_be_read_is_told(folder: Path, text: bytes, said: str) -> None:
    """It was cut off while it was fetched, or an earlier version has written it."""
    (folder / "report.json").write_bytes(text)
    code, output = run(folder, votes(folder))
    assert (code, said in output.replace("\n", " ")) == (1, True), output
    assert (folder / "report.json").read_bytes() == text


def test_answers_that_somebody_edited_are_named_by_their_line(folder: Path) -> None:
    """The page would show something else than what was answered."""
    answers = folder / "evaluation" / "base.jsonl"
    answers.write_text('{"index": 0, "response": "better"}\n')
    code, output = run(folder, votes(folder))
    assert (code, "Line 1 of the stored answers" in output.replace("\n", " ")) == (1, True)


@pytest.mark.parametrize(
    ("reviewer", "said"),
    [
        ("judge", "that of a judge"),
        ("ＪＵＤＧＥ", "that of a judge"),  # noqa: RUF001 - full width is what is meant
        (" Judge ", "that of a judge"),
        ("Ann\u200b", "cannot be seen"),
        ("A\u00adnn", "cannot be seen"),
        ("\u3164", "cannot be seen"),
        (" ", "blank"),
        ("ANN", "can be taken for Ann"),
        ("Ann ", "can be taken for Ann"),
        ("Ａｎｎ", "can be taken for Ann"),  # noqa: RUF001 - full width is what is meant
    ],
)
def test_a_reviewer_is_neither_a_judge_nor_somebody_else(folder: Path, reviewer: str, said: str) -> None:
    """Votes under a judge's id would stand in for the judge, and those of a double would count a person twice."""
    assert run(folder, votes(folder))[0] == 0
    before = (folder / "report.json").read_bytes()
    code, output = run(folder, votes(folder, reviewer))
    assert (code, said in output.replace("\n", " ")) == (1, True)
    assert (folder / "report.json").read_bytes() == before


def test_a_review_replaces_the_reports_and_writes_through_no_link(folder: Path, tmp_path: Path) -> None:
    """A link in a folder that came from elsewhere would lead into the reviewer's own files."""
    mine = tmp_path / "mine.html"
    mine.write_text("mine")
    (folder / "report.html").symlink_to(mine)
    assert run(folder, votes(folder))[0] == 0
    assert mine.read_text() == "mine"
    assert "Ann (a person)" in (folder / "report.html").read_text()
    assert {(folder / name).stat().st_mode & 0o777 for name in ("report.html", "report.json")} == {0o600}


def losses(*values: float) -> tuple[Losses, str]:
    """A validation loss for each epoch, and the file in which Bedrock writes them."""
    rows = [f"{epoch},{epoch},{value}" for epoch, value in enumerate(values, 1)]
    lines = tuple(Loss(epoch, epoch, value) for epoch, value in enumerate(values, 1))
    return Losses(lines, 0), "\n".join(["step_number,epoch_number,validation_loss", *rows, ""])


def test_a_review_keeps_the_curves_of_a_run_with_several_jobs(folder: Path) -> None:
    """The first file that is found may be that of a job which was not chosen; its losses are not the model's."""
    jobs = {1: losses(0.9, 0.8), 2: losses(0.7, 0.3)}
    for number, (_, text) in jobs.items():
        file = folder / f"customization/c{number}/job/validation_artifacts/post/validation/validation_metrics.csv"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    job = {
        "hyperparameters": {"epochCount": "2"}, "status": "Completed", "model_arn": None, "training_loss": None,
        "validation_loss": None, "failure": None, "model_deleted": False, "kept": True,
    }  # fmt: skip
    sweep = {
        "jobs": [{**job, "number": number, "name": f"job-{number}", "chosen": number == 2} for number in jobs],
        "chosen": 2,
        "reason": "Job 2 has the lowest loss.",
        "note": "",
    }
    report = json.loads((folder / "report.json").read_text()) | {"sweep": sweep}
    (folder / "report.json").write_text(json.dumps(report))
    assert run(folder, votes(folder))[0] == 0
    page = (folder / "report.html").read_text()
    drawn = {f"job {number}{', chosen' if number == 2 else ''}": own.lines for number, (own, _) in jobs.items()}
    assert charts.sweep_curves(drawn, "job 2, chosen") in page
    assert charts.loss_curves([], jobs[2][0].lines) in page
