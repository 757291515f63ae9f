"""Files as people have them, whatever they are in: the same records, told as what they came in, in constant memory."""

import csv
import gzip
import io
import json
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.reading import json_values
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport, listed
from lambdas.domain.models.catalogue import base_model

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
PAIRS = [("Hi?", "Yes."), ("Größe, “x”; y|z\t{[", "1\n2"), ('a "b" \\ \u2028 😀', "c,d;e")]
VALUES = [{"prompt": prompt, "completion": completion} for prompt, completion in PAIRS]
JSONL = b"".join(orjson.dumps(value) + b"\n" for value in VALUES)

Rows = list[tuple[str, str]]


def read(data: bytes, **options: Any) -> tuple[RecordSet, DatasetReport]:
    report = DatasetReport()
    return check_set(io.BytesIO(data), "train.jsonl", HAIKU, report, **options), report


def converted(data: bytes) -> list[Any]:
    result, report = read(data)
    assert report.findings == []
    return [orjson.loads(line) for line in convert(io.BytesIO(data), result, HAIKU, Conversion())]


def as_csv(rows: Rows, delimiter: str = ",", header: tuple[str, ...] = ("prompt", "completion")) -> str:
    table = io.StringIO(newline="")
    csv.writer(table, delimiter=delimiter, lineterminator="\r\n").writerows([header, *rows])
    return table.getvalue()


def pretty(values: list[Any]) -> bytes:
    return b"\n".join(json.dumps(value, indent=2).encode() for value in values)


CONTAINERS: dict[str, bytes] = {
    "JSON array": orjson.dumps(VALUES),
    "JSON array pretty": json.dumps(VALUES, indent=2, ensure_ascii=False).encode(),
    "JSON array of one record a line": b"\xef\xbb\xbf[\n" + b",\n".join(JSONL.splitlines()) + b"\n]\n",
    "JSON objects pretty": pretty(VALUES) + b"\n",
    "JSON objects with blank lines": b"\n\n" + pretty(VALUES).replace(b"}\n{", b"}\n\n{"),
    "JSON objects on one line": JSONL.replace(b"\n", b" "),
    "JSONL in gzip": gzip.compress(JSONL),
    "JSONL in gzip of several members": gzip.compress(JSONL[:40]) + gzip.compress(JSONL[40:]) + b"\0" * 100,
    "JSON array in gzip": gzip.compress(orjson.dumps(VALUES)),
    "JSONL in UTF-16": JSONL.decode().encode("utf-16"),
    "JSONL in UTF-16 without a mark": JSONL.decode().encode("utf-16-le"),
    "JSONL in UTF-16 of the other order": b"\xfe\xff" + JSONL.decode().encode("utf-16-be"),
    "JSONL in UTF-16 of the other order without a mark": JSONL.decode().encode("utf-16-be"),
    "CSV": as_csv(PAIRS).encode(),
    "CSV with semicolons": as_csv(PAIRS, ";").encode(),
    "CSV with tabs": as_csv(PAIRS, "\t").encode(),
    "CSV with bars": as_csv(PAIRS, "|").encode(),
    "CSV with a sep line": b"sep=;\r\n" + as_csv(PAIRS, ";").encode(),
    "CSV in UTF-16": as_csv(PAIRS, "\t").encode("utf-16"),
    "CSV in UTF-16 in gzip": gzip.compress(as_csv(PAIRS, ";").encode("utf-16")),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_does_not_change_the_records(name: str) -> None:
    """What is trained on is what the user gave, whatever it came in; the report says what that was."""
    data = CONTAINERS[name]
    assert converted(data) == converted(JSONL)
    result, _ = read(data)
    assert name.startswith(result.kind)
    assert result.format_name.startswith(result.kind if result.kind != "JSONL" else "prompt/completion")


@pytest.mark.parametrize("name", [name for name in CONTAINERS if not name.startswith("CSV")])
def test_own_format_in_another_container_is_told_as_changed(name: str) -> None:
    """A line that is not copied as it stood is listed, also where its record needs no conversion."""
    value = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    array = json.dumps([value, value], indent=2).encode()
    result, report = read(array)
    lines = [*convert(io.BytesIO(array), result, HAIKU, Conversion())]
    assert [orjson.loads(line) for line in lines] == [value, value]
    assert all(b"\n" not in line for line in lines)
    assert [(each.what, each.count) for each in listed(report.changed)] == [
        ("converted from JSON array to messages", 2)
    ]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda text: text.strip())
