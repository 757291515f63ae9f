"""Answers that must be JSON: whether they are, whether they say the same, whether they have the same shape."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

INVALID: Any = object()
# Deeper values are refused by many parsers; Python's own would end in RecursionError.
_DEEPEST = 100


@dataclass(frozen=True)
class StructuredScore:
    """One answer's scores, each 0 or 100."""

    valid_json: float
    json_match: float
    schema_match: float


NOT_JSON = StructuredScore(valid_json=0.0, json_match=0.0, schema_match=0.0)


def structured_score(response: str, reference: str) -> StructuredScore | None:
    """All scores of one answer; None where the reference itself is no JSON object or array.

    The answer as a whole must be JSON, white space aside: text or a code fence around it would break the program that
    reads it. `json_match` compares parsed values (order of keys, white space and number spelling aside).
    `schema_match` asks for the same keys and kinds of values, see `same_schema`.
    """
    wanted = parse_json(reference)
    if not isinstance(wanted, dict | list):
        return None
    given = parse_json(response)
    if given is INVALID:
        return NOT_JSON
    return StructuredScore(
        valid_json=100.0,
        json_match=100.0 if same_value(given, wanted) else 0.0,
        schema_match=100.0 if same_schema(given, wanted) else 0.0,
    )


def parse_json(text: str) -> Any:
    """The value of a JSON text (RFC 8259), numbers exactly; INVALID where it is none.

    NaN and Infinity, which Python's parser takes, are no JSON. An object with a key twice has no one value and is
    refused as well (I-JSON, RFC 7493).
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=Decimal, parse_float=Decimal, parse_constant=_refuse
        )
    except (ValueError, ArithmeticError, RecursionError):
        return INVALID
    return value if _depth_within(value, _DEEPEST) else INVALID


def same_value(given: Any, wanted: Any) -> bool:
    """Whether two parsed values are the same; 1 and 1.0 are, 1 and true are not."""
    if type(given) is not type(wanted):
        return False
    if isinstance(wanted, dict):
        return given.keys() == wanted.keys() and all(same_value(given[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(given) == len(wanted) and all(map(same_value, given, wanted))
    return bool(given == wanted)


def same_schema(given: Any, wanted: Any) -> bool:
    """Whether two parsed values have the same keys and kinds of values: object, array, string, number, boolean, null.

    Each element of an array must have the schema of some element of the reference's; an empty array says nothing of
    its elements, so it goes with any.
    """
    if type(given) is not type(wanted):
        return False
    if isinstance(wanted, dict):
        return given.keys() == wanted.keys() and all(same_schema(given[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list) and wanted:
        return all(any(same_schema(element, model) for model in wanted) for element in given)
    return True


def _object(pairs: Sequence[tuple[str, Any]]) -> Any:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _depth_within(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return True
    return levels > 0 and all(_depth_within(element, levels - 1) for element in value)
