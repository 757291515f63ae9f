"""What a person reads of findings: the mistake first, what to do about this value, then the rule behind it."""

import csv
import io
import json
from typing import Any

import pytest

from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.document import DatasetDocument, DatasetFinding
from lambdas.domain.dataset.figures import dataset_document
from lambdas.domain.dataset.finding_groups import FINDINGS_KEPT_PER_RULE
from lambdas.domain.dataset.finding_log import FindingLog, LoggedFinding
from lambdas.domain.dataset.preparation import Wanted
from lambdas.domain.dataset.report import DatasetReport, rejection
from lambdas.domain.dataset.rules.table import RULES
from lambdas.domain.dataset.split.holdout import SplitSettings
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.run_limits import RunLimits

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")


def found_in(data: bytes) -> list[DatasetFinding]:
    report = DatasetReport()
    check_set(io.BytesIO(data), "train.jsonl", HAIKU, report)
    return report.findings


def lines_of(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@pytest.mark.parametrize("rule", RULES)
def test_heading_is_a_sentence_that_is_not_the_rule_itself(rule: str) -> None:
    """Above the findings stood what the rule asks for: “No record occurs twice.” above a record that does."""
    spec = RULES[rule]
    assert spec.heading.endswith(".")
    assert "\n" not in spec.heading
    assert spec.heading not in (spec.asks, spec.advice)
    assert not spec.heading.startswith(("No ", "Every ", "Each ", "All "))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null is the absence"),
        (["a"], "Join the list"),
        ({"a": 1}, "json.dumps"),
        (True, "true or false in quotes"),
        (3, "the number in quotes"),
        (3.5, "the number in quotes"),
    ],
)
def test_remedy_is_about_the_value_that_is_there(value: object, words: str) -> None:
    """“Write texts in quotes, even if they are numbers” does not help somebody whose answer is null."""
    [found] = found_in(lines_of({"prompt": "a", "completion": value}))
    assert found.rule == "wrong-type"
    assert words in found.remedy


def test_a_null_in_a_key_that_is_not_needed_is_left_out_with_its_key() -> None:
    """The record is good without it."""
    [found] = found_in(lines_of({"prompt": "a", "completion": "b", "system": None}))
    assert found.remedy == "Leave the key out: null is the absence of a text."


def test_notification_says_what_to_do_once_for_neighbouring_findings() -> None:
    """Whoever reads only the e-mail can act on it."""
    report = DatasetReport()
    read = check_set(io.BytesIO(lines_of(*[{"prompt": "a", "completion": None}] * 3)), "train.jsonl", HAIKU, report)
    wanted = Wanted(HAIKU, SplitSettings(), few_shot=0, hyperparameters={})
    text = rejection(
        dataset_document(report, {"train": read}, wanted), "s3://output/report.html", "s3://output/issues.csv"
    )
    assert text.count("Fill in the text, or leave the record out") == 1


def checked(data: bytes) -> tuple[DatasetReport, DatasetDocument]:
    report = DatasetReport()
    read = check_set(io.BytesIO(data), "train.jsonl", HAIKU, report)
    wanted = Wanted(HAIKU, SplitSettings(), few_shot=0, hyperparameters={})
    return report, dataset_document(report, {"train": read}, wanted)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"prompt": "a", "completion": None}, "All 500 records, from line 1 on: A text is needed, not null."),
        ({"prompt": "a"}, "All 500 records, from line 1 on: completion is missing."),
        ({"a": 1, "b": "c"}, "All 500 records, from line 1 on: "),
        (["a"], "All 500 records, from line 1 on: A JSON object is needed, not a list."),
    ],
)
def test_a_mistake_in_the_whole_file_is_one_finding(record: object, message: str) -> None:
    """500 lines that say the same hide the one thing to do."""
    report, document = checked(lines_of(*[record] * 500))
    errors = [found for found in document.issues if found.severity == "error"]
    assert [(found.line, found.count) for found in errors] == [(None, 500)]
    assert errors[0].message.startswith(message)
    assert (document.errors, report.errors, document.issue_counts[errors[0].rule]) == (1, 1, 500)


def test_keys_that_are_wrong_in_all_records_are_told_in_one_finding() -> None:
    """They are one decision of whoever exported the file."""
    roles = [{"role": "human", "content": "a"}, {"role": "gpt", "content": 3}]
    _, document = checked(lines_of(*[{"messages": [*roles, *roles]}] * 20))
    told = {found.rule: found for found in document.issues}
    assert len(document.issues) == len(told)
    assert (told["wrong-type"].count, told["wrong-type"].line) == (40, None)


