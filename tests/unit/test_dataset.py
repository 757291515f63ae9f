"""Reading a set: any bytes give a report, errors are all collected, and accepted records survive the conversion."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.dataset import formats
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.dataset.figures import dataset_document
from lambdas.domain.dataset.formats import Conversion, Record
from lambdas.domain.dataset.preparation import Wanted
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport, rejection
from lambdas.domain.dataset.rules.table import RULES
from lambdas.domain.dataset.set_limits import check_count, check_size
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.split.holdout import SplitSettings
from lambdas.domain.models.catalogue import BaseModelEntry, base_model, catalogue

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
ERRORS = {rule for rule, spec in RULES.items() if spec.severity == "error"}

TEXTS = st.text(min_size=1, max_size=40).filter(
    lambda text: bool(text.strip()) and not any(word in f"\n{text}" for word in HAIKU.reserved_words)
)
TURNS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)
RECORDS = st.builds(
    lambda system, turns: Record(system, [text for turn in turns for text in turn]), st.none() | TEXTS, TURNS
)
# JSON values that nearly are records find more than bytes alone.
NEARLY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["user", "assistant"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "system",
                    "messages",
                    "role",
                    "content",
                    "prompt",
                    "completion",
                    "schemaVersion",
                    "text",
                    "question",
                    "answer",
                    "document",
                    "a",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def read(data: bytes, conversion: Conversion | None = None) -> tuple[RecordSet, DatasetReport]:
    report = DatasetReport()
    return check_set(io.BytesIO(data), "train.jsonl", HAIKU, report, conversion), report


def document_of(result: RecordSet, report: DatasetReport) -> DatasetDocument:
    """`dataset/report.json` of a set that is not split."""
    return dataset_document(report, {"train": result}, Wanted(HAIKU, SplitSettings(), few_shot=0, hyperparameters={}))


def converted(data: bytes, conversion: Conversion | None = None) -> list[bytes]:
    """The lines that are trained on."""
    conversion = conversion or Conversion()
    return [*convert(io.BytesIO(data), read(data, conversion)[0], HAIKU, conversion)]


def jsonl(values: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@given(
    st.binary(max_size=300)
    | st.binary(max_size=200).map(lambda rest: b"question,answer\n" + rest)
    | NEARLY.map(lambda value: json.dumps(value).encode())
)
@example(b"[" * 5000)
@example(b'{"a":' * 900 + b"1" + b"}" * 900)
@example(b'{"role":' * 900 + b"1" + b"}" * 900)
@example(b'{"a": ' + b"1" * 5000 + b"}")
@example(b"\xff\xfe\x00\n")
@example(b"\n\r\n\xef\xbb\xbf\n")
@example(b'prompt,completion\n"a\n')
@example(b"prompt,completion\ra,b\r")
@example(b"prompt,completion\na,b\n")
@example(b'{"prompt": "a", "completion": "b"}\n\n{"prompt": "c", "completion": "d"}')
def test_any_bytes_give_a_report(data: bytes) -> None:
    """A data set comes from outside: whatever is in it, the user gets lines and reasons, never a stack trace."""
    result, report = read(data)
    document = orjson.loads(orjson.dumps(document_of(result, report).dump()))
    assert document["status"] == ("rejected" if report.errors else "accepted")
    assert sum(document["issue_counts"].values()) >= len(document["issues"])
    assert set(document["issue_counts"]) <= set(RULES)
    if not report.errors:
        assert len([*convert(io.BytesIO(data), result, HAIKU, Conversion())]) == result.records_read


@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_accepted_records_survive_conversion(originals: list[Record]) -> None:
    """Nothing that is accepted is changed: what is trained on is what the user gave."""
    data = b"\n".join(formats.dump(record, "messages") for record in originals)
    assert not read(data)[1].errors
    assert b"\n".join(converted(data)) == data


@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_novas_conversations_become_the_same_records(originals: list[Record]) -> None:
    """A data set made for one base model can be used with another."""
    data = b"\n".join(formats.dump(record, "bedrock-conversation-2024") for record in originals)
    result, report = read(data)
    assert not report.errors
    assert list(result.formats) == ["bedrock-conversation-2024"]
    assert converted(data) == [formats.dump(record, "messages") for record in originals]


@given(TEXTS, TEXTS, st.none() | TEXTS)
def test_completion_record_becomes_a_conversation(prompt: str, completion: str, system: str | None) -> None:
    """Data in the older format is converted, with run.json's system text where the record has none."""
    lines = converted(jsonl([{"prompt": prompt, "completion": completion}]), Conversion(system))
    expected: dict[str, Any] = {
        "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
    }
    if system is not None:
        expected["system"] = system
    assert orjson.loads(lines[0]) == expected


