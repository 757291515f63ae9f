"""What kind of answers a task has, seen from its references."""

from collections.abc import Sequence

from lambdas.domain.evaluation.metrics.classification import are_labels
from lambdas.domain.evaluation.metrics.json_match import parse_json
from lambdas.domain.evaluation.metrics.numeric import is_numeric
from lambdas.domain.evaluation.task_kind import TaskKind

# One malformed reference does not change what a task is.
_MOSTLY = 0.95


def detect_task_kind(references: Sequence[str]) -> TaskKind:
    """The kind of a task by the first rule that holds; text where there are no references.

    1. json: at least 95 % of the references are JSON objects or arrays.
    2. labels: few, short, recurring references (`classification.are_labels`), numbers such as ratings included.
    3. numeric: at least 95 % of the references are nothing but numbers (`numeric.is_numeric`).
    4. text: all else.
    """
    if not references:
        return "text"
    least = _MOSTLY * len(references)
    if sum(_is_json(reference) for reference in references) >= least:
        return "json"
    if are_labels(references):
        return "labels"
    if sum(map(is_numeric, references)) >= least:
        return "numeric"
    return "text"


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[") and isinstance(parse_json(text), dict | list)
