"""What a file is, by its first bytes, and its records as blocks of JSON lines: one reader serves all kinds."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO, Literal

from lambdas.domain.dataset.formats.mapping import ColumnMapping
from lambdas.domain.dataset.reading.blocks import Block, read_blocks
from lambdas.domain.dataset.reading.csv_rows import CsvRows, csv_dialect, foreign_dialect
from lambdas.domain.dataset.reading.foreign import explain_foreign, is_prose, is_python
from lambdas.domain.dataset.reading.gunzip import MAGIC, Gunzipped
from lambdas.domain.dataset.reading.json_values import JsonLayout, JsonValues, json_layout
from lambdas.domain.dataset.reading.key_case import InOwnCase
from lambdas.domain.dataset.reading.mapped_values import MappedValues
from lambdas.domain.dataset.reading.nested import nested_kind
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError
from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK, Utf8, wide_encoding
from lambdas.domain.dataset.reading.workbook import MAGIC as ZIP_MAGIC
from lambdas.domain.dataset.reading.workbook import SheetRows
from lambdas.domain.dataset.report import DatasetReport, LineRanges

Container = Literal["JSONL", "CSV", "Excel sheet"] | JsonLayout

# Enough for the header of any table, and for the first record of most files.
HEAD_BYTES = 64 * 1024
_AS_RECORDS = (
    'Write each prompt with its answer on one line, such as {"prompt": …, "completion": …}, or both as columns of a '
    "CSV file with a header."
)
_BUFFER_BYTES = 1 << 18


_LISTS = (b"messages", b"conversations", b"conversation")


@dataclass
class OpenedFile:
    """A file's records; `packing` is what the container was in, from the inside out, such as UTF-16 and gzip."""

    container: Container
    blocks: Iterable[Block]
    packing: list[str] = field(default_factory=list)
    rows: CsvRows | SheetRows | None = None
    mapped: MappedValues | InOwnCase | None = None

    @property
    def kind(self) -> str:
        """As a person reads it: `CSV in UTF-16 in gzip`."""
        return " in ".join([self.container, *self.packing])

    @property
    def rows_refused(self) -> int:
        """How many rows and values became no records, of those that were read."""
        return (self.rows.rows_refused if self.rows else 0) + (self.mapped.refused if self.mapped else 0)


def open_file(
    stream: "io.BufferedReader[Any]",
    file: str,
    report: DatasetReport,
    max_bytes: int,
    mapping: ColumnMapping | None = None,
) -> OpenedFile:
    """The file's records, at most `max_bytes` unpacked; with a mapping, those that it makes of the file's columns.

    Raises UnreadableFileError, as its blocks do, for a file that is of no kind that is read here.
    """
    packing = list[str]()
    head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
    if head.startswith(MAGIC):
        stream = io.BufferedReader(Gunzipped(stream, max_bytes), _BUFFER_BYTES)
        packing.insert(0, "gzip")
        head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
        if head.startswith(MAGIC):
            remedy = "Unpack it once, and upload what is in it."
            raise UnreadableFileError("file-format", "The gzip file holds another gzip file.", remedy=remedy)
    if encoding := wide_encoding(head):
        stream = io.BufferedReader(Utf8(stream, encoding), _BUFFER_BYTES)
        packing.insert(0, encoding[:6].upper())
        head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
    opened = _open(stream, head, file, report, mapping)
    opened.packing = packing
    if mapping is not None:
        opened.blocks = opened.mapped = MappedValues(opened.blocks, mapping, file, report)
    elif opened.rows is None:
        opened.blocks = opened.mapped = InOwnCase(opened.blocks, file, report)
    return opened


def _open(stream: BinaryIO, head: bytes, file: str, report: DatasetReport, mapping: ColumnMapping | None) -> OpenedFile:
    if head.startswith(ZIP_MAGIC):
        sheet = SheetRows(stream, head, file, report, mapping)
        return OpenedFile("Excel sheet", sheet, rows=sheet)
    if nested := nested_kind(head):
        raise UnreadableFileError("record-type", nested.message, remedy=nested.remedy)
    # A list of such has the brackets of a JSON array.
    layout = None if is_python(head) else json_layout(head)
    if layout is not None:
        if head.startswith(BYTE_ORDER_MARK):
            report.changed[file, "byte order mark removed"] = LineRanges(1, [[1, 1]])
        return OpenedFile(layout, JsonValues(stream, layout, partial(report.add_row, file)))
    dialect = csv_dialect(head, mapping)
    if dialect is None:
        if foreign := explain_foreign(head, file):
            message, remedy = foreign
            raise UnreadableFileError("file-format", message, remedy=remedy)
        dialect = foreign_dialect(head)
    if dialect is None:
        if column := _single_column(head):
            message = f"The file is a table with the single column {column}, whose cells hold JSON."
            remedy = f'Write each row as a line of JSON with its list, such as {{"{column}": […]}}, and not as CSV.'
            raise UnreadableFileError("columns", message, remedy=remedy)
        if is_prose(head):
            message = "The file is plain text: its first lines are no JSON, and no table with a header."
            raise UnreadableFileError("file-format", message, remedy=_AS_RECORDS)
        return OpenedFile("JSONL", read_blocks(stream))
    rows = CsvRows(read_blocks(stream), dialect, file, report, mapping)
    return OpenedFile("CSV", rows, rows=rows)


def _single_column(head: bytes) -> str | None:
    """The name of a table's only column where it is that of a format's list."""
    header = head.removeprefix(BYTE_ORDER_MARK).partition(b"\n")[0].strip().strip(b'"').lower()
    return header.decode() if header in _LISTS else None