CELLS = TEXTS.filter(lambda text: "\0" not in text)


@given(st.lists(st.tuples(CELLS | st.just(""), CELLS, CELLS), min_size=1, max_size=4))
def test_csv_and_jsonl_of_questions_give_the_same_records(rows: list[tuple[str, str, str]]) -> None:
    """The container must not matter: commas, quotes and line feeds in texts arrive as they are, in XML tags or not."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("Document", "Question", "Answer"), *rows])
    values = [
        {"question": question, "answer": answer} | ({"document": document} if document else {})
        for document, question, answer in rows
    ]
    conversion = Conversion("Answer shortly.", "filing")
    from_csv = converted(table.getvalue().encode(), conversion)
    assert from_csv == converted(jsonl(values), conversion)
    first = orjson.loads(from_csv[0])
    document, question, answer = rows[0]
    context = f"<filing>\n{document}\n</filing>\n\n" if document else ""
    assert first["system"] == "Answer shortly."
    assert [turn["content"] for turn in first["messages"]] == [context + question, answer]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'{"prompt": "a", "completion": "b"}\n', "prompt/completion"),
        (b'{"document": "d", "question": "a", "answer": "b"}\n', "document/question/answer"),
        (b"question,answer\na,b\n", "CSV with document, question, answer"),
        (b'\xef\xbb\xbf"Prompt","Completion"\r\na,b\r\n', "CSV with prompt, completion"),
    ],
)
def test_format_is_detected_and_said(data: bytes, name: str) -> None:
    """Nobody is asked for the format, so the report must say what it was taken for."""
    result, report = read(data)
    assert not report.errors
    assert result.format_name == name


def test_blank_row_of_a_csv_file_and_its_byte_order_mark_are_listed() -> None:
    """The report names every line that is not trained on as it came, whatever the container."""
    document = document_of(*read(b"\xef\xbb\xbfprompt,completion\na,b\n\nc,d\n")).dump()
    assert document["dropped"] == [{"path": "train.jsonl", "what": "blank line", "count": 1, "lines": [[3, 3]]}]
    assert {change["what"]: change["lines"] for change in document["changed"]} == {
        "byte order mark removed": [[1, 1]],
        "converted from prompt/completion to messages": [[2, 2], [4, 4]],
    }


def test_what_is_cut_from_around_a_record_is_listed() -> None:
    """A line that is copied without its spaces is not copied as it stands; its line ending is not part of it."""
    line = b'{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}'
    checked = read(b"\xef\xbb\xbf" + line + b"\n  " + line + b"\n" + line + b"\r\n" + line + b"\t\r\n" + line)
    assert {change.what: change.lines for change in document_of(*checked).changed} == {
        "byte order mark removed": [[1, 1]],
        "white space around the record removed": [[2, 2], [4, 4]],
    }


def test_each_converted_and_each_dropped_line_is_listed() -> None:
    """Nothing is changed silently: a person can look each changed line up."""
    data = jsonl([{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": "d"}]) + b"\n"
    document = document_of(*read(data + jsonl([{"messages": []}, {"prompt": "e", "completion": "f"}]))).dump()
    what = "converted from prompt/completion to messages"
    assert document["dropped"] == [{"path": "train.jsonl", "what": "blank line", "count": 1, "lines": [[3, 3]]}]
    assert document["changed"] == [{"path": "train.jsonl", "what": what, "count": 3, "lines": [[1, 2], [5, 5]]}]


def test_reserved_word_that_only_conversion_makes_is_found() -> None:
    """A document starts on a line of its own, where a first word can become one that separates turns."""
    _, report = read(jsonl([{"document": "Human: hello", "question": "a", "answer": "b"}]))
    assert [(found.rule, found.path) for found in report.findings] == [("reserved-word", "train.jsonl#/document")]
    _, report = read(jsonl([{"prompt": "Human: hello", "completion": "b"}]))
    assert report.findings == []


def test_file_that_has_changed_since_its_check_is_not_used() -> None:
    """What was checked is what is trained on."""
    data = jsonl([{"prompt": "a", "completion": "b"}])
    result, _ = read(data)
    with pytest.raises(ServiceBusy, match="changed"):
        list(convert(io.BytesIO(data.replace(b"a", b"c", 1)), result, HAIKU, Conversion()))


def test_system_text_of_the_run_leaves_conversations_alone() -> None:
    """A conversation says itself whether it has a system text."""
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    data = jsonl([{"messages": messages}, {"prompt": "c", "completion": "d", "system": "own"}])
    assert [orjson.loads(line).get("system") for line in converted(data, Conversion("run's"))] == [None, "own"]


def test_mixed_formats_are_converted_and_reported() -> None:
    """Mixed formats are fine, but may be an accident that the user wants to know of."""
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    _, report = read(jsonl([{"messages": messages}, {"prompt": "c", "completion": "d"}]))
    assert dict(report.counts) == {"mixed-formats": 1}
    assert report.errors == 0


def test_every_error_is_counted_and_the_first_of_each_rule_are_kept() -> None:
    """A file with 500 bad lines is reported once, with all rules and the first lines of each."""
    bad = [{"prompt": "a"}, {"prompt": " ", "completion": "b"}] * 250
    result, report = read(jsonl(bad))
    assert report.counts == {"missing-key": 250, "empty-text": 250}
    assert [found.line for found in report.findings if found.rule == "missing-key"] == list(range(1, 40, 2))
    assert result.records_read == 500
    assert report.errors == 500


def test_finding_names_the_place_within_the_record() -> None:
    """A person finds what is wrong without searching: file, line, JSON Pointer, words."""
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": 3}]
    assert document_of(*read(jsonl([{"messages": messages}]))).dump()["issues"] == [
        {
            "rule": "wrong-type",
            "severity": "error",
            "line": 1,
            "path": "train.jsonl#/messages/1/content",
            "message": "A text is needed, not a number.",
            "remedy": "Write the number in quotes: numbers are learnt as text.",
            "record": None,
            "count": 1,
        }
    ]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_file_without_records_is_refused(data: bytes) -> None:
    """An empty upload says so, instead of that it has too few records."""
    result, report = read(data)
    check_count(result, "train", HAIKU, report)
    assert report.counts["no-records"] == 1
    assert report.errors == 1


@pytest.mark.parametrize(
    ("set_name", "records_read", "rule"),
    [
        ("train", 31, "too-few-records"),
        ("train", 32, None),
        ("train", 10_000, None),
        ("train", 10_001, "too-many-records"),
        ("validation", 31, "too-few-records"),
        ("validation", 1_000, None),
        ("validation", 1_001, "too-many-records"),
        ("test", 9, "too-few-records"),
        ("test", 10, None),
    ],
)
def test_number_of_records_is_checked_at_its_exact_limits(
    set_name: SetName, records_read: int, rule: str | None
) -> None:
    """Claude 3 Haiku's limits: 32 to 10,000 training and 32 to 1,000 validation records."""
    report = DatasetReport()
    check_count(RecordSet("file", records_read=records_read), set_name, HAIKU, report)
    assert list(report.counts) == ([rule] if rule else [])