def test_a_record_that_is_wrong_in_its_own_way_is_told_beside_the_mistake_of_all() -> None:
    """It must not be lost among the others."""
    records: list[Any] = [{"prompt": "a", "completion": None} for _ in range(300)]
    records[250] = {"prompt": 3, "completion": "b"}
    _, document = checked(lines_of(*records))
    errors = [(found.line, found.count) for found in document.issues if found.severity == "error"]
    assert errors == [(None, 299), (251, 1)]
    assert document.errors == 2
    assert document.issues[0].message.startswith("299 of 300 records, from line 1 on: ")


def test_few_records_and_half_of_many_are_told_one_by_one() -> None:
    """Nine lines are quicker looked at, and a mistake in half of the records is not the file's."""
    _, few = checked(lines_of(*[{"prompt": "a", "completion": None}] * 9))
    assert [found.line for found in few.issues if found.rule == "wrong-type"] == [*range(1, 10)]
    _, half = checked(lines_of(*[{"prompt": "a", "completion": None}, {"prompt": "b", "completion": "c"}] * 15))
    assert [found.line for found in half.issues if found.rule == "wrong-type"] == [*range(1, 31, 2)]


def test_blank_lines_between_all_records_are_one_finding() -> None:
    """They are skipped; a list of 500 lines says no more."""
    _, document = checked(lines_of(*[{"prompt": "a", "completion": "b"}] * 50).replace(b"\n", b"\n\n"))
    [found] = [found for found in document.issues if found.rule == "blank-line"]
    assert (found.message, found.count) == ("50 blank lines are skipped, the first in line 2.", 50)


def test_findings_of_ever_new_kinds_take_bounded_memory() -> None:
    """Each key of a record is a place of its own, and a line may have a million of them."""
    report = DatasetReport()
    for number in range(5_000):
        report.add("unknown-key", "train.jsonl", "The key is not part of the format.", line=1, pointer=f"/k{number}")
    assert report.counts["unknown-key"] == 5_000
    assert len(report.findings) == FINDINGS_KEPT_PER_RULE
    assert sum(len(group.kept) for group in report._groups._groups.values()) <= 300


def rows_of(log: list[bytes]) -> list[list[str]]:
    return [*csv.reader(io.StringIO(b"\n".join(log).decode(), newline=""))]


def test_log_of_findings_ends_with_how_many_are_left_out() -> None:
    """A file of ever more findings would fill the bucket, and no spreadsheet opens it."""
    lines: list[bytes] = []
    log = FindingLog(lines.append, most_bytes=300)
    for number in range(1_000):
        log.add(LoggedFinding("role", number, number, "train.jsonl#/messages/0/role", "A role is wrong."))
    log.close()
    assert sum(len(line) + 1 for line in lines) < 600
    *_, last = rows_of(lines)
    assert last == [
        "",
        "",
        "",
        "",
        f"{1_000 - (len(lines) - 2)} more findings are left out: the file would be too large.",
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "\t=1", "\r=1"])
def test_no_cell_of_the_log_is_a_formula(text: str) -> None:
    """File names and keys come from outside, and a spreadsheet would run them."""
    lines: list[bytes] = []
    FindingLog(lines.append).add(LoggedFinding("role", 1, 1, text, text))
    assert rows_of(lines[1:]) == [["role", "1", "1", f"'{text}", f"'{text}"]]


def test_a_csv_files_record_number_stands_beside_the_line() -> None:
    """A row may have several lines: a spreadsheet counts rows, an editor lines."""
    rows = b'prompt,completion\n"a\nb",c\n\nd,""\n'
    report, document = checked(rows)
    [found] = [found for found in document.issues if found.rule == "empty-text"]
    assert (found.line, found.record) == (5, 2)
    assert found.place == "train.jsonl#/completion, line 5 (record 2)"
    assert report.errors == 1


@pytest.mark.parametrize(
    ("document", "meant"),
    [
        ({"basemodel": "x"}, "base_model"),
        ({"split": {"valid": 0.1}}, "validation"),
        ({"evaluation": {"gate": {"smallest_gian": 1}}}, "smallest_gain"),
        ({"sweep": {"job": 2}}, "jobs"),
        ({"epochs": 2}, "hyperparameters.epochCount"),
    ],
)
def test_a_misspelled_setting_is_told_with_the_one_that_is_meant(document: dict[str, Any], meant: str) -> None:
    """At whatever depth it stands; a hyperparameter at the top, too, belongs elsewhere."""
    _, found = run_settings.choose(json.dumps(document).encode(), HAIKU.customization_id, RunLimits(1))
    assert [each.message for each in found] == [f"There is no such setting. Did you mean {meant}?"]


