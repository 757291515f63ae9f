"""Bedrock's reports on a job's input (`input_status/**/manifest.report.csv`): how many records it took and rejected."""

import csv
import io
from collections.abc import Iterable
from typing import NamedTuple

FILE, FOLDER = "manifest.report.csv", "/input_status/"
_TOTAL, _REJECTED = "totalprocessedrecordcount", "rejectedrecordcount"


class InputStatus(NamedTuple):
    """The records of all files of a job's input."""

    records: int
    rejected: int


def is_manifest(key: str) -> bool:
    """Whether an object of a job's output is such a report."""
    return key.endswith(f"/{FILE}") and FOLDER in key


def read_manifests(contents: Iterable[bytes]) -> InputStatus | None:
    """The sum of all reports; None where there is none that can be read."""
    found = [status for content in contents for status in _rows(content)]
    if not found:
        return None
    return InputStatus(sum(one.records for one in found), sum(one.rejected for one in found))


def _rows(content: bytes) -> list[InputStatus]:
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace")))
    read = []
    for row in rows:
        cells = {str(name).strip().lower(): str(value).strip() for name, value in row.items()}
        try:
            read.append(InputStatus(int(cells[_TOTAL]), int(cells[_REJECTED])))
        except (KeyError, ValueError):
            # Another version of the file must not cost the run its model.
            continue
    return read
