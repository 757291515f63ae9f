"""What the demo prints of a run's result."""

import json
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest

from cli import result
from cli.execution import Snapshot
from lambdas.domain.core.finding import Finding
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.figures import dataset_document
from lambdas.domain.dataset.preparation import Wanted
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.split.holdout import SplitSettings
from lambdas.domain.models.catalogue import base_model
from local.terminal import Console
from tests.unit.reports import arm_figures, succeeded_report

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
FINDINGS = [
    Finding(check="prices", severity="warning", message="No price.", remedy="Give one."),
    Finding(
        check="model-lifecycle", severity="error", message="Past its end.", remedy="Change.", successor="amazon.nova"
    ),
    Finding(check="quota-model-units", severity="error", message="0 units.", remedy="Ask.", quota_code="L-BE77399C"),
]
SERVED = {"arn": "arn", "requested_at": "08:00", "in_service_at": "08:01", "deleted_at": "08:02", "served_seconds": 60}


def told(folder: Path, snapshot: Snapshot) -> list[str]:
    """The printed lines, on a narrow terminal."""
    console = Console(file=StringIO(), width=40)
    result.tell(console, folder, snapshot)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_each_finding_of_preflight_is_a_line(tmp_path: Path) -> None:
    """Errors first, each with its remedy: the user corrects all of them at once."""
    document = {"findings": [finding.model_dump() for finding in FINDINGS]}
    (tmp_path / "preflight.json").write_text(json.dumps(document))
    lines = told(tmp_path, Snapshot("FAILED", error="PreflightFailed", cause="{}"))
    assert lines[1:] == [
        "The run has ended as FAILED: PreflightFailed",
        "  error: Past its end. Change. (successor: amazon.nova) [model-lifecycle]",
        "  error: 0 units. Ask. (quota: L-BE77399C) [quota-model-units]",
        "  warning: No price. Give one. [prices]",
    ]


@pytest.mark.parametrize(("form_counts", "decides"), [(False, "content"), (True, "accuracy")])
def test_the_table_shows_the_metric_that_decided(form_counts: bool, decides: str, tmp_path: Path) -> None:
    """F1 and exact match alone would not say why the verdict is what it is."""
    arms = {name: arm_figures(label_match=61.0, content=72.0) for name in ("tuned", "base")}
    decision: dict[str, object] = {"verdict": "reject", "reasons": [], "metric": "label_match", "champion": None}
    report = succeeded_report(
        arms=arms,
        task={"kind": "labels", "detected": True, "metric": "label_match"},
        decision={**decision, "gate": {"form_counts": form_counts}},
    )
    (tmp_path / "report.json").write_text(json.dumps(report.dump()))
    console = Console(file=StringIO(), width=120)
    result.tell_report(console, tmp_path)
    assert isinstance(console.file, StringIO)
    printed = console.file.getvalue().lower()
    assert f"{decides} (decides)" in " ".join(printed.split())
    assert printed.count("61.0") == 2
    assert printed.count("72.0") == (0 if form_counts else 2)


def test_the_table_shows_the_win_rate_where_judges_decided() -> None:
    """It is a figure of the two arms that judges compared, and of no other."""
    known = {"groups": 60, "records": 60, "detectable": 1.0, "p_value": 0.01, "interval": (10.0, 50.0)}
    entry = {"arm": "tuned", "against": "base", "metric": "win_rate", "difference": 30.0, **known}
    decision: dict[str, object] = {"verdict": "promote", "reasons": [], "metric": "win_rate", "champion": None}
    report = succeeded_report(
        arms={name: arm_figures() for name in ("tuned", "base", "other")},
        comparisons=[entry],
        decision={**decision, "gate": {"metric": "win_rate"}},
    )
    console = Console(file=StringIO(), width=120)
    result.tell_scores(console, report, "title")
    assert isinstance(console.file, StringIO)
    printed = console.file.getvalue()
    assert "win rate (decides)" in printed
    assert [printed.count(rate) for rate in ("65.0", "35.0")] == [1, 1]


def test_names_of_arms_and_metrics_are_whole_on_a_narrow_terminal() -> None:
    """They are what the lines below the table, and other files, name."""
    tokens = {"mean": 123.4, "median": 120.0, "sd": 1.0, "min": 1, "max": 2}
    names = ("tuned", "base", "candidate-2", "tuned-few-shot-3")
    known = {"groups": 60, "records": 60, "detectable": 1.0, "p_value": 0.01, "interval": (10.0, 50.0)}
    entry = {"arm": "tuned", "against": "base", "metric": "win_rate", "difference": 30.0, **known}
    decision: dict[str, object] = {"verdict": "promote", "reasons": [], "metric": "win_rate", "champion": None}
    report = succeeded_report(
        arms={name: arm_figures(n=1200, output_tokens=tokens) for name in names},
        comparisons=[entry],
        decision={**decision, "gate": {"metric": "win_rate"}},
    )
    console = Console(file=StringIO(), width=80)
    result.tell_scores(console, report, "title")
    assert isinstance(console.file, StringIO)
    printed = console.file.getvalue()
    assert [word for word in ("candidate-2", "(decides)", "tokens,", "Exact", "median") if word not in printed] == []
    assert max(map(len, printed.splitlines())) <= 80


