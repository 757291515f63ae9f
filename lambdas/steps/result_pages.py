"""The pages of a run's result, and what they are made of."""
# ruff: noqa: PLC0415 - a cold start pays for the template engine and the drawing library only where a page is rendered

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.errors import InvalidState
from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.evaluation.answers import StoredLine
from lambdas.domain.evaluation.comparisons import Answers
from lambdas.domain.evaluation.judging.pairwise import Pair, needs_no_judge
from lambdas.domain.report.error_list import find_errors
from lambdas.domain.report.errors_csv import errors_csv
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.run_report import SucceededReport
from lambdas.steps.curation_samples import read_samples

_HTML, _CSV = "text/html; charset=utf-8", "text/csv; charset=utf-8"


@dataclass(frozen=True)
class _StoredArm:
    """An arm's lines, read from the bucket anew with each iteration: all of them may not fit into memory."""

    adapters: Adapters
    bucket: str
    prefix: str
    arm: str

    def __iter__(self) -> Iterator[StoredLine]:
        return self.adapters.answers.read_arm(self.bucket, self.prefix, self.arm)


def read_materials(
    bucket: str, prefix: str, arms: list[str], *, adapters: Adapters, environment: str | None = None
) -> Materials:
    """What the run's page shows beside the report."""
    return Materials(
        {arm: _StoredArm(adapters, bucket, prefix, arm) for arm in arms},
        adapters.customization_output.read_losses(bucket, prefix),
        _dataset(adapters.objects.read(bucket, f"{prefix}dataset/report.json")),
        read_samples(bucket, prefix, adapters=adapters),
        environment,
    )


def write_page(bucket: str, prefix: str, report: SucceededReport, materials: Materials, *, adapters: Adapters) -> str:
    """Writes report.html and returns its URI."""
    from lambdas.domain.report.page import render_page

    page = render_page(report, materials)
    return adapters.objects.write(bucket, f"{prefix}report.html", page.encode(), _HTML)


def write_errors(bucket: str, prefix: str, report: SucceededReport, answers: Answers, *, adapters: Adapters) -> None:
    """Writes errors.csv, the tuned model's errors for a spreadsheet."""
    with adapters.objects.line_writer(bucket, f"{prefix}errors.csv", _CSV) as writer:
        for line in errors_csv(find_errors(report, answers)):
            writer.write(line)


def write_review(
    bucket: str, prefix: str, report: SucceededReport, pairs: Sequence[Pair], *, adapters: Adapters
) -> None:
    """Writes human_review.html, for people who judge pairs of answers."""
    from lambdas.domain.report.human_review import render_review

    to_judge = [pair for pair in pairs if not needs_no_judge(pair)]
    review = render_review(report.run_id, to_judge, simulated=bool(report.simulated))
    adapters.objects.write(bucket, f"{prefix}human_review.html", review.encode(), _HTML)


def _dataset(stored: bytes | None) -> DatasetDocument | None:
    try:
        return None if stored is None else DatasetDocument.parse(orjson.loads(stored))
    except (InvalidState, ValueError):
        # The run has been paid for: its page says what it lacks.
        return None
