"""Whether prompts name the labels, JSON keys and tools that their answers have."""

import json

import pytest

from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.told_answers import ToldAnswers

LABELS = ["billing", "delivery late", "Return_Request", "other"]
OBJECTS = [json.dumps({"order_id": index, "total": 2 * index, "currency": "EUR"}) for index in range(40)]

CALLS = [
    json.dumps({"tool_calls": [{"function": {"name": "get_weather", "arguments": '{"city": "Porto"}'}}]}),
    json.dumps({"name": "clock", "arguments": {}}),
] * 20


def collect(prompt: str, answers: list[str]) -> ToldAnswers:
    told = ToldAnswers()
    for index, answer in enumerate(answers):
        told.add(f"{prompt}\nCase {index}", answer)
    return told


@pytest.mark.parametrize(
    ("prompt", "answers", "untold"),
    [
        ("Categorise.", LABELS * 10, "labels"),
        ("Is it billing?", LABELS * 10, "labels"),
        ("One of: billing, delivery late, return request, other.", LABELS * 10, None),
        ("Categorise." + " x" * 50_000 + " One of: billing, delivery late, return request, other.", LABELS * 10, None),
        ("Did it rise?", ["yes", "no"] * 20, None),
        ("Rate the text.", ["1", "2", "3", "4", "5"] * 10, "labels"),
        ("Rate the text from 1 to 5.", ["1", "2", "3", "4", "5"] * 10, None),
        ("Wähle: 退款、投诉。", ["退款", "投诉"] * 20, None),
        ("Wähle.", ["退款", "投诉"] * 20, "labels"),
        ("Extract the order.", OBJECTS, "JSON keys"),
        ('Extract {"order_id": …, "total": …, "currency": …}.', OBJECTS, None),
        ("Extract the order ID, the total and the currency.", OBJECTS, None),
        ("Help the user.", CALLS, "tools"),
        ("Help the user. Tools: get_weather(city), clock().", CALLS, None),
        ("Help the user by a name and arguments.", CALLS, "tools"),
        ("Answer.", [f"a sentence of its own, number {index}" for index in range(40)], None),
        ("Categorise.", LABELS, None),
    ],
)
def test_answers_are_untold_where_hardly_any_prompt_names_them(
    prompt: str, answers: list[str], untold: str | None
) -> None:
    """A base model cannot know a label that nobody has told it."""
    assert collect(prompt, answers).find_untold() == untold


def test_a_known_kind_of_task_needs_no_number_of_records() -> None:
    """A test set may have few records of each label."""
    assert collect("Categorise.", LABELS).find_untold("labels") == "labels"
    assert collect("Extract.", OBJECTS[:3]).find_untold("json") == "JSON keys"
    assert collect("Help.", CALLS[:3]).find_untold("tool_calls") == "tools"
    assert collect("Categorise.", LABELS * 10).find_untold("text") is None


def test_a_name_in_a_few_texts_tells_nobody() -> None:
    """A ticket may have the name of its category by chance."""
    told = collect("Categorise.", LABELS * 10)
    told.add("billing, delivery late, return request, other", "other")
    assert told.find_untold() == "labels"


def test_the_data_gate_names_what_is_untold() -> None:
    """Before anything is paid for."""
    report = DatasetReport()
    collect("Categorise.", LABELS * 10).check("train.jsonl", report)
    [found] = report.findings
    assert (found.rule, found.severity) == ("untold-answers", "warning")
    assert "billing, delivery late, other, return request" in found.message
