"""Columns of another kind, named by templates: what is filled in, what is refused, and that no cell is a template."""

import io
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.formats.mapping import ColumnMapping, parse_template
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.run_limits import RunLimits

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
TICKETS = ColumnMapping({"prompt": parse_template("{subject}\n\n{body}"), "completion": parse_template("category")})
LETTERS = st.text(alphabet="abc {}0.![]:\n", max_size=12)


def read(data: bytes, mapping: ColumnMapping | None = TICKETS) -> tuple[DatasetReport, list[tuple[str, str]]]:
    """The report, and the prompts and answers of what is accepted."""
    report, conversion = DatasetReport(), Conversion(mapping=mapping)
    checked = check_set(io.BytesIO(data), "train.csv", HAIKU, report, conversion)
    if report.errors:
        return report, []
    lines = [orjson.loads(line) for line in convert(io.BytesIO(data), checked, HAIKU, conversion)]
    return report, [(line["messages"][0]["content"], line["messages"][1]["content"]) for line in lines]


def jsonl(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


ROW = {"id": 7, "subject": "Invoice", "body": "Billed twice.", "category": "billing"}
MADE = [("Invoice\n\nBilled twice.", "billing")]


@pytest.mark.parametrize(
    "data",
    [
        b"id,subject,body,category\n7,Invoice,Billed twice.,billing\n",
        b"id;subject;body;category\n7;Invoice;Billed twice.;billing\n",
        b'\xef\xbb\xbfid,subject,body,category\r\n7,Invoice,"Billed twice.",billing\r\n',
        jsonl(ROW),
        b"\xef\xbb\xbf" + jsonl(ROW),
        json.dumps([ROW], indent=2).encode(),
    ],
    ids=["csv", "semicolons", "mark", "jsonl", "jsonl with a mark", "array"],
)
def test_columns_become_prompt_and_answer_whatever_the_file(data: bytes) -> None:
    """An export of a help desk has its own columns, and none of them needs to be renamed."""
    report, made = read(data)
    assert made == MADE
    assert ("train.csv", "made of the columns subject, body, category") in report.changed


def test_rows_of_several_lines_are_recognised_by_their_columns() -> None:
    """The body of an e-mail has line breaks."""
    _, made = read(b'subject,body,category\nInvoice,"Hello,\nBilled twice.",billing\n')
    assert made == [("Invoice\n\nHello,\nBilled twice.", "billing")]


@given(subject=LETTERS, body=LETTERS)
def test_nothing_of_a_cell_is_a_template(subject: str, body: str) -> None:
    """Braces in a cell are braces: a cell that says {category} must not show the answer to the model."""
    value = {"subject": subject, "body": body, "category": "x"}
    assert TICKETS.apply(value) == {"prompt": f"{subject}\n\n{body}", "completion": "x"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{body.__class__}", "no plain name"),
        ("{body[0]}", "no plain name"),
        ("{body!r}", "takes no format"),
        ("{body:>10}", "takes no format"),
        ("{}", "name no column"),
        ("{{body}}", "names no column"),
        ("{body", "expected '}'"),
        ("body}", "Single '}'"),
    ],
)
def test_a_template_names_columns_and_nothing_else(text: str, words: str) -> None:
    """A name that reached attributes would read what is no data."""
    with pytest.raises(ValueError, match=words):
        parse_template(text)
    document = json.dumps({"mapping": {"prompt": text, "completion": "category"}}).encode()
    _, found = run_settings.choose(document, HAIKU.customization_id, RunLimits(1))
    assert [each.pointer for each in found] == ["/mapping/prompt"]
    assert words in found[0].message
    assert not found[0].message.startswith("Value error")


def test_a_name_alone_may_have_any_character() -> None:
    """Columns are called as their exporters like: `Ticket.Body`."""
    mapping = ColumnMapping({"prompt": parse_template("Ticket.Body"), "completion": parse_template("A [1]")})
    assert mapping.apply({"Ticket.Body": "a", "A [1]": "b"}) == {"prompt": "a", "completion": "b"}


def test_numbers_become_text_and_empty_parts_stay_empty() -> None:
    """A score is a fine answer, and a missing subject no reason to lose the record."""
    value = {"subject": None, "body": "a", "category": 3, "group": "g", "system": "Be brief."}
    assert TICKETS.apply(value) == {"prompt": "\n\na", "completion": "3", "group": "g", "system": "Be brief."}


@pytest.mark.parametrize(
    ("category", "words"), [(None, "null is the absence"), (["a"], "Join the list"), ({"a": 1}, "json.dumps")]
)
def test_a_value_that_gives_no_text_is_told_at_its_column(category: object, words: str) -> None:
    """Not at the key that it would have become."""
    report, _ = read(jsonl({**ROW, "category": category}))
    [found] = report.findings
    assert (found.rule, found.path, report.records_read) == ("wrong-type", "train.csv#/category", 1)
    assert words in found.remedy


@pytest.mark.parametrize(
    "data", [b"subjet,body,category\na,b,c\n", jsonl(*[{"subjet": "a", "body": "b", "category": "c"}] * 20)]
)
def test_a_column_that_is_not_there_is_one_finding_with_the_columns_there_are(data: bytes) -> None:
    """A slip of the pen in the command, not a fault of 20 records."""
    report, _ = read(data)
    [found] = report.findings
    assert "There is no column 'subject'; the columns are subjet, body, category." in found.message
    assert "Did you mean subjet?" in found.remedy


def test_a_key_that_stands_twice_is_refused_where_a_mapping_reads_it() -> None:
    """JSON readers disagree on which one counts."""
    line = b'{"subject": "a", "body": "b", "category": "c", "category": "d"}\n'
    report, _ = read(line)
    assert [found.rule for found in report.findings] == ["duplicate-key"]
    report, _ = read(line.replace(b'"category": "d"', b'"x": "\\"category\\"", "y": {"category": 1}'))
    assert not report.errors


@pytest.mark.parametrize("data", [b"subject,body,category\na,b,c\nd,e,f\n", jsonl(*[ROW] * 30)])
def test_foreign_columns_are_one_finding_that_names_them_and_the_option(data: bytes) -> None:
    """Whoever reads it copies the command, and need not rename anything."""
    report, _ = read(data, mapping=None)
    [found] = report.findings
    assert "subject, body, category" in found.message
    assert "--prompt '{" in found.remedy
    assert "--completion category" in found.remedy
    assert "`mapping` in run.json" in found.remedy


def test_no_name_from_outside_stands_in_a_command() -> None:
    """The command is pasted into a shell."""
    report, _ = read(b"$(rm -rf ~),`id`\na,b\nc,d\n", mapping=None)
    [found] = report.findings
    assert "--prompt '{question}' --completion label" in found.remedy


def test_run_json_has_the_same_mapping() -> None:
    """A run reads it there, and its prompts are checked for reserved words as the system text is."""
    document: dict[str, Any] = {"mapping": {"prompt": "{a}\n\nHuman: {b}", "completion": "c"}}
    _, found = run_settings.choose(json.dumps(document).encode(), HAIKU.customization_id, RunLimits(1))
    assert [each.pointer for each in found] == ["/mapping/prompt"]
    document["mapping"]["prompt"] = "{a}: {b}"
    choices, found = run_settings.choose(json.dumps(document).encode(), HAIKU.customization_id, RunLimits(1))
    assert found == []
    mapping = run_settings.conversion(choices.settings).mapping
    assert mapping is not None
    assert mapping.apply({"a": "x", "b": "y", "c": "z"}) == {"prompt": "x: y", "completion": "z"}