RECORDS = st.lists(st.fixed_dictionaries({"prompt": TEXT, "completion": TEXT}), min_size=1, max_size=5)


@given(RECORDS, st.sampled_from([None, 1, 4]), st.booleans(), st.integers(1, 40))
def test_json_in_any_layout_gives_the_records_of_json_lines(
    values: list[Any], indent: int | None, is_array: bool, chunk: int
) -> None:
    """Wherever a chunk ends: within a string, behind a backslash, between two records."""
    data = (
        json.dumps(values, indent=indent).encode()
        if is_array
        else b" ".join(json.dumps(value, indent=indent).encode() for value in values)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_values, "_CHUNK_BYTES", chunk)
        layout = json_values.json_layout(data)
        if layout is None:
            assert not is_array and len(values) == 1
            return
        blocks = [*json_values.JsonValues(io.BytesIO(data), layout)]
    assert [orjson.loads(line) for block in blocks for line in block.lines] == values
    numbers = [number for block in blocks for number in block.numbers]
    assert numbers == sorted(set(numbers))


def test_record_of_a_pretty_file_is_named_by_the_line_it_begins_on() -> None:
    """A person opens the file at that line; on a single line it is the place in the array."""
    values = [{"prompt": "a", "completion": "b"}, {"prompt": "c"}]
    _, report = read(json.dumps(values, indent=1).encode())
    assert [(found.rule, found.line) for found in report.findings] == [("missing-key", 6)]
    _, report = read(orjson.dumps(values))
    assert [(found.rule, found.line) for found in report.findings] == [("missing-key", 2)]


def test_key_that_stands_twice_is_found_in_an_array_too() -> None:
    """A parser would hide it: records are cut out as they were written."""
    _, report = read(b'[{"prompt": "a", "completion": "b"}, {"prompt": "a", "prompt": "c", "completion": "b"}]')
    assert [(found.rule, found.line) for found in report.findings] == [("duplicate-key", 2)]


@pytest.mark.parametrize("header", [
    ("Question", "Answer"), ("INPUT", "Output"), ("instruction", "response"), (" Prompt ", "Completion"),
    ("instruction", "output"), ("query", "response"),
])  # fmt: skip
def test_any_common_pair_of_columns_is_read(header: tuple[str, str]) -> None:
    """People name them in many ways, and in any case."""
    assert converted(as_csv(PAIRS, header=header).encode()) == converted(JSONL)


@pytest.mark.parametrize("header", [
    ("question", "context", "answer"), ("instruction", "Context", "output"), ("instruction", "input", "response"),
])  # fmt: skip
def test_document_of_a_table_has_the_names_that_it_has_in_json(header: tuple[str, str, str]) -> None:
    """A question without what it is asked about teaches a model to make answers up."""
    table = converted(f"{','.join(header)}\nCash?,Cash: 7,7\n".encode())
    assert table == converted(orjson.dumps(dict(zip(map(str.lower, header), ("Cash?", "Cash: 7", "7"), strict=True))))
    assert "Cash: 7" in table[0]["messages"][0]["content"]


def test_columns_that_are_not_read_are_left_out_and_told() -> None:
    """An id or a date costs nobody an export; nothing is left out in silence."""
    data = b"id,Prompt,completion,date,,\n1,a,b,c,,\n2,d,e,f,,\n,,,,,\n"
    result, report = read(data)
    assert not report.errors
    assert [(each.what, each.count) for each in listed(report.changed)] == [
        ("columns left out: id, date", 2),
        ("converted from prompt/completion to messages", 2),
    ]
    assert [(each.what, each.lines) for each in listed(report.dropped)] == [("blank line", [[4, 4]])]
    assert result.records_read == 2


def test_csv_of_excel_is_read_as_windows_1252_and_told() -> None:
    """Excel saves like this in most of Europe."""
    data = "prompt;completion\r\nplain;text\r\nGröße?;5 €\r\n".encode("cp1252")
    assert [turn["content"] for turn in converted(data)[1]["messages"]] == ["Größe?", "5 €"]
    _, report = read(data)
    assert ("read as Windows-1252", [[3, 3]]) in [(each.what, each.lines) for each in listed(report.changed)]


