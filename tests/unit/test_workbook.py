"""Excel workbooks: a sheet's rows are records; what is no workbook, or is broken, is one finding."""

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.reading import sheets
from lambdas.domain.dataset.reading import workbook as workbooks
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport, listed
from lambdas.domain.models.catalogue import base_model

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
HEADER = ("Prompt", "Completion")
ROWS: list[Sequence[Any]] = [HEADER, ("Größe?\nGenau.", "5 €"), ("=1+", "a, b; c"), ("Year?", 2024), ("Share?", 0.5)]


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], hidden: Sequence[str] = ()) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"):
            cell.data_type = "s"
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def read(data: bytes) -> tuple[RecordSet, DatasetReport]:
    report = DatasetReport()
    return check_set(io.BytesIO(data), "train.xlsx", HAIKU, report), report


def pairs(data: bytes) -> list[tuple[str, str]]:
    result, report = read(data)
    assert report.findings == []
    lines = [orjson.loads(line) for line in convert(io.BytesIO(data), result, HAIKU, Conversion())]
    return [(line["messages"][0]["content"], line["messages"][1]["content"]) for line in lines]


def repacked(data: bytes, change: Mapping[str, bytes | None]) -> bytes:
    """The archive with other contents for some files, or without them."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for each in {**{each.filename: None for each in old.infolist()}, **change}:
            content = change.get(each, old.read(each) if each not in change else None)
            if content is not None:
                new.writestr(each, content)
    return made.getvalue()


def test_rows_of_a_sheet_are_records() -> None:
    """Texts arrive as they are, numbers as Excel shows them, and the report says what was found."""
    data = workbook({"Data": ROWS})
    assert pairs(data) == [("Größe?\nGenau.", "5 €"), ("=1+", "a, b; c"), ("Year?", "2024"), ("Share?", "0.5")]
    assert read(data)[0].format_name == "Excel sheet with prompt, completion"


def test_empty_rows_and_further_columns_are_told() -> None:
    """As in a CSV file; rows behind the last record are formatted, not blank."""
    rows = [(*HEADER, "Date", None), ("a", "b", date(2026, 1, 2)), (), ("c", "d"), (None, ""), ()]
    result, report = read(workbook({"Data": rows, "Empty": [], "Notes": [("Hidden",)]}, hidden=["Notes"]))
    assert not report.errors
    assert result.records_read == 2
    assert [(each.what, each.lines) for each in listed(report.dropped)] == [("blank line", [[3, 3]])]
    assert ("columns left out: Date", 2) in [(each.what, each.count) for each in listed(report.changed)]


def with_table_of_texts(data: bytes, texts: Sequence[str]) -> bytes:
    """As Excel writes it: cells point into one table of all texts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet, types = (archive.read(each).decode() for each in ("xl/worksheets/sheet1.xml", "[Content_Types].xml"))
    for number, text in enumerate(texts):
        sheet = sheet.replace(f't="inlineStr"><is><t>{text}</t></is>', f't="s"><v>{number}</v>')
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    types = types.replace("</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}" /></Types>')
    table = "".join(f"<si><t>{text}</t></si>" for text in texts)
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return repacked(
        data,
        {
            "xl/worksheets/sheet1.xml": sheet.encode(),
            "[Content_Types].xml": types.encode(),
            "xl/sharedStrings.xml": f'<sst xmlns="{space}">{table}</sst>'.encode(),
        },
    )


def test_workbook_with_a_table_of_texts_is_read() -> None:
    """Excel writes one."""
    data = with_table_of_texts(workbook({"Data": [HEADER, ("Hi?", "Yes.")]}), [*HEADER, "Hi?", "Yes."])
    assert pairs(data) == [("Hi?", "Yes.")]


SOUND = workbook({"Data": ROWS})
TABLE = with_table_of_texts(workbook({"Data": [HEADER, ("Hi?", "Yes.")]}), [*HEADER, "Hi?", "Yes."])
ENTITIES = (
    b'<!DOCTYPE a [<!ENTITY b "' + b"c" * 9_000 + b'"><!ENTITY d "' + b"&b;" * 9_000 + b'">]><sst><si><t>'
    + b"&d;" * 9_000 + b"</t></si></sst>"
)  # fmt: skip
SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def with_sheet(rows: str, end: str = "</sheetData></worksheet>") -> bytes:
    """A workbook whose only sheet has these rows, as XML and without dimensions."""
    text = f'<worksheet xmlns="{SPACE}"><sheetData>{rows}{end}'
    return repacked(SOUND, {"xl/worksheets/sheet1.xml": text.encode(), "a.bin": os.urandom(1 << 18)})


def row(*cells: str, attributes: str = "") -> str:
    texts = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f"<row{attributes}>{texts}</row>"


BROKEN = f"{''.join(row(f'How many are {n}?', str(n)) for n in range(2_000))}<c><"
BAD: dict[str, tuple[bytes, str, str]] = {
    "two sheets": (workbook({"Train": ROWS, "Test": ROWS}), "file-format", "2 sheets with cells: Train, Test"),
    "cut in the middle": (SOUND[: len(SOUND) // 2], "file-format", "damaged"),
    "sheet that is no XML": (repacked(SOUND, {"xl/worksheets/sheet1.xml": b"<a><b"}), "file-format", "cannot be read"),
    "sheet that is missing": (repacked(SOUND, {"xl/worksheets/sheet1.xml": None}), "", ""),
    "text that is missing": (repacked(TABLE, {"xl/sharedStrings.xml": None}), "file-format", "cannot be read"),
    "zip bomb": (repacked(SOUND, {"xl/worksheets/sheet1.xml": b" " * (64 << 20)}), "file-size", "unpacks to"),
    "bomb of entities": (repacked(TABLE, {"xl/sharedStrings.xml": ENTITIES}), "file-format", "cannot be read"),
    "bomb of texts": (
        repacked(TABLE, {"xl/sharedStrings.xml": b"<a/>" * 2_000_001, "a.bin": os.urandom(1 << 18)}),
        "file-size",
        "more cells than can be read",
    ),
    "no sheet with cells": (workbook({"Data": []}), "columns", ""),
    "foreign columns": (workbook({"Data": [("a", "b"), ("c", "d")]}), "columns", "a, b"),
    "broken behind foreign columns": (with_sheet(row("a", "b") + BROKEN), "columns", "a, b"),
    "row without an end": (with_sheet(f"<row>{'<c/>' * 300_000}</row>"), "file-size", "a row with more cells"),
    "row far away": (
        with_sheet(row(*HEADER) + row("a", "b", attributes=' r="2000000000"')),
        "file-size",
        "more than 1048576 rows",
    ),
    "many sheets": (
        workbook({f"Sheet {n}": [HEADER] for n in range(8)}),
        "file-format",
        "8 sheets with cells: Sheet 0, Sheet 1, Sheet 2, Sheet 3, Sheet 4, Sheet 5 and 2 more",
    ),
    "document": (repacked(SOUND, {"xl/workbook.xml": None}), "file-format", "Office document"),
}


def test_no_temporary_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's disk is small, and the next run has the same one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for data, *_ in BAD.values():
        read(data)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", BAD)
def test_broken_workbook_is_one_finding(name: str) -> None:
    """One mistake, one finding, no trace; a part that is missing may leave an empty workbook."""
    data, rule, words = BAD[name]
    _, report = read(data)
    errors = [found for found in report.findings if found.severity == "error"]
    assert len(errors) == 1
    assert rule in ("", errors[0].rule)
    assert words in f"{errors[0].message} {errors[0].remedy}"


def test_a_sheet_is_read_no_further_than_a_set_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number decides, and a million rows take minutes."""
    monkeypatch.setattr(workbooks, "_MOST_RECORDS", 1_000)
    _, report = read(with_sheet(row(*HEADER) + BROKEN))
    (found,) = report.findings
    assert (found.rule, found.line) == ("too-many-records", 1_002)
    assert "more than 1000 records" in found.message


def test_cells_that_stand_far_apart_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take no byte of the file, but each its place in memory."""
    monkeypatch.setattr(sheets, "_MOST_CELLS", 100_000)
    _, report = read(with_sheet(row(*HEADER) + '<row><c r="XFD1" t="str"><v>a</v></c></row>' * 10))
    found = [each.message for each in report.findings]
    assert found[-1] == "The Excel workbook has more than 100000 cells."
    assert not any("All 0 records" in message for message in found)


@settings(max_examples=60)
@given(st.integers(0, len(SOUND) - 1), st.binary(max_size=8), st.integers(0, 8))
def test_workbook_with_other_bytes_gives_a_report(place: int, inserted: bytes, cut: int) -> None:
    """The library raises much; none of it reaches a user."""
    data = SOUND[:place] + inserted + SOUND[place + cut :]
    result, report = read(data)
    if not report.errors:
        assert len([*convert(io.BytesIO(data), result, HAIKU, Conversion())]) == result.records_read
