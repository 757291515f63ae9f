"""`errors.csv`: the tuned model's errors for a spreadsheet."""

import codecs
from collections.abc import Iterable, Iterator

from lambdas.domain.core.csv_row import csv_row
from lambdas.domain.evaluation.own_errors import OwnError

COLUMNS = (
    *("record", "kind", "points", "base_points", "beside_base"),
    *("prompt", "reference", "answer", "base_answer", "error"),
)
# Spreadsheets take no longer cells than 32,767 characters; evaluation/<arm>.jsonl has the whole texts.
LONGEST_CELL = 4_000


def errors_csv(errors: Iterable[OwnError]) -> Iterator[bytes]:
    """The header and a row for each error, without its line feed; texts that a spreadsheet would run are quoted."""
    yield codecs.BOM_UTF8 + csv_row(COLUMNS)
    for one in errors:
        texts = (one.prompt, one.reference, one.response, one.base_response, one.error)
        scores = (_figure(one.score), _figure(one.base_score))
        yield csv_row([one.record, one.kind, *scores, one.beside_base, *map(_cell, texts)])


def _figure(score: float | None) -> str:
    return "" if score is None else f"{score:.1f}"


def _cell(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"
