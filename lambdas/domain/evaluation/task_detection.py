"""What kind of answers a task has, seen from its references."""

from collections.abc import Iterable

from lambdas.domain.evaluation.metrics.classification import MOST_LABELS, are_labels, label
from lambdas.domain.evaluation.metrics.json_match import parse_json
from lambdas.domain.evaluation.metrics.numeric import is_numeric
from lambdas.domain.evaluation.task_kind import TaskKind

# One malformed reference does not change what a task is.
_MOSTLY = 0.95


def detect_task_kind(references: Iterable[str]) -> TaskKind:
    """The kind of a task by the first rule that holds; text where there are no references.

    It reads them once, and keeps no more of them than could be labels.

    1. json: at least 95 % of the references are JSON objects or arrays.
    2. labels: few, short, recurring references (`classification.are_labels`), numbers such as ratings included.
    3. numeric: at least 95 % of the references are nothing but numbers (`numeric.is_numeric`).
    4. text: all else.
    """
    records = json = numeric = 0
    distinct: set[str] = set()
    for reference in references:
        records += 1
        json += _is_json(reference)
        numeric += is_numeric(reference)
        if len(distinct) <= MOST_LABELS:
            distinct.add(label(reference))
    least = _MOSTLY * records
    if records and json >= least:
        return "json"
    if are_labels(distinct, records):
        return "labels"
    return "numeric" if records and numeric >= least else "text"


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[") and isinstance(parse_json(text), dict | list)
