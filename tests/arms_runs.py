"""What the two runs of post 002 leave, for tests: the arms answer more and more rightly."""

import json
from pathlib import Path

from cli.folders import ARMS
from cli.seeds.arms.data import FEW_RUN, MANY_RUN
from lambdas.domain.evaluation.answers import render_line
from local.output_folder import start
from tests.answer_lines import make_answer
from tests.unit.reports import arm_figures, succeeded_report

RECORDS = 80
# How many of ten test records each arm answers rightly.
RIGHT = {"base": 2, "candidate-1": 4, "tuned": 7}
RIGHT_OF_MANY = {"base": 2, "tuned": 9}
JOBS = {1: 0.9, 2: 0.7}


def make_arms_folder(folder: Path, *, other_test_set: bool = False) -> None:
    """Both runs' folders, as they are fetched."""
    start(folder, ARMS, [f"{FEW_RUN}/", f"{MANY_RUN}/", "judging/", "index.html", "arms.json"])
    _make_run(folder / FEW_RUN, few_report(), RIGHT)
    _make_run(folder / MANY_RUN, many_report(), RIGHT_OF_MANY, shift=1 if other_test_set else 0)


def few_report() -> dict[str, object]:
    """The run on few originals: its second candidate, with synthetic records, is chosen."""
    figures = {"records": 40, "score": None, "interval": None}
    jobs = [
        {
            "number": number,
            "name": f"few-c{number}",
            "hyperparameters": {"epochCount": "3"},
            "status": "Completed",
            "model_arn": f"arn:{number}",
            "training_loss": None,
            "validation_loss": loss,
            "failure": None,
            "chosen": number == 2,
            "model_deleted": False,
            "kept": True,
        }
        for number, loss in JOBS.items()
    ]
    return succeeded_report(
        run_id="arms-few-0123456789ab",
        arms={arm: arm_figures() for arm in RIGHT},
        task={"kind": "text", "detected": True, "metric": "exact_match"},
        sweep={"jobs": jobs, "chosen": 2, "reason": "", "note": ""},
        compare={
            "metric": "exact_match",
            "sets": [
                {"data": "original", "candidate": 1, "validation_loss": 0.9, **figures},
                {"data": "synthetic", "candidate": 2, "validation_loss": 0.7, **figures, "records": 130},
            ],
            "comparisons": [],
            "winner": None,
        },
    ).dump()


def many_report() -> dict[str, object]:
    return succeeded_report(
        run_id="arms-many-0123456789ab",
        dataset={"train": 160, "validation": 20, "test": RECORDS},
        hyperparameters={"epochCount": "2"},
        task={"kind": "text", "detected": True, "metric": "exact_match"},
    ).dump()


def _make_run(folder: Path, report: dict[str, object], right: dict[str, int], shift: int = 0) -> None:
    for name in ("evaluation", "dataset"):
        (folder / name).mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(report))
    questions = [
        {
            "messages": [
                {"role": "user", "content": f"question {number + shift}"},
                {"role": "assistant", "content": str(number)},
            ]
        }
        for number in range(RECORDS)
    ]
    (folder / "dataset" / "test.jsonl").write_text("".join(json.dumps(each) + "\n" for each in questions))
    (folder / "dataset" / "test_groups.json").write_text(json.dumps([*range(RECORDS)]))
    for arm, share in right.items():
        lines = [
            make_answer(number, str(number) if number % 10 < share else f"not by {arm}", str(number))
            for number in range(RECORDS)
        ]
        (folder / "evaluation" / f"{arm}.jsonl").write_bytes(b"".join(render_line(each) + b"\n" for each in lines))