def test_row_in_another_encoding_than_those_before_is_refused() -> None:
    """A guess for each row would make mojibake of one of them."""
    data = "prompt,completion\nGröße?,5\n".encode() + "Größe?,6\n".encode("cp1252")
    _, report = read(data)
    assert [(found.rule, found.line) for found in report.findings] == [("encoding", 3)]


class Endless(io.RawIOBase):
    """A beginning, and then the same piece again and again, so many bytes in all."""

    def __init__(self, begin: bytes, piece: bytes, size: int) -> None:
        self._begin, self._period, self._left = begin, len(piece), size
        self._pieces = piece * (1 + (1 << 20) // len(piece))
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        begin = self._begin
        data = begin or self._pieces[self._at :]
        data = data[: min(len(view), self._left)]
        self._left -= len(data)
        if begin:
            self._begin = begin[len(data) :]
        else:
            self._at = (self._at + len(data)) % self._period
        view[: len(data)] = data
        return len(data)


SOUND = b'{"prompt": "a", "completion": "b"}'
LONG_CSV = "prompt;completion\n" + "a;b\n" * 40
BAD: dict[str, tuple[bytes, str, str]] = {
    "half a gzip": (gzip.compress(JSONL * 50)[:-20], "file-format", "ends in the middle"),
    "damaged gzip": (gzip.compress(JSONL)[:-6] + b"\0" * 6, "file-format", "damaged"),
    "gzip in gzip": (gzip.compress(gzip.compress(JSONL)), "file-format", "another gzip"),
    "array that never ends": (b"[" + b",".join([SOUND] * 50), "json-syntax", "never ends"),
    "array that breaks off in a record": (b"[" + b",".join([SOUND] * 50) + SOUND[:20], "json-syntax", "never ends"),
    "array with a comma at its end": (b"[" + SOUND + b",]", "json-syntax", "no record behind it"),
    "array and more": (b"[" + SOUND + b"]\n" + SOUND, "json-syntax", "goes on"),
    "pretty objects that break off": (pretty(VALUES)[:-3], "json-syntax", "breaks off"),
    "pretty objects with commas": (pretty(VALUES).replace(b"}\n{", b"},\n{"), "json-syntax", "between two records"),
    "delimiter that changes": ((LONG_CSV + "a,b\n" * 40).encode(), "csv-syntax", "commas, before by semicolons"),
    "quote that is never closed": (b'prompt,completion\na,"b\n' + b"a,b\n" * 40, "csv-syntax", "is never closed"),
    "foreign columns": (b"subject,body\na,b\nc,d\n", "columns", "subject, body"),
    "column that stands twice": (b"prompt,completion,Prompt\na,b,c\n" * 9, "duplicate-key", "both read as prompt"),
    "UTF-16 that is cut": (JSONL.decode().encode("utf-16")[:-1], "encoding", "Not UTF-16"),
    "Parquet": (b"PAR1\x15\x04" + b"\0" * 50, "file-format", "read_parquet('train.jsonl')"),
    "ZIP archive": (b"PK\x03\x04" + b"\0" * 50, "file-format", "unzip train.jsonl"),
    "PDF": (b"%PDF-1.7\n" + b"x\n" * 9, "file-format", "PDF"),
    "HTML": (b"<!DOCTYPE html>\n<html>\n" * 9, "file-format", "HTML"),
    "zip bomb": (gzip.compress(b"a" * (64 << 20)), "file-size", "more than 200 times"),
}  # fmt: skip


def test_no_temporary_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's disk is small, and the next run has the same one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for data, *_ in BAD.values():
        read(data)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("rules", ["all", "structure"])
def test_broken_file_is_one_finding(name: str, rules: str) -> None:
    """One mistake is one finding that says what happened and what to do, and nothing else about the file."""
    data, rule, words = BAD[name]
    _, report = read(data, rules=rules)
    errors = [found for found in report.findings if found.severity == "error"]
    assert [found.rule for found in errors] == [rule]
    assert words in f"{errors[0].message} {errors[0].remedy}"
    assert report.counts[rule] == 1


@pytest.mark.parametrize("rule", ["too-few-records", "no-records", "label-imbalance"])
def test_set_rules_are_silent_about_a_file_that_was_not_read_to_its_end(rule: str) -> None:
    """How many records it would have had is not known."""
    result, report = read(gzip.compress(JSONL * 9)[:-20])
    assert not result.is_whole
    assert rule not in report.counts
    assert result.checksum is None


def test_records_before_the_break_are_counted() -> None:
    """A refusal says how many records it speaks of."""
    result, report = read(b"[" + b",".join([SOUND] * 5000))
    assert result.records_read == report.records_read == 4999


def test_gzip_is_bounded_by_what_it_unpacks_to() -> None:
    """The size limits are those of the data, not of the parcel."""
    _, report = read(gzip.compress(JSONL * 1000), max_bytes=50_000)
    assert [found.rule for found in report.findings if found.severity == "error"] == ["file-size"]


ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "a line of JSON": (b'{"prompt": "', b"a"),
    "a string in an array": (b'[{"prompt": "', b"a"),
    "an array of arrays": (b'[{"prompt": ', b"["),
    "white space in an array": (b"[" + SOUND, b" "),
    "white space before an array": (b"", b" "),
    "a row of a table": (b"prompt,completion\n", b"a"),
    "a quoted cell": (b'prompt,completion\n"', b"a" * 999 + b"\n"),
    "a header": (b"prompt,completion,", b"a"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_four_gigabytes_of_one_thing_are_one_finding_in_little_memory(name: str, peak_bytes: Callable[[], int]) -> None:
    """Nobody writes such a file by intent; whoever does must not end the function."""
    begin, piece = ENDLESS[name]
    # As long as the test should take; what is held does not grow with it.
    stream = Endless(begin, piece, 128 << 20)
    report = DatasetReport()
    check_set(io.BufferedReader(stream), "train.jsonl", HAIKU, report)
    assert sum(report.counts.values()) == 1
    assert peak_bytes() < 64 << 20


def test_array_of_many_records_needs_no_more_memory_than_its_chunks(peak_bytes: Callable[[], int]) -> None:
    """A gigabyte is streamed."""
    record = orjson.dumps({"prompt": "a" * 90_000, "completion": "b"}) + b","
    stream = Endless(b"[" + record, record, 32 << 20)
    report = DatasetReport()
    check_set(io.BufferedReader(stream), "train.jsonl", HAIKU, report, rules="structure")
    assert peak_bytes() < 12 << 20


@pytest.fixture
def peak_bytes() -> Iterator[Callable[[], int]]:
    """The most memory that Python has held since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_file_that_became_unreadable_since_its_check_is_not_used() -> None:
    """The error has the name that a run knows: check again."""
    data = gzip.compress(JSONL * 40)
    result, _ = read(data)
    with pytest.raises(ServiceBusy, match="changed"):
        list(convert(io.BytesIO(data[:-30]), result, HAIKU, Conversion()))


PIECES = st.lists(
    st.sampled_from([b"[", b"]", b"{", b"}", b",", b'"', b"\\", b":", b"\n", b" ", b"a", b"1", b"\xef\xbb\xbf", SOUND])
).map(b"".join)


@given(PIECES | PIECES.map(gzip.compress) | PIECES.map(lambda data: gzip.compress(data)[:-5]))
@example(b"[{}")
@example(b"[{},,{}]")
@example(b"{\n}{\n}]")
def test_any_pieces_of_json_give_a_report(data: bytes) -> None:
    """Whatever is in it: reasons, never a stack trace, and what is accepted can be converted."""
    result, report = read(data)
    if not report.errors:
        assert len([*convert(io.BytesIO(data), result, HAIKU, Conversion())]) == result.records_read


CSV_PIECES = st.lists(
    st.sampled_from([b"a", b",", b";", b"\t", b'"', b"\n", b"\r\n", b"\xe4", "ä".encode(), b"prompt", b"\0", b" "])
).map(b"".join)
HEADERS = st.sampled_from(
    [b"prompt,completion\n", b"sep=;\nQuestion;Answer;\n", b"\xef\xbb\xbfinput\toutput\tid\n", b"x,y\n"]
)


@given(HEADERS, CSV_PIECES, st.sampled_from(["utf-8", "utf-16", "utf-16-be"]))
def test_any_pieces_of_a_table_give_a_report(header: bytes, rest: bytes, encoding: str) -> None:
    """As above, for tables."""
    data = header + rest
    if encoding != "utf-8":
        data = data.decode("utf-8", "replace").encode(encoding)
    result, report = read(data)
    if not report.errors:
        assert len([*convert(io.BytesIO(data), result, HAIKU, Conversion())]) == result.records_read
