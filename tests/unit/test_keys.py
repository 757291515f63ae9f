"""Keys that people's records have: pairs in any case, keys that are left out, and records deep inside of one object."""

import io
import json
from typing import Any

import orjson
import pytest

from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.document import DatasetFinding
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.reading.blocks import MAX_LINE_BYTES
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.models.catalogue import BaseModelEntry, base_model

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
NOVA = base_model("amazon.nova-lite-v1:0:300k")


def lines(*values: Any) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def read(data: bytes, model: BaseModelEntry = HAIKU) -> tuple[RecordSet, DatasetReport]:
    report = DatasetReport()
    return check_set(io.BytesIO(data), "train.jsonl", model, report, rules="content"), report


def trained(data: bytes, model: BaseModelEntry = HAIKU) -> tuple[list[Any], set[str]]:
    """The records that are trained on, and what was done to them."""
    result, report = read(data, model)
    assert report.errors == 0, report.findings
    made = [orjson.loads(line) for line in convert(io.BytesIO(data), result, model, Conversion())]
    return made, {what for _, what in report.changed}


def only(data: bytes) -> DatasetFinding:
    """The only finding."""
    (found,) = read(data)[1].findings
    return found


def chat(*texts: str) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]}


@pytest.mark.parametrize(
    ("given", "spelt"),
    [
        ({"Question": "Hi?", "Answer": "Yes."}, {"question": "Hi?", "answer": "Yes."}),
        ({"PROMPT": "Hi?", " Completion": "Yes.", "id": 1}, {"prompt": "Hi?", "completion": "Yes.", "id": 1}),
        (
            {"Instruction": "Hi?", "Input": "c", "Output": "Yes.", "System": "s"},
            {"instruction": "Hi?", "input": "c", "output": "Yes.", "system": "s"},
        ),
        ({"question": "Hi?", "Answer": "Yes.", "Context": "c"}, {"question": "Hi?", "answer": "Yes.", "context": "c"}),
    ],
)
@pytest.mark.parametrize("as_array", [False, True], ids=["lines", "array"])
def test_keys_of_a_pair_may_have_any_case(given: dict[str, Any], spelt: dict[str, Any], as_array: bool) -> None:
    """They are those of a table's header, which may have any case, too."""
    other = {key: f"{value} 2" for key, value in given.items()}
    data = json.dumps([given, other]).encode() if as_array else b"\xef\xbb\xbf" + lines(given, other)
    expected = lines(spelt, dict(zip(spelt, other.values(), strict=True)))
    made, changes = trained(data)
    assert made == trained(expected)[0]
    assert any(what.startswith("keys ") and " read as " in what for what in changes)


def test_keys_as_they_are_spelt_here_are_left_alone() -> None:
    """Beside them another case may be another column, or a misspelling."""
    assert trained(lines({"question": "Hi?", "answer": "Yes.", "Answer": "No."}))[0] == [chat("Hi?", "Yes.")]
    assert only(lines({"prompt": "a", "completion": "b", "System": "c"})).rule == "unknown-key"


def test_a_key_that_stands_twice_is_found_in_any_case() -> None:
    """A parser hides one of the two texts."""
    _, report = read(b'{"Question": "a", "Question": "b", "Answer": "c"}\n')
    assert [found.rule for found in report.findings] == ["duplicate-key"]
    assert report.records_read == 1


@pytest.mark.parametrize("model", [HAIKU, NOVA], ids=["Haiku", "Nova"])
def test_other_keys_of_messages_are_left_out_and_told(model: BaseModelEntry) -> None:
    """Exports have ids and times beside each message; a job would refuse them."""
    plain = chat("Hi?", "Yes.")
    noted = chat("How?", "So.")
    noted["messages"][1] |= {"timestamp": 7, "reasoning_content": "Hm."}
    made, changes = trained(lines(plain, noted), model)
    assert made == trained(lines(plain, chat("How?", "So.")), model)[0]
    assert {"timestamp left out", "reasoning_content left out"} <= changes


def test_other_keys_of_chats_and_of_their_text_blocks_are_left_out_and_told() -> None:
    """APIs write marks for caches and citations there."""
    block = {"type": "text", "text": "Hi?", "cache_control": {"type": "ephemeral"}}
    value = {
        "messages": [
            {"role": "user", "content": [block], "id": "a"},
            {"role": "assistant", "content": "Yes.", "annotations": [1], "audio": None, "refusal": None},
        ]
    }
    made, changes = trained(lines(value))
    assert made == [chat("Hi?", "Yes.")]
    left_out = {"cache_control", "id", "annotations", "audio", "refusal"}
    assert {f"{key} left out" for key in left_out} <= changes


