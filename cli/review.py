"""People's votes into a run's report: read a votes file, add it to report.json, and write report.html again."""

import json
from pathlib import Path
from typing import Any

from lambdas.domain.evaluation.judging.pairwise import agreements, mean_kappa
from lambdas.domain.evaluation.responses import parse_lines
from lambdas.domain.report import human_review
from lambdas.domain.report.human_review import PAIRS, Review
from lambdas.domain.report.page import Materials, render_page
from lambdas.domain.training.losses import TRAINING_FILE, VALIDATION_FILE, Losses, find_key, read_losses
from local.output_folder import replace_file, require_utf8


class NoReportError(Exception):
    """The folder does not hold a run's report with its answers; the message says what is missing."""


def add_votes(folder: Path, votes: Path) -> dict[str, Any]:
    """Adds a reviewer's votes, in place of that reviewer's earlier ones, and returns the report's `judging`.

    Raises NoReportError, and VotesRejectedError where the file does not hold votes on this run's pairs.
    """
    require_utf8([folder, votes])
    report = _report(folder)
    judging = report["judging"]
    indexes = [pair["index"] for pair in judging["pairs"] if not pair["identical"]][:PAIRS]
    review = human_review.parse_votes(votes.read_bytes(), report["run_id"], indexes)
    human_review.check_reviewer(
        review.reviewer,
        [judge["model_id"] for judge in judging["judges"]],
        [person["reviewer"] for person in judging["people"]],
    )
    judging["people"] = [person for person in judging["people"] if person["reviewer"] != review.reviewer]
    judging["people"].append({**human_review.summarise_review(review), "preferences": _by_text(review)})
    _agree(judging)
    page = render_page(report, _materials(folder, report))
    replace_file(folder / "report.html", page)
    replace_file(folder / "report.json", json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return dict(judging)


def _by_text(review: Review) -> dict[str, str]:
    return {str(index): preference for index, preference in review.preferences.items()}


def _agree(judging: dict[str, Any]) -> None:
    """Works out each two raters' agreement anew; `kappa` stays that between judges."""
    judges = {
        judge["model_id"]: {
            pair["index"]: pair["preferences"][judge["model_id"]]
            for pair in judging["pairs"]
            if judge["model_id"] in pair["preferences"]
        }
        for judge in judging["judges"]
    }
    people = {
        person["reviewer"]: {int(index): preference for index, preference in person["preferences"].items()}
        for person in judging["people"]
    }
    judging["agreements"] = agreements({**judges, **people})
    judging["kappa"] = mean_kappa(agreements(judges))


def _report(folder: Path) -> dict[str, Any]:
    path = folder / "report.json"
    if not path.is_file():
        raise NoReportError(f"{path} does not exist: fetch the run's folder of the output bucket, or run `make demo`.")
    report: dict[str, Any] = json.loads(path.read_bytes())
    if report.get("status") != "succeeded" or not report.get("judging"):
        raise NoReportError(f"{path} is not of a run that succeeded: there is nothing to compare.")
    return report


def _materials(folder: Path, report: dict[str, Any]) -> Materials:
    files = {arm: folder / "evaluation" / f"{arm}.jsonl" for arm in report["arms"]}
    missing = [str(file) for file in files.values() if not file.is_file()]
    if missing:
        raise NoReportError(f"Missing: {', '.join(missing)}. Fetch the run's whole folder of the output bucket.")
    dataset = folder / "dataset" / "report.json"
    return Materials(
        {arm: parse_lines(file.read_bytes()) for arm, file in files.items()},
        _losses(folder, TRAINING_FILE, "training"),
        _losses(folder, VALIDATION_FILE, "validation"),
        json.loads(dataset.read_bytes()) if dataset.is_file() else {},
    )


def _losses(folder: Path, file_name: str, kind: str) -> Losses:
    found = find_key((str(path) for path in (folder / "customization").rglob("*.csv")), file_name)
    return read_losses(Path(found).read_bytes() if found else b"", kind)
