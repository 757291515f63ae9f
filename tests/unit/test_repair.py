"""What is repaired by itself: lines with one meaning, containers and formats; nothing that a person must decide."""

import io
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.reading.mended import Mended, mended
from lambdas.domain.dataset.repair import check_mended, repaired
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.models.catalogue import base_model

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
ROWS = [{"prompt": f"Q{n}?", "completion": f"A{n}", "group": "g"} for n in range(12)]
MESSAGES = [
    {"messages": [{"role": "user", "content": f"Q{n}?"}, {"role": "assistant", "content": f"A{n}"}], "group": "g"}
    for n in range(12)
]


def repair(data: bytes) -> tuple[list[bytes], DatasetReport]:
    report = DatasetReport()
    check_mended(io.BytesIO(data), "a.jsonl", HAIKU, report, Conversion())
    return [*repaired(io.BytesIO(data), "a.jsonl", HAIKU, Conversion())], report


def jsonl(values: list[dict[str, str]]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (jsonl(ROWS), "converted from prompt/completion to messages"),
        (b"".join(repr(row).encode() + b"\n" for row in ROWS), "read as Python's notation"),
        (repr(ROWS).encode(), "read as Python's notation"),
        (jsonl(ROWS).replace(b"}\n", b"},\n"), "comma behind the record removed"),
        (b"".join(json.dumps(json.dumps(row)).encode() + b"\n" for row in ROWS), "decoded once more"),
        (b"\xef\xbb\xbf" + jsonl(ROWS), "byte order mark removed"),
        (b"\xef\xbb\xbf" + jsonl(ROWS).replace(b"}\n", b"},\n"), "byte order mark removed"),
        (jsonl(ROWS).replace(b"\n", b"  \n"), "white space around the record removed"),
        (json.dumps(ROWS, indent=1).encode("utf-16"), "converted from prompt/completion to messages"),
        (b"prompt,completion,group\n" + b"".join(f"Q{n}?,A{n},g\n".encode() for n in range(12)), "converted from "),
    ],
)
def test_what_has_one_meaning_is_written_as_it_is_meant_and_listed(data: bytes, what: str) -> None:
    """Nobody has to be asked; the group stays, since the new file is split by it."""
    lines, report = repair(data)
    assert [orjson.loads(line) for line in lines] == MESSAGES
    assert any(told.startswith(what) for _, told in report.changed), report.changed
    assert not any("group" in told for _, told in report.changed)
    assert not report.errors


def test_a_file_in_the_encoding_of_windows_is_read_as_such() -> None:
    """Most files that are not UTF-8 are."""
    lines, report = repair('{"prompt": "Größe?", "completion": "ä"}\n'.encode("cp1252") * 12)
    assert orjson.loads(lines[0])["messages"][0]["content"] == "Größe?"
    assert report.changed["a.jsonl", "read as Windows-1252"].count == 12


def test_blank_lines_are_left_out_and_listed() -> None:
    """They are no records."""
    lines, report = repair(jsonl(ROWS).replace(b"\n", b"\n\n"))
    assert len(lines) == 12
    assert report.dropped["a.jsonl", "blank line"].count == 12


def test_a_record_that_breaks_a_rule_stays_as_it_stands() -> None:
    """What it should be, only a person knows; leaving it out would be a decision, too."""
    wrong = b'{"prompt": 3, "completion": "b"}'
    lines, report = repair(jsonl(ROWS) + wrong + b"\n{nonsense\n")
    assert lines[12:] == [wrong, b"{nonsense"]
    assert report.errors == 2


def test_a_repeated_record_stays() -> None:
    """It may be meant to weigh more: the gate warns of it."""
    assert len(repair(jsonl([*ROWS, ROWS[0]]))[0]) == 13


@pytest.mark.parametrize(
    "line", [b"{'a': __import__('os')}", b"{'a': open('x')}", b"{'a': 1j}", b"{'a': b'x'}", b"{'a'"]
)
def test_nothing_is_run_and_what_json_does_not_have_stays(line: bytes) -> None:
    """A literal is read; a call in it is not."""
    changes: Mended = {}
    assert mended(io.BufferedReader(io.BytesIO(line)), changes).read() == line
    assert changes == {}


@given(
    st.binary(max_size=200)
    | st.binary(max_size=100).map(lambda rest: b"{'" + rest)
    | st.text().map(repr).map(str.encode)
)
def test_any_bytes_can_be_repaired_or_stay(data: bytes) -> None:
    """Whatever is in a file, nobody sees a stack trace."""
    changes: Mended = {}
    made = mended(io.BufferedReader(io.BytesIO(data)), changes).read()
    assert changes or made == data


def test_a_long_list_in_pythons_notation_stays() -> None:
    """A literal takes many times the memory of its text."""
    data = b"[{'a': '" + b"x" * (17 << 20) + b"'}]"
    assert mended(io.BufferedReader(io.BytesIO(data)), {}).read() == data
