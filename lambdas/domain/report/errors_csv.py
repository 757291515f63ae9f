"""`errors.csv`: the tuned model's errors for a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable

from lambdas.domain.evaluation.own_errors import OwnError

COLUMNS = (
    *("record", "kind", "points", "base_points", "beside_base"),
    *("prompt", "reference", "answer", "base_answer", "error"),
)
# Spreadsheets take no longer cells than 32,767 characters; evaluation/<arm>.jsonl has the whole texts.
LONGEST_CELL = 4_000
# A spreadsheet runs a cell that begins like this: https://owasp.org/www-community/attacks/CSV_Injection
# The last four are those of Chinese and Japanese keyboards.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def errors_csv(errors: Iterable[OwnError]) -> bytes:
    """The errors as CSV with a header; texts that a spreadsheet would run are quoted by an apostrophe."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    for one in errors:
        texts = (one.prompt, one.reference, one.response, one.base_response, one.error)
        rows.writerow(
            [one.record, one.kind, _figure(one.score), _figure(one.base_score), one.beside_base, *map(_cell, texts)]
        )
    # Spreadsheets read UTF-8 only behind a byte order mark. A lone surrogate cannot be written.
    return file.getvalue().encode("utf-8-sig", errors="replace")


def _figure(score: float | None) -> str:
    return "" if score is None else f"{score:.1f}"


def _cell(text: str | None) -> str:
    if text is None:
        return ""
    whole = text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"
    return f"'{whole}" if _FORMULA.match(whole) else whole