def test_other_keys_of_novas_messages_are_left_out_and_told() -> None:
    """The record has its own format's keys else."""
    value = {"messages": [{"role": r, "content": [{"text": r}], "id": 1} for r in ("user", "assistant")]}
    made, changes = trained(lines(value), NOVA)
    assert all(message.keys() == {"role", "content"} for message in made[0]["messages"])
    assert "id left out" in changes


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"content": None, "refusal": "I cannot help with that."}, "contain refusals"),
        ({"content": "Yes.", "audio": {"id": "a"}}, "contain images, sound"),
        ({"content": None, "tool_calls": [{"id": "1", "function": {"name": "f"}}]}, "contain tool calls"),
        ({"content": None, "function_call": {"name": "f", "arguments": "{}"}}, "contain tool calls"),
    ],
)
def test_keys_of_messages_that_mean_something_are_named_as_what_they_are(message: dict[str, Any], words: str) -> None:
    """An answer would be lost with them."""
    value = {"messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", **message}]}
    found = only(lines(value, value))
    assert found.rule == "unsupported-format"
    assert words in found.message


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ({"promt": "a", "completion": "b"}, "Rename the key 'promt' to 'prompt'."),
        (
            {"messages": [{"role": "user", "contnet": "a"}, {"role": "assistant", "content": "b"}]},
            "Rename the key 'contnet' to 'content'.",
        ),
        (
            {"conversations": [{"from": "human", "vlaue": "a"}, {"from": "gpt", "value": "b"}]},
            "Rename the key 'vlaue' to 'value'.",
        ),
        ({"schemaVersion": "x", "mesages": chat("a", "b")["messages"]}, "Rename the key 'mesages' to 'messages'."),
    ],
)
def test_a_misspelt_key_that_is_needed_is_one_finding(value: dict[str, Any], remedy: str) -> None:
    """It is missing, and another one is there: that is one mistake."""
    found = only(lines(value))
    assert (found.rule, found.remedy) == ("missing-key", remedy)


SQUAD = {
    "version": "1.1",
    "data": [{"title": "t", "paragraphs": [{"context": "c", "qas": [{"question": "q", "answers": [{"text": "a"}]}]}]}],
}
ROWS = {"features": [{"name": "a"}], "rows": [{"row_idx": 0, "row": {"instruction": "a", "output": "b"}}]}
RECORDS = {"version": 1, "data": [{"prompt": f"How many are {n}?", "completion": "x" * 90} for n in range(3)]}
LONG = {"version": 1, "data": RECORDS["data"] * (MAX_LINE_BYTES // 300)}  # type: ignore[operator]


@pytest.mark.parametrize("indent", [None, 1], ids=["one line", "pretty"])
@pytest.mark.parametrize(
    ("value", "message", "remedy"),
    [
        (SQUAD, "in SQuAD's form", 'has("qas")'),
        (SQUAD["data"], "in SQuAD's form", 'has("qas")'),
        (ROWS, "a page of Hugging Face's API", ".row"),
        ({"rows": [{"row": {"prompt": "a", "completion": "b"}}]}, "a page of Hugging Face's API", ".row"),
        (RECORDS, "in the list 'data' of one object", "jq -c '.data[]'"),
        (LONG, "in the list 'data' of one object", "jq -c '.data[]'"),
    ],
    ids=["SQuAD", "SQuAD's list", "rows", "rows alone", "data", "long data"],
)
def test_records_deep_inside_of_one_object_are_one_finding(
    value: Any, message: str, remedy: str, indent: int | None
) -> None:
    """By the file's beginning: such a file is one record of many megabytes, and no quote of it is left open."""
    found = only(json.dumps(value, indent=indent).encode())
    assert found.rule == "record-type"
    assert message in found.message
    assert remedy in found.remedy


def test_an_open_quote_is_no_list_of_records() -> None:
    """The beginning of a conversation says nothing of a list."""
    value = json.dumps(chat("Hi?", "x" * MAX_LINE_BYTES))
    assert only(value.encode()).rule == "line-length"