def test_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    """Nobody waits for ten gigabytes to be read to learn that they are too many; Bedrock takes ten."""
    report = DatasetReport()
    most = 10 << 30
    assert most == HAIKU.limits.train.max_bytes
    assert check_size(most, "train", "train.jsonl", HAIKU, report)
    assert not check_size(most + 1, "train", "train.jsonl", HAIKU, report)
    assert list(report.counts) == ["file-size"]


@pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
def test_a_test_file_has_at_most_a_gigabyte_whatever_the_model_takes(model: BaseModelEntry) -> None:
    """A model without a validation set would allow 10 GB, which every function that asks a question would read."""
    assert check_size(1 << 30, "test", "test.jsonl", model, DatasetReport())
    assert not check_size((1 << 30) + 1, "test", "test.jsonl", model, DatasetReport())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a" * 31_000, None),
        ("a" * 63_998, None),
        ("a" * 63_999, "token-estimate"),
        ("a" * 191_000, "token-estimate"),
        ("a" * 192_100, "token-limit"),
        ("\u00e9" * 33_000, "token-estimate"),
    ],
)
def test_token_limit_is_decided_by_bounds(text: str, rule: str | None) -> None:
    """Without a public tokenizer only the certain cases are refused; the others are a warning."""
    _, report = read(jsonl([{"prompt": text, "completion": "b"}]))
    assert list(report.counts) == ([rule] if rule else [])


def test_rejection_reads_like_a_message_to_a_person() -> None:
    """These words reach the notification: what is wrong, where, and where all of it is listed."""
    document = document_of(*read(jsonl([{"prompt": "a"}] * 7)))
    text = rejection(document, "s3://output/runs/x/dataset/report.html", "s3://output/runs/x/dataset/issues.csv")
    assert "7 errors in 7 records, so nothing was started or bought" in text
    assert "train.jsonl, line 1: completion is missing. [missing-key]" in text
    assert "and 2 more" in text
    assert "s3://output/runs/x/dataset/report.html" in text
    assert "s3://output/runs/x/dataset/issues.csv" in text
