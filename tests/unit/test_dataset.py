"""Reading a set: any bytes give a report, errors are all collected, and accepted records survive the conversion."""

import io
import json
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.domain import dataset, records
from lambdas.domain.dataset import RecordSet, check_count, check_size, read_lines, read_set
from lambdas.domain.dataset_report import DatasetReport
from lambdas.domain.models import base_model
from lambdas.domain.records import Message, Record
from lambdas.domain.rules import RULES

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")

TEXTS = st.text(min_size=1, max_size=40).filter(
    lambda text: bool(text.strip()) and not any(word in text for word in HAIKU.reserved_words)
)
TURNS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)
RECORDS = st.builds(
    lambda system, turns: Record(
        system, tuple(m for user, answer in turns for m in (Message("user", user), Message("assistant", answer)))
    ),
    st.none() | TEXTS,
    TURNS,
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
            st.sampled_from(["system", "messages", "role", "content", "prompt", "completion", "a"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


def read(data: bytes, system: str | None = None) -> tuple[RecordSet, DatasetReport]:
    report = DatasetReport()
    return read_set(io.BytesIO(data), "train.jsonl", HAIKU, report, system), report


def jsonl(values: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@given(st.binary(max_size=300) | NEARLY.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 5000)
@example(b'{"a":' * 900 + b"1" + b"}" * 900)
@example(b'{"role":' * 900 + b"1" + b"}" * 900)
@example(b"\xff\xfe\x00\n")
@example(b"\n\r\n\xef\xbb\xbf\n")
def test_any_bytes_give_a_report(data: bytes) -> None:
    """A data set comes from outside: whatever is in it, the user gets lines and reasons, never a stack trace."""
    result, report = read(data)
    document = orjson.loads(orjson.dumps(report.as_json()))
    assert document["status"] == ("rejected" if report.errors else "accepted")
    assert sum(document["issue_counts"].values()) >= len(document["issues"])
    assert set(document["issue_counts"]) <= set(RULES)
    assert report.errors or len(result.lines) == result.records_read


@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_accepted_records_survive_conversion_and_reading_again(originals: list[Record]) -> None:
    """Nothing that is accepted is changed: what is trained on is what the user gave."""
    data = b"\n".join(records.dump(record, "messages") for record in originals)
    result, report = read(data)
    assert report.issues == []
    again = [records.parse(line, orjson.loads(line), HAIKU).record for line in result.lines]
    assert again == originals
    assert b"\n".join(result.lines) == data


@given(TEXTS, TEXTS, st.none() | TEXTS)
def test_completion_record_becomes_a_conversation(prompt: str, completion: str, system: str | None) -> None:
    """Data in the older format is converted, with run.json's system text where the record has none."""
    result, report = read(jsonl([{"prompt": prompt, "completion": completion}]), system)
    assert report.issues == []
    expected: dict[str, Any] = {
        "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
    }
    if system is not None:
        expected["system"] = system
    assert orjson.loads(result.lines[0]) == expected


def test_system_text_of_the_run_leaves_conversations_alone() -> None:
    """A conversation says itself whether it has a system text."""
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    result, _ = read(jsonl([{"messages": messages}, {"prompt": "a", "completion": "b", "system": "own"}]), "run's")
    assert [orjson.loads(line).get("system") for line in result.lines] == [None, "own"]


def test_mixed_formats_are_converted_and_reported() -> None:
    """Mixed formats are fine, but may be an accident that the user wants to know of."""
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    _, report = read(jsonl([{"messages": messages}, {"prompt": "a", "completion": "b"}]))
    assert dict(report.counts) == {"mixed-formats": 1}
    assert report.errors == 0


def test_every_error_is_counted_and_the_first_of_each_rule_are_kept() -> None:
    """A file with 500 bad lines is reported once, with all rules and the first lines of each."""
    bad = [{"prompt": "a"}, {"prompt": " ", "completion": "b"}] * 250
    result, report = read(jsonl(bad))
    assert report.counts == {"missing-key": 250, "empty-text": 250}
    assert [issue.line for issue in report.issues if issue.rule == "missing-key"] == list(range(1, 40, 2))
    assert result.records_read == 500
    assert report.errors == 500


def test_issue_names_the_place_within_the_record() -> None:
    """A person finds the fault without searching: file, line, JSON Pointer, words."""
    _, report = read(jsonl([{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": 3}]}]))
    assert report.as_json()["issues"] == [
        {
            "rule": "wrong-type",
            "severity": "error",
            "line": 1,
            "path": "train.jsonl#/messages/1/content",
            "message": "A text is needed, not a number.",
        }
    ]


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), min_size=1, max_size=6))
def test_only_line_feeds_end_lines(lines: list[bytes]) -> None:
    """Carriage returns and Unicode's line separators stand within texts; line numbers must match an editor's."""
    assert list(read_lines(io.BytesIO(b"\n".join(lines) + b"\n"))) == list(enumerate(lines, 1))


def test_line_without_end_is_not_read_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without line feeds must not exhaust the Lambda's memory, nor hide the lines after it."""
    monkeypatch.setattr(dataset, "MAX_LINE_BYTES", 64)
    _, report = read(b"x" * 1000 + b"\n" + b"{}\n" + b"y" * 63 + b"\n" + b"z" * 64)
    assert [(issue.rule, issue.line) for issue in report.issues] == [
        ("line-length", 1),
        ("missing-key", 2),
        ("json-syntax", 3),
        ("line-length", 4),
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
    set_name: dataset.SetName, records_read: int, rule: str | None
) -> None:
    """Claude 3 Haiku's limits: 32 to 10,000 training and 32 to 1,000 validation records."""
    report = DatasetReport()
    check_count(RecordSet("file", records_read=records_read), set_name, HAIKU, report)
    assert list(report.counts) == ([rule] if rule else [])


def test_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    """Nobody waits for ten gigabytes to be read to learn that they are too many."""
    report = DatasetReport()
    assert check_size(dataset.MAX_HELD_BYTES, "train", "train.jsonl", HAIKU, report)
    assert not check_size(dataset.MAX_HELD_BYTES + 1, "train", "train.jsonl", HAIKU, report)
    assert list(report.counts) == ["file-size"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a" * 31_000, None),
        ("a" * 63_800, None),
        ("a" * 64_000, "token-estimate"),
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
    _, report = read(jsonl([{"prompt": "a"}] * 7))
    text = report.rejection("s3://output/runs/x/dataset/report.json")
    assert "7 errors in 7 records, so nothing was started or bought" in text
    assert "train.jsonl, line 1: completion is missing. [missing-key]" in text
    assert "and 2 more" in text
    assert "s3://output/runs/x/dataset/report.json" in text