@pytest.mark.parametrize("wrong", ["zebra", "", "x" * 100_000])
def test_a_name_that_is_close_to_none_is_meant_for_none(wrong: str) -> None:
    """A wrong guess is worse than none, and a long one takes no time."""
    assert did_you_mean(wrong, ["epochCount", "batchSize"]) == ""


@pytest.mark.parametrize(
    ("data", "what", "remedy"),
    [
        (b"<!DOCTYPE html>\n<html><body>data</body></html>\n", "an HTML page", "not the page that shows it"),
        (b"\n  <html>\n", "an HTML page", "not the page that shows it"),
        (b"<?xml version='1.0'?>\n<rows/>\n", "XML", "Upload the records themselves"),
        (b"%PDF-1.7\n\x00\x01", "a PDF document", "Upload the records themselves"),
        (b"\x89PNG\r\n\x1a\n\x00", "an image (PNG)", "Upload the records themselves"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\n", "an image (JPEG)", "Upload the records themselves"),
        (b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml\n", "an Excel workbook", "as CSV (UTF-8)"),
        (b"PK\x03\x04\x14\x00\x00\x00a.jsonl", "a ZIP archive", "unzip train.jsonl"),
        (b"version https://git-lfs.github.com/spec/v1\noid x\n", "a Git LFS pointer", "git lfs pull"),
        (b"- prompt: a\n  completion: b\n- prompt: c\n  completion: d\n", "YAML", "yaml.safe_load"),
        (b"---\nprompt: a\ncompletion: b\n", "YAML", "yaml.safe_load"),
        (b"records:\n  - prompt: a\n", "YAML", "yaml.safe_load"),
        (b"{'prompt': 'a', 'completion': 'b'}\n" * 30, "in Python's notation", "fine-tune convert train.jsonl"),
        (b"[{'prompt': 'a', 'completion': 'b'}]", "in Python's notation", "fine-tune convert train.jsonl"),
    ],
)
def test_a_file_of_another_kind_is_one_finding_by_its_first_bytes(data: bytes, what: str, remedy: str) -> None:
    """Not one for each line, none of which says that it is a picture."""
    report, document = checked(data)
    [found] = document.issues
    assert (found.rule, found.message.startswith(f"The file is {what}")) == ("file-format", True)
    assert remedy in found.remedy
    assert report.errors == 1


@pytest.mark.parametrize("data", [b"- prompt: a\n  completion: b\n" * 2, b"PAR1\x00\x01"])
def test_a_command_that_converts_a_file_never_writes_into_it(data: bytes) -> None:
    """A shell empties a file that it writes into before the command reads it: all data would be lost."""
    [found] = found_in(data)
    assert "train.jsonl" in found.remedy
    assert "train.converted.jsonl" in found.remedy


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"prompt": "a", "completion": "b"},', "Remove the comma at the end of the line"),
        (b'{"prompt": "a", "completion": NaN}', "which JSON does not have"),
        (b'{"prompt": "a", "completion": None}', "true, false and null"),
        (b'{"prompt": "a", "completion": "b",}', "after the last item"),
        (b'// {"prompt": "a", "completion": "b"}', "Remove the comment"),
        (b'{"prompt": "a", "completion": "b', "on one line"),
    ],
)
def test_a_line_that_is_not_json_is_mended_by_what_it_shows(line: bytes, words: str) -> None:
    """A parser's words name the character, and not the slip."""
    found = found_in(b'{"prompt": "a", "completion": "b"}\n' + line + b"\n")
    assert [each.rule for each in found] == ["json-syntax"]
    assert words in found[0].remedy


def test_a_record_that_is_encoded_twice_is_told_so() -> None:
    """It is the most frequent text where an object should be."""
    [found] = found_in(lines_of(json.dumps({"prompt": "a", "completion": "b"})))
    assert (found.rule, "decodes it once more" in found.remedy) == ("record-type", True)


