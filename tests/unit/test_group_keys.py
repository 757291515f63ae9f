"""Records that name their group: the name decides, whatever the prompts say, and no model reads it."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.preparation import Wanted, group_sets, prepare
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.split.holdout import SplitSettings
from lambdas.domain.models.catalogue import BaseModelEntry, base_model

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
MODELS = [
    HAIKU,
    base_model("amazon.nova-lite-v1:0:300k"),
    base_model("meta.llama3-1-8b-instruct-v1:0:128k"),
]
Row = dict[str, Any]


def messages(prompt: str, answer: str) -> Row:
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}


def nova(prompt: str, answer: str) -> Row:
    turns = [{"role": role, "content": [{"text": text}]} for role, text in (("user", prompt), ("assistant", answer))]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": turns}


def completion(prompt: str, answer: str) -> Row:
    return {"prompt": prompt, "completion": answer}


def question(prompt: str, answer: str) -> Row:
    return {"question": prompt, "answer": answer}


FORMATS = [messages, nova, completion, question]


def jsonl(rows: list[Row]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["prompt", "completion", "group"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def checked(data: bytes, model: BaseModelEntry = HAIKU) -> tuple[RecordSet, DatasetReport]:
    report = DatasetReport()
    return check_set(io.BytesIO(data), "train.jsonl", model, report), report


def rows_of(write: Callable[[str, str], Row], groups: list[str | None]) -> list[Row]:
    """The same table in all prompts: detection would make one group of them."""
    table = "<table>" + "".join(f"<tr><td>Revenue of {year}</td><td>{year}</td></tr>" for year in range(9)) + "</table>"
    rows = [write(f"{table} Question {number}?", f"answer {number}") for number in range(len(groups))]
    return [row if name is None else {**row, "group": name} for row, name in zip(rows, groups, strict=True)]


@pytest.mark.parametrize("write", FORMATS)
def test_the_name_of_a_group_wins_over_detection(write: Callable[[str, str], Row]) -> None:
    """Whoever knows the customer, the document or the conversation of a record knows more than its words tell."""
    read, report = checked(jsonl(rows_of(write, ["a", "b", "a", "b"])))
    assert not report.errors
    assert group_sets({"train": read})["train"] == [0, 1, 0, 1]
    detected, _ = checked(jsonl(rows_of(write, [None] * 4)))
    assert group_sets({"train": detected})["train"] == [0, 0, 0, 0]


def test_a_column_of_a_csv_file_names_groups() -> None:
    """It stands beside the others, in any place."""
    read, report = checked(as_csv(rows_of(completion, ["a", "b", "a"])))
    assert not report.errors
    assert group_sets({"train": read})["train"] == [0, 1, 0]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
@pytest.mark.parametrize("write", FORMATS)
def test_no_model_is_trained_on_the_name(write: Callable[[str, str], Row], model: BaseModelEntry) -> None:
    """Bedrock refuses keys that it does not know, and the report says that the lines were changed."""
    data = jsonl(rows_of(write, ["a", "b"]))
    read, report = checked(data, model)
    lines = [*convert(io.BytesIO(data), read, model, Conversion())]
    plain = jsonl(rows_of(write, [None, None]))
    expected = [*convert(io.BytesIO(plain), checked(plain, model)[0], model, Conversion())]
    assert [*map(json.loads, lines)] == [*map(json.loads, expected)]
    [(_, what)] = report.changed
    assert what.endswith("group left out")


@pytest.mark.parametrize("value", ["", "  ", 7, None, ["a"]])
@pytest.mark.parametrize("write", FORMATS)
def test_a_name_is_a_text_with_content(write: Callable[[str, str], Row], value: Any) -> None:
    """A number would be another group than the same number as a text."""
    _, report = checked(jsonl([{**row, "group": value} for row in rows_of(write, [None, None])]))
    assert set(report.counts) <= {"empty-text", "wrong-type", "no-records"}
    assert all(finding.path == "train.jsonl#/group" for finding in report.findings if finding.line)
    assert report.errors


def test_a_name_twice_in_a_record_is_refused() -> None:
    """JSON readers disagree on which one counts."""
    line = json.dumps({**completion("one?", "1"), "group": "a"})
    _, report = checked((line[:-1] + ', "group": "b"}\n').encode())
    assert "duplicate-key" in report.counts


@pytest.mark.parametrize("data", [jsonl, as_csv])
def test_names_on_half_of_the_records_are_refused(data: Callable[[list[Row]], bytes]) -> None:
    """The others would be grouped by nothing, or by something else."""
    _, report = checked(data(rows_of(completion, ["a", None, "b", None])))
    [finding] = report.findings
    assert (finding.rule, finding.severity) == ("partial-group", "error")
    assert "2 of 4 records" in finding.message


def test_files_of_which_one_names_no_group_are_refused() -> None:
    """A test set without names could not be compared with the training set."""
    report = DatasetReport()
    given: dict[SetName, RecordSet] = {
        "train": check_set(io.BytesIO(jsonl(rows_of(completion, ["a"] * 40))), "train.jsonl", HAIKU, report),
        "test": check_set(io.BytesIO(jsonl(rows_of(completion, [None] * 20))), "test.jsonl", HAIKU, report),
    }
    assert prepare(given, Wanted(HAIKU, SplitSettings(), few_shot=0, hyperparameters={}), report) is None
    [finding] = [found for found in report.findings if found.rule == "partial-group"]
    assert (finding.path, finding.message) == ("test.jsonl", "No record names its group; those of train.jsonl do.")
