"""The files of a run's result: what its page is made of, and the page with report.json."""
# ruff: noqa: PLC0415 - a cold start pays for the template engine and the drawing library only where a page is rendered

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from pydantic import ValidationError

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.errors import InvalidState
from lambdas.domain.core.run import Run, report_key
from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.evaluation.answers import StoredLine
from lambdas.domain.evaluation.judging.pairwise import Pair, needs_no_judge
from lambdas.domain.preflight.checks import PreflightDocument
from lambdas.domain.report.human_review import render_review
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.run_report import RunReport, SucceededReport
from lambdas.steps.observability import logger

_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class _StoredArm:
    """An arm's lines, read from the bucket anew with each iteration: all of them may not fit into memory."""

    adapters: Adapters
    bucket: str
    prefix: str
    arm: str

    def __iter__(self) -> Iterator[StoredLine]:
        return self.adapters.answers.read_arm(self.bucket, self.prefix, self.arm)


def read_materials(bucket: str, prefix: str, arms: list[str], *, adapters: Adapters) -> Materials:
    """What the run's page shows beside the report."""
    return Materials(
        {arm: _StoredArm(adapters, bucket, prefix, arm) for arm in arms},
        adapters.customization_output.read_losses(bucket, prefix),
        _dataset(adapters.objects.read(bucket, f"{prefix}dataset/report.json")),
    )


def write_page(bucket: str, prefix: str, report: SucceededReport, materials: Materials, *, adapters: Adapters) -> str:
    """Writes report.html and returns its URI."""
    from lambdas.domain.report.page import render_page

    page = render_page(report, materials)
    return adapters.objects.write(bucket, f"{prefix}report.html", page.encode(), _HTML)


def write_report(bucket: str, prefix: str, report: RunReport, *, adapters: Adapters) -> str:
    """Writes report.json and returns its URI. Its presence says that the run has its result: write it last."""
    return adapters.objects.write(bucket, report_key(prefix), orjson.dumps(report.dump(), option=orjson.OPT_INDENT_2))


def write_review(
    bucket: str, prefix: str, report: SucceededReport, pairs: Sequence[Pair], *, adapters: Adapters
) -> None:
    """Writes human_review.html, for people who judge pairs of answers."""
    to_judge = [pair for pair in pairs if not needs_no_judge(pair)]
    review = render_review(report.run_id, to_judge, simulated=bool(report.simulated))
    adapters.objects.write(bucket, f"{prefix}human_review.html", review.encode(), _HTML)


def has_result(bucket: str, prefix: str, *, adapters: Adapters) -> bool:
    """Whether the run's report says that it succeeded."""
    standing = adapters.objects.read(bucket, report_key(prefix))
    return standing is not None and orjson.loads(standing).get("status") == "succeeded"


def read_succeeded(bucket: str, prefix: str, *, adapters: Adapters) -> SucceededReport | None:
    """The report of a run that succeeded; None if there is none."""
    stored = orjson.loads(adapters.objects.read(bucket, report_key(prefix)) or b"{}")
    return SucceededReport.parse(stored) if stored.get("status") == "succeeded" else None


def read_preflight(run: Run, *, adapters: Adapters) -> PreflightDocument | None:
    """The run's preflight.json; None if there is none, or if it cannot be read, which must not cost the report."""
    try:
        return adapters.preflight_documents.read(run.output_bucket, run.prefix)
    except ValidationError as error:
        logger.warning("preflight.json not read", extra={"reason": str(error)})
        return None


def _dataset(stored: bytes | None) -> DatasetDocument | None:
    try:
        return None if stored is None else DatasetDocument.parse(orjson.loads(stored))
    except (InvalidState, ValueError):
        # The run has been paid for: its page says what it lacks.
        return None
