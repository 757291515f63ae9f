"""report.json, and what it takes over from the preflight's file."""

import orjson
from pydantic import ValidationError

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import Run, report_key
from lambdas.domain.preflight.checks import PreflightDocument
from lambdas.domain.report.run_report import RunReport
from lambdas.steps.observability import logger


def write_report(bucket: str, prefix: str, report: RunReport, *, adapters: Adapters) -> str:
    """Writes report.json and returns its URI. Its presence says that the run has its result: write it last."""
    return adapters.objects.write(bucket, report_key(prefix), orjson.dumps(report.dump(), option=orjson.OPT_INDENT_2))


def has_result(bucket: str, prefix: str, *, adapters: Adapters) -> bool:
    """Whether the run's report says that it succeeded."""
    standing = adapters.objects.read(bucket, report_key(prefix))
    return standing is not None and orjson.loads(standing).get("status") == "succeeded"


def read_preflight(run: Run, *, adapters: Adapters) -> PreflightDocument | None:
    """The run's preflight.json; None if there is none, or if it cannot be read, which must not cost the report."""
    try:
        return adapters.preflight_documents.read(run.output_bucket, run.prefix)
    except ValidationError as error:
        logger.warning("preflight.json not read", extra={"reason": str(error)})
        return None
