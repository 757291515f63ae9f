"""Answers that are tool calls: read in the forms of several APIs, and scored by name and argument."""

import json

import pytest

from lambdas.domain.evaluation.metrics.content import content_score
from lambdas.domain.evaluation.metrics.json_match import parse_json
from lambdas.domain.evaluation.metrics.tool_calls import call_arguments, call_match, call_name, read_calls
from lambdas.domain.evaluation.task_detection import detect_task_kind

CALL = {"name": "get_weather", "arguments": {"city": "Porto", "days": 3}}
REFERENCE = json.dumps(CALL)
OPENAI = {
    "tool_calls": [
        {
            "id": "call_1",
            "type": "function",
            "function": {"name": "get_weather", "arguments": json.dumps(CALL["arguments"])},
        }
    ]
}


@pytest.mark.parametrize(
    "value",
    [
        CALL,
        [CALL],
        OPENAI,
        OPENAI["tool_calls"],
        {"function": {"name": "get_weather", "arguments": CALL["arguments"]}},
        {"name": "get_weather", "parameters": CALL["arguments"]},
        {"type": "tool_use", "id": "t", "name": "get_weather", "input": CALL["arguments"]},
        {"toolUse": {"toolUseId": "t", "name": "get_weather", "input": CALL["arguments"]}},
    ],
)
def test_a_call_is_the_same_in_the_form_of_each_api(value: object) -> None:
    """Which API wrote the data set does not decide what is right."""
    assert call_match(json.dumps(value), REFERENCE) == 100.0
    assert detect_task_kind([json.dumps(value)] * 5) == "tool_calls"


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Ann", "age": 3},
        {"name": "x", "arguments": [1]},
        {"name": "x", "arguments": {}, "price": 3},
        {"name": 3, "arguments": {}},
        {"tool_calls": []},
        [],
        [CALL, {"a": 1}],
        "get_weather",
    ],
)
def test_other_json_is_no_call(value: object) -> None:
    """A record with a name is one field of many."""
    assert read_calls(parse_json(json.dumps(value))) is None
    assert detect_task_kind([json.dumps(value)] * 5) != "tool_calls"


@pytest.mark.parametrize(
    ("arguments", "name", "expected"),
    [
        ({"city": "Porto", "days": 3}, "get_weather", (100.0, 100.0, 100.0)),
        ({"days": 3.0, "city": "Porto"}, "get_weather", (100.0, 100.0, 100.0)),
        ({"city": "Porto", "days": 4}, "get_weather", (100.0, 50.0, 0.0)),
        ({"city": "Porto"}, "get_weather", (100.0, pytest.approx(200 / 3), 0.0)),
        ({"city": "Porto", "days": 3}, "get_tides", (0.0, 0.0, 0.0)),
    ],
)
def test_name_arguments_and_the_whole_are_told_apart(
    arguments: dict[str, object], name: str, expected: tuple[float, float, float]
) -> None:
    """A right argument of a wrong tool is worth nothing."""
    given = json.dumps({"name": name, "arguments": arguments})
    assert (call_name(given, REFERENCE), call_arguments(given, REFERENCE), call_match(given, REFERENCE)) == expected


def test_a_call_in_a_fence_is_right_in_content_alone() -> None:
    """A program that reads the answer breaks on the fence."""
    fenced = f"I will look it up.\n```json\n{json.dumps(OPENAI)}\n```"
    assert call_match(fenced, REFERENCE) == 0.0
    assert content_score("call_match", fenced, REFERENCE, ()) == 100.0
    assert call_match(fenced, "no call") is None


def test_calls_come_in_their_order() -> None:
    """Two calls are right where both are."""
    two = [CALL, {"name": "clock", "arguments": {}}]
    assert call_match(json.dumps(two), json.dumps(two)) == 100.0
    assert call_match(json.dumps(two[::-1]), json.dumps(two)) == 0.0
    assert call_name(json.dumps(two[:1]), json.dumps(two)) == 0.0