def test_the_way_of_serving_is_told() -> None:
    """A deployment is not billed by the hour, and must not look as if it were."""
    deployed, purchased = (
        [*result.serving(succeeded_report(serving={**SERVED, "kind": kind}))]
        for kind in ("on_demand", "provisioned_throughput")
    )
    assert deployed == ["Served by an on-demand deployment: in service 08:01, deleted 08:02."]
    assert purchased == [
        "Served by Provisioned Throughput: in service 08:01, deleted 08:02, billed for 60 s.",
    ]


def candidate(number: int, **changes: Any) -> dict[str, Any]:
    """A job of report.json's sweep."""
    known = {"status": "Completed", "validation_loss": 0.5, "failure": None, "chosen": False, "model_deleted": False}
    rest = {"name": f"job-{number}", "model_arn": None, "training_loss": None, "kept": False}
    return {"number": number, "hyperparameters": {"epochCount": str(number)}, **known, **rest, **changes}


def test_the_jobs_of_a_sweep_are_compared() -> None:
    """Why this model and not another, and what became of the others."""
    jobs = [
        candidate(1, model_deleted=True),
        candidate(2, validation_loss=0.25, chosen=True),
        candidate(3),
        candidate(4, status="Failed", validation_loss=None, failure="No capacity."),
    ]
    sweep = {"jobs": jobs, "reason": "Job 2 has the lowest loss.", "note": "All were tried.", "chosen": 2}
    assert [*result.sweep(succeeded_report(sweep=sweep))] == [
        "Sweep: Job 2 has the lowest loss. All were tried.",
        "  job 1: validation loss 0.5; epochCount 1; model deleted.",
        "  job 2: validation loss 0.25; epochCount 2; chosen.",
        "  job 3: validation loss 0.5; epochCount 3; model kept.",
        "  job 4: No capacity; epochCount 4; Failed.",
    ]


def test_the_jobs_of_a_learning_curve_are_told_with_their_sizes() -> None:
    """With equal hyperparameters nothing else tells them apart."""
    jobs = [candidate(1, chosen=True, training_records=1_400), candidate(2, training_records=700)]
    sweep = {"jobs": jobs, "reason": "Job 1 has the lowest loss.", "note": "", "chosen": 1}
    assert [*result.sweep(succeeded_report(sweep=sweep))] == [
        "Candidates: Job 1 has the lowest loss.",
        "  job 1: validation loss 0.5; 1,400 records; epochCount 1; chosen.",
        "  job 2: validation loss 0.5; 700 records; epochCount 2; model kept.",
    ]


def test_what_refuses_a_data_set_is_told_with_what_to_do(tmp_path: Path) -> None:
    """A failed demo is mended from its terminal: the place, the mistake and the remedy stand on one line."""
    report = DatasetReport()
    data = b"".join(b'{"prompt": "a", "completion": null}\n' for _ in range(40))
    read = check_set(BytesIO(data), "train.jsonl", HAIKU, report)
    wanted = Wanted(HAIKU, SplitSettings(), few_shot=0, hyperparameters={})
    (tmp_path / "dataset").mkdir()
    document = dataset_document(report, {"train": read}, wanted)
    (tmp_path / "dataset" / "report.json").write_text(json.dumps(document.dump()))
    lines = told(tmp_path, Snapshot("FAILED", error="DatasetRejected", cause="{}"))
    words = "error: train.jsonl#/completion: All 40 records, from line 1 on: A text is needed, not null. [wrong-type] "
    assert f"  {words}Fill in the text, or leave the record out: null is the absence of a text." in lines


def test_what_more_data_would_add_and_the_best_tested_candidate_are_told() -> None:
    point = {
        "records": 1_000,
        "candidate": 1,
        "hyperparameters": {},
        "validation_loss": None,
        "metric": "f1",
        "value": 70.0,
        "interval": None,
        "served": True,
        "best": True,
    }
    curve = {"metric": "f1", "points": [point], "lines": {}, "doubling": {"gain": 2.1, "interval": [0.3, 4.0]}}
    best = {"tested": 3, "candidate": 2, "metric": "f1", "value": 71.0, "flattered": 0.5}
    told = [*result.curve(succeeded_report(learning_curve=curve, best_tested=best))]
    assert told[0].startswith("Twice the data (2,000 instead of 1,000 training records) would likely add 2.1 points")
    assert "candidate 2 has the highest F1, 71.0" in told[1]
    assert not [*result.curve(succeeded_report())]
