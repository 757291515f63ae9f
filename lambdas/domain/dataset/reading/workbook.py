"""A sheet of an Excel workbook (.xlsx) as blocks of JSON lines: its rows are records, as those of a CSV file are.

A workbook is a ZIP archive of XML, which is read from its end: the packed file is held, the sheet is streamed.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO, Final

import orjson

from lambdas.domain.core.outside_text import name, sentence
from lambdas.domain.dataset.formats.mapping import ColumnMapping
from lambdas.domain.dataset.reading.blocks import Block, in_blocks
from lambdas.domain.dataset.reading.foreign import explain_foreign
from lambdas.domain.dataset.reading.gunzip import FREE_BYTES, MAX_RATIO
from lambdas.domain.dataset.reading.sheets import Rows, visible_sheets
from lambdas.domain.dataset.reading.table import RecordTable
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError
from lambdas.domain.dataset.record_facts import MAX_RECORDS
from lambdas.domain.dataset.report import DatasetReport, LineRanges

MAGIC: Final = b"PK\x03\x04"
# 25,000 records of 10,000 characters are some 80 MB packed; whoever has more has an export that is no workbook.
MAX_PACKED_BYTES = 96 << 20
_MAX_BYTES = 256 << 20
# All different texts of a workbook stand in one table, which is held: 25,000 records of 8 cells, and some markup.
_MAX_TEXTS_BYTES, _MAX_TEXTS_TAGS = 128 << 20, 2_000_000
_MAX_MEMBERS = 2_000
# What follows is not read: rows of a sheet take their time.
_MOST_RECORDS = MAX_RECORDS
_WORKBOOK, _TEXTS, _MEMBER = "xl/workbook.xml", "xl/sharedStrings.xml", b"PK\x01\x02"
# Names of files that any Office document has, one of them at its beginning.
_OFFICE = (b"[Content_Types].xml", b"docProps/", b"xl/")
_CHUNK_BYTES = 1 << 20
_SHEETS_SHOWN = 6
_AS_CSV = "Save the sheet with the records as CSV (UTF-8), and upload that."


class SheetRows:
    """The rows of the only sheet that has any, each with its number in the sheet.

    Raises UnreadableFileError for what is no workbook, is broken or too large, or has several such sheets.
    """

    def __init__(
        self, stream: BinaryIO, head: bytes, file: str, report: DatasetReport, mapping: ColumnMapping | None
    ) -> None:
        self._stream, self._head, self._file, self._report, self._mapping = stream, head, file, report, mapping
        self.rows_refused = self._blank = 0

    def __iter__(self) -> Iterator[Block]:
        """Blocks of the sound rows as JSON lines."""
        return in_blocks((number, orjson.dumps(row) + b"\n") for number, row in self._records())

    def _records(self) -> Iterator[tuple[int, dict[str, str]]]:
        rows = self._rows()
        number, header = next(rows, (1, ()))
        table = RecordTable(header, self._file, self._report, number, self._mapping)
        for count, (number, cells) in enumerate(rows, start=1):
            if count > _MOST_RECORDS:
                message = f"The sheet has more than {_MOST_RECORDS} records, the most that a set can have."
                raise UnreadableFileError("too-many-records", message, number)
            self._note_blank(range(number - self._blank, number))
            self._report.add_row(self._file, number)
            record = table.record([*cells, *[""] * (table.columns - len(cells))])
            if isinstance(record, str):
                self.rows_refused += 1
                self._report.add("csv-syntax", self._file, record, line=number)
            elif record is not None:
                table.note_left_out(number)
                yield number, record

    def _note_blank(self, numbers: range) -> None:
        """Lists rows without a text between others; those behind the last one are only formatted."""
        for number in numbers:
            self._report.add("blank-line", self._file, "The row is blank and is skipped.", line=number)
            self._report.dropped.setdefault((self._file, "blank line"), LineRanges()).add(number)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows that have a text; `_blank` is how many stand before each that have none."""
        data = self._whole()
        try:
            last = 0
            for number, row in _only_sheet(data):
                cells = [_text(value) for value in row]
                if any(cells):
                    self._blank, last = number - last - 1, number
                    yield number, cells
        except UnreadableFileError:
            raise
        except Exception as error:
            # The library raises whatever the XML makes it stumble over: KeyError, ValueError, BadZipFile and more.
            message = f"The Excel workbook cannot be read: {sentence(str(error)) or type(error).__name__}"
            raise UnreadableFileError("file-format", message, remedy=_AS_CSV) from None

    def _whole(self) -> bytes:
        data = self._stream.read(MAX_PACKED_BYTES + 1)
        if len(data) > MAX_PACKED_BYTES:
            message = f"The file is a ZIP archive or workbook of more than {MAX_PACKED_BYTES} bytes."
            raise UnreadableFileError("file-size", message, remedy="Save the records as JSON Lines or CSV.")
        if data.count(_MEMBER) > _MAX_MEMBERS:
            raise UnreadableFileError("file-format", f"The archive has more than {_MAX_MEMBERS} files.", remedy=_AS_CSV)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                sizes = {each.filename: each.file_size for each in archive.infolist()}
                tags = _tags(archive) if sizes.get(_TEXTS, 0) <= _MAX_TEXTS_BYTES else _MAX_TEXTS_TAGS + 1
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error):
            sizes, tags = {}, 0
            if any(file in self._head for file in _OFFICE):
                message = "The file is an Excel workbook that is damaged, or ends in the middle."
                raise UnreadableFileError("file-format", message, remedy=f"Save it again. {_AS_CSV}") from None
        if _WORKBOOK not in sizes:
            message, remedy = explain_foreign(self._head, self._file) or ("The file is a ZIP archive.", _AS_CSV)
            raise UnreadableFileError("file-format", message, remedy=remedy)
        total = sum(sizes.values())
        # What is unpacked ends where it says, or the checksum is wrong.
        if total > _MAX_BYTES or total > max(FREE_BYTES, MAX_RATIO * len(data)) or tags > _MAX_TEXTS_TAGS:
            message = f"The Excel workbook unpacks to {total} bytes, or to more cells than can be read."
            raise UnreadableFileError("file-size", message, remedy=_AS_CSV)
        return data


def _tags(archive: zipfile.ZipFile) -> int:
    """How many tags the table of texts has: each text costs memory, however short it is."""
    if _TEXTS not in archive.namelist():
        return 0
    with archive.open(_TEXTS) as file:
        return sum(chunk.count(b"<") for chunk in iter(lambda: file.read(_CHUNK_BYTES), b""))


def _only_sheet(data: bytes) -> Rows:
    """The rows of the visible sheet that has any text."""
    filled = [sheet for sheet in visible_sheets(data) if any(any(row) for _, row in sheet.rows())]
    if len(filled) > 1:
        titles = ", ".join(name(sheet.title) for sheet in filled[:_SHEETS_SHOWN])
        more = f" and {len(filled) - _SHEETS_SHOWN} more" if len(filled) > _SHEETS_SHOWN else ""
        message = f"The Excel workbook has {len(filled)} sheets with cells: {titles}{more}."
        remedy = "Keep the sheet with the records and delete the others, or save it as CSV."
        raise UnreadableFileError("file-format", message, remedy=remedy)
    return filled[0].rows() if filled else iter(())


def _text(value: Any) -> str:
    """A cell as it is read in a CSV file."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
