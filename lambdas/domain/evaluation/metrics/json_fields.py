"""Answers that are JSON, field by field: which are right, wrong, missing and too many.

A field is the path to a value that is neither an object nor an array: `/total`, `/items/0/price`. The arguments of a
tool call may be JSON in a text (`"arguments": "{...}"`): their fields count, too.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from lambdas.domain.evaluation.metrics.json_match import INVALID, parse_json, same_value

_ARGUMENTS = "arguments"

Outcome = Literal["right", "wrong", "missing", "extra"]


class FieldCounts(NamedTuple):
    """How many fields of an answer are right, wrong, missing, and not in the reference."""

    right: int
    wrong: int
    missing: int
    extra: int

    @property
    def f1(self) -> float:
        """2PR / (P + R) in per cent, over the answer's fields and the reference's; 100 where both have none."""
        given, wanted = self.right + self.wrong + self.extra, self.right + self.wrong + self.missing
        return 200.0 * self.right / (given + wanted) if given + wanted else 100.0


def count_fields(given: Any, wanted: Any) -> FieldCounts:
    """The fields of a parsed answer against those of its reference."""
    found = Counter(outcome for _, outcome in field_outcomes(given, wanted))
    return FieldCounts(found["right"], found["wrong"], found["missing"], found["extra"])


def field_outcomes(given: Any, wanted: Any) -> Iterator[tuple[str, Outcome]]:
    """Each field of the answer and of the reference with how the answer has it; one that is INVALID has none."""
    own = {} if given is INVALID else dict(_fields(given))
    theirs = dict(_fields(wanted))
    for path, value in theirs.items():
        yield path, "missing" if path not in own else "right" if same_value(own[path], value) else "wrong"
    for path in own.keys() - theirs.keys():
        yield path, "extra"


def json_fields(response: str, reference: str) -> float | None:
    """The F1 of an answer's fields, 0-100; 0 where it is no JSON, None where the reference is no object or array."""
    wanted = parse_json(reference)
    if not isinstance(wanted, dict | list):
        return None
    given = parse_json(response)
    return count_fields(given, wanted).f1 if isinstance(given, dict | list) else 0.0


def _fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if path.endswith(f"/{_ARGUMENTS}") and isinstance(value, str):
        parsed = parse_json(value)
        value = value if parsed is INVALID else parsed
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _fields(inner, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _fields(inner, f"{path}/{place}")
    else:
        yield path, value
