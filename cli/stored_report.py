"""A run's `report.json` as the command line reads it: from a folder or a bucket, and perhaps of another version."""

from typing import TypeVar

import orjson
from pydantic import ValidationError

from lambdas import __version__
from lambdas.domain.report.run_report import RunReport

Report = TypeVar("Report", bound=RunReport)


class NoReportError(Exception):
    """There is no report that can be read, or not with its answers; the message says what is missing."""


def parse_report(text: bytes, place: object, kind: type[Report]) -> Report:
    """The report that was read at a place, of a kind of run. Raises NoReportError."""
    try:
        stored = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NoReportError(f"{place} is no JSON: {error}. Fetch it again from the output bucket.") from None
    try:
        return kind.model_validate(stored)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in error.errors()[:3]
        )
        raise NoReportError(
            f"{place} is not a report of this version of the project, {__version__}: {wrong}. Use the version that "
            "wrote it, or run the data set again."
        ) from None