@pytest.mark.parametrize(
    ("data", "rule", "words", "remedy"),
    [
        (b"Dear all,\nhere are the tickets.\n" * 30, "file-format", "is plain text", "on one line"),
        (b"prompt\nWhere is it?\nWho are you?\n", "file-format", "is plain text", "CSV file with a header"),
        (b"Where is it?,Here\nWho are you?,Nobody\n", "columns", "Where is it?, Here", "Write a header"),
        (
            json.dumps({"prompt": ["a", "b"], "completion": ["c", "d"]}).encode(),
            "record-type",
            "columns of 2 texts",
            "orient='records'",
        ),
        (
            json.dumps({"prompt": {"0": "a", "1": "b"}, "completion": {"0": "c", "1": "d"}}).encode(),
            "record-type",
            "columns of 2 texts",
            "orient='records'",
        ),
        (
            json.dumps({"data": [{"prompt": "a", "completion": "b"}] * 40}).encode(),
            "record-type",
            "stand in the list 'data'",
            "jq -c '.data[]'",
        ),
        (
            json.dumps({"contents": [{"role": "user", "parts": []}, {"role": "model", "parts": []}]}).encode(),
            "missing-key",
            "holds messages",
            "Name it messages",
        ),
        (
            lines_of([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]) * 40,
            "record-type",
            "not a list",
            '{"messages": […]}',
        ),
        (
            '{"prompt": "Größe", "completion": "ä"}\n'.encode("cp1252") * 40,
            "encoding",
            "Not UTF-8",
            "fine-tune convert",
        ),
    ],
)
def test_what_the_whole_file_shows_is_one_finding_with_the_way_out(
    data: bytes, rule: str, words: str, remedy: str
) -> None:
    """Its lines alone do not show it."""
    report, document = checked(data)
    [found] = [found for found in document.issues if found.severity == "error"]
    assert (found.rule, report.errors) == (rule, 1)
    assert words in found.message
    assert remedy in found.remedy


def test_columns_with_spaces_in_their_names_are_no_record() -> None:
    """A header is told by what it says, not by its form."""
    [found] = found_in(b"Ticket Body,Final Category\na,b\nc,d\n")
    assert "--prompt" in found.remedy


def turns(*roles: str) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": f"text {n}"} for n, role in enumerate(roles)]}


@pytest.mark.parametrize(
    ("record", "rule", "remedy"),
    [
        ({"question": "a", "answers": "b"}, "missing-key", "Rename the key 'answers' to 'answer'."),
        ({"prompt": "a", "completion": "b", "sytem": "c"}, "unknown-key", "Rename it to 'system' if that is meant"),
        ({"question": "a", "answers": {"text": ["b"]}}, "missing-key", "Write one text of 'answers'"),
        (
            {"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": "b"}]},
            "wrong-type",
            "These are messages of a conversation",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, "b"]}]},
            "wrong-type",
            "Write each block as an object",
        ),
        ({"schemaVersion": 2024, "messages": []}, "wrong-type", "Write 'bedrock-conversation-2024'"),
        (turns("Human", "assistant"), "role", "Write user instead."),
        (turns("user", "gpt"), "role", "Write assistant instead."),
        (turns("assistant", "user"), "role-order", "Begin with the user's message"),
        (turns("user", "user", "assistant"), "role-order", "Join the two messages of the user"),
        (turns("user", "assistant", "user"), "role-order", "Add the assistant's answer"),
        ({"prompt": "a", "completion": ""}, "empty-text", "Fill in the answer, or leave the record out."),
        ({"prompt": "a", "completion": "b", "system": " "}, "empty-text", "Leave the key out"),
    ],
)
def test_remedy_says_what_to_do_about_this_record(record: dict[str, Any], rule: str, remedy: str) -> None:
    """Not what all records must be like."""
    found = [each for each in found_in(lines_of(record)) if each.rule == rule]
    assert remedy in found[0].remedy


def test_the_spelling_to_keep_has_no_white_space_around_it() -> None:
    """However often an export has it."""
    answers = ["billing "] * 30 + ["billing"] * 20 + ["shipping"] * 30
    rows = [{"prompt": f"How is ticket {n * 7919}?", "completion": answer} for n, answer in enumerate(answers)]
    report, _ = checked(lines_of(*rows))
    (found,) = [each for each in report.findings if each.rule == "label-spelling"]
    assert found.remedy.startswith("Write 'billing' everywhere")


def test_an_open_quote_is_told_at_the_row_that_opens_it() -> None:
    """The end of the file, where the reader finds out, is far behind it."""
    report, _ = checked(b'prompt,completion\na,b\nc,"d\n' + b"e,f\n" * 40)
    (found,) = report.findings
    assert (found.rule, found.line) == ("csv-syntax", 3)
    assert "a quote is never closed" in found.message
