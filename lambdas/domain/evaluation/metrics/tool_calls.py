"""Answers that are tool calls: the names, the arguments field by field, and whether the whole is right.

A call is JSON with a name and its arguments, as model APIs write them: `{"name", "arguments"}`, OpenAI's
`{"tool_calls": [{"function": {"name", "arguments": "{...}"}}]}`, Anthropic's `{"type": "tool_use", "name", "input"}`,
Converse's `{"toolUse": {"name", "input"}}`; or an array of those. All are read alike: no form of a call is worse.
That the whole call must be right is how the Berkeley Function-Calling Leaderboard scores (Patil et al., 2024).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from lambdas.domain.evaluation.metrics.json_fields import count_fields
from lambdas.domain.evaluation.metrics.json_match import INVALID, parse_json, same_value

# What a call may have beside its name and arguments.
_BESIDE = {"id", "type", "call_id", "index", "toolUseId"}
_ARGUMENTS = ("arguments", "parameters", "input")


class ToolCall(NamedTuple):
    """The name of a tool, and what it is called with."""

    name: str
    arguments: Any


def read_calls(value: Any) -> list[ToolCall] | None:
    """The calls in a parsed JSON value, in their order; None where it is something else, or has none."""
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    each = value if isinstance(value, list) else [value]
    calls = [_read_call(one) for one in each]
    found = [call for call in calls if call is not None]
    return found if found and len(found) == len(calls) else None


def _read_call(value: Any) -> ToolCall | None:
    if not isinstance(value, dict):
        return None
    for wrapper in ("function", "toolUse"):
        if isinstance(value.get(wrapper), dict) and value.keys() <= {wrapper} | _BESIDE:
            value = value[wrapper]
    key = next((key for key in _ARGUMENTS if key in value), None)
    if key is None or not isinstance(value.get("name"), str) or not value.keys() <= {"name", key} | _BESIDE:
        return None
    arguments = value[key]
    if isinstance(arguments, str):
        parsed = parse_json(arguments) if arguments.strip() else {}
        arguments = arguments if parsed is INVALID else parsed
    return ToolCall(value["name"], arguments) if isinstance(arguments, dict) else None


def are_calls(text: str) -> bool:
    """Whether a text is JSON of tool calls."""
    return read_calls(parse_json(text)) is not None


def as_fields(calls: list[ToolCall]) -> Any:
    """The calls as a list, with the tool's name in their paths: arguments of another tool have other paths."""
    return [{call.name: call.arguments} for call in calls]


def call_name(response: str, reference: str) -> float | None:
    """100 where the same tools are called in the same order, else 0; None where the reference has no call."""
    return _score(response, reference, lambda own, wanted: [one.name for one in own] == [one.name for one in wanted])


def call_match(response: str, reference: str) -> float | None:
    """100 where names and arguments are the same, else 0; None where the reference has no call."""
    return _score(response, reference, lambda own, wanted: same_value(list(map(list, own)), list(map(list, wanted))))


def call_arguments(response: str, reference: str) -> float | None:
    """The F1 of the arguments, field by field, none of a wrong tool; None where the reference has no call."""
    return _score(response, reference, lambda own, wanted: count_fields(as_fields(own), as_fields(wanted)).f1)


def _score(
    response: str, reference: str, compare: Callable[[list[ToolCall], list[ToolCall]], bool | float]
) -> float | None:
    wanted = read_calls(parse_json(reference))
    if wanted is None:
        return None
    own = read_calls(parse_json(response))
    if own is None:
        return 0.0
    found = compare(own, wanted)
    return (100.0 if found else 0.0) if isinstance(found, bool) else found
