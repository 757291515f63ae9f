"""CSV files (RFC 4180, and what spreadsheets make of it) as blocks of JSON lines: one reader serves all formats.

Columns are separated by commas, semicolons, tabs or bars. Texts are UTF-8, or Windows-1252 as Excel writes it. Empty
cells of optional columns are left out; white space around column names is ignored, all else is kept.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from lambdas.domain.dataset.formats.mapping import ColumnMapping
from lambdas.domain.dataset.reading.blocks import MAX_LINE_BYTES, Block, in_blocks
from lambdas.domain.dataset.reading.table import RecordTable, column_names, layout_of
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError
from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK
from lambdas.domain.dataset.report import DatasetReport, LineRanges

_DELIMITERS = ",;\t|"
_SPOKEN = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# The line that Excel reads the delimiter from.
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_WINDOWS = "cp1252"
# As the csv module says of a file that ends within a quoted text.
_OPEN_QUOTE = "unexpected end of data"
_CLOSE_QUOTES = "Close the quote that the row opens, and double each quote within a quoted text, as a CSV library does."
_MOST_COLUMN_NAME = 64


class Dialect(NamedTuple):
    """How a file separates its columns, and how many lines stand before its header."""

    delimiter: str
    lines_before: int = 0


def csv_dialect(head: bytes, mapping: ColumnMapping | None = None) -> Dialect | None:
    """The dialect of a file that begins like this, if its columns are known, or all that the mapping names."""
    lines = _first_lines(head)
    if sep := _SEP_LINE.fullmatch(lines[0]):
        return Dialect(sep[1], lines_before=1)
    for delimiter in _DELIMITERS:
        header = _cells(lines[0], delimiter)
        if mapping is not None and len(header) > 1 and not mapping.missing(column_names(header)):
            return Dialect(delimiter)
        if layout_of(header):
            return Dialect(delimiter)
    return None


def foreign_dialect(head: bytes) -> Dialect | None:
    """The dialect of what looks like a table with columns of another kind: two rows of equally many, short names."""
    first, _ = _first_lines(head)
    if first.lstrip().startswith(("{", "[", '"{')) or "\0" in first:
        return None
    for delimiter in _DELIMITERS:
        names = [each.strip() for each in _cells(first, delimiter)]
        if (
            len(names) > 1
            and len(set(names)) == len(names) == _width_of_second_row(head, delimiter)
            and all(0 < len(each) <= _MOST_COLUMN_NAME for each in names)
        ):
            return Dialect(delimiter)
    return None


def _first_lines(head: bytes) -> tuple[str, str]:
    first, _, rest = head.removeprefix(BYTE_ORDER_MARK).partition(b"\n")
    return first.decode("utf-8", "replace"), rest.partition(b"\n")[0].decode("utf-8", "replace")


def _width_of_second_row(head: bytes, delimiter: str) -> int:
    """How many columns the row under the header has, whose texts may have several lines."""
    text = io.StringIO(head.decode("utf-8", "replace"), newline="")
    try:
        return len([row for row, _ in zip(csv.reader(text, delimiter=delimiter), range(2), strict=False)][-1])
    except csv.Error:
        return 0


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


class CsvRows:
    """The rows of a file's blocks, each numbered by its last line. What is wrong with one goes into the report.

    Raises UnreadableFileError after a fault that leaves the reader without orientation, such as a quote that is never
    closed.
    """

    def __init__(
        self,
        blocks: Iterable[Block],
        dialect: Dialect,
        file: str,
        report: DatasetReport,
        mapping: ColumnMapping | None = None,
    ) -> None:
        self._blocks, self._dialect, self._file, self._report = blocks, dialect, file, report
        self._mapping = mapping
        self.rows_refused = 0
        self._row_bytes = 0
        self._last_text = ""
        # Known once a character beyond ASCII has shown it.
        self._encoding: str | None = None
        self._badly_encoded: set[int] = set()
        self._windows: set[int] = set()

    def __iter__(self) -> Iterator[Block]:
        """Blocks of the sound rows as JSON lines."""
        return in_blocks((number, orjson.dumps(row) + b"\n") for number, row in self._rows())

    def _rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        csv.field_size_limit(MAX_LINE_BYTES)
        reader = csv.reader(self._text_lines(), delimiter=self._dialect.delimiter, strict=True)
        last = 0
        try:
            for _ in range(self._dialect.lines_before):
                next(reader, [])
            table = RecordTable(next(reader, []), self._file, self._report, reader.line_num, self._mapping)
            last = reader.line_num
            for cells in reader:
                number, first, last = reader.line_num, last + 1, reader.line_num
                self._row_bytes = 0
                if row := self._row(table, cells, first, number):
                    yield number, row
        except csv.Error as error:
            reason = "a quote is never closed" if str(error) == _OPEN_QUOTE else str(error)
            message = f"Not CSV: {reason}. The rows from line {last + 1} on were not read."
            raise UnreadableFileError("csv-syntax", message, last + 1, remedy=_CLOSE_QUOTES) from None

    def _row(self, table: RecordTable, cells: list[str], first: int, last: int) -> dict[str, str] | None:
        lines = range(first, last + 1)
        if any(cells):
            self._report.add_row(self._file, last)
        if not self._badly_encoded.isdisjoint(lines):
            self._badly_encoded.clear()
            self._refuse("encoding", f"The row is not {self._encoding}, as rows before it are.", last)
            return None
        record = table.record(cells)
        if record is None:
            self._report.add("blank-line", self._file, "The line is blank and is skipped.", line=last)
            self._report.dropped.setdefault((self._file, "blank line"), LineRanges()).add(last)
            return None
        if isinstance(record, str):
            self._check_delimiter(table, last)
            self._refuse("csv-syntax", record, last)
            return None
        table.note_left_out(last)
        if not self._windows.isdisjoint(lines):
            self._windows.clear()
            self._report.changed.setdefault((self._file, "read as Windows-1252"), LineRanges()).add(last)
        return record

    def _check_delimiter(self, table: RecordTable, line: int) -> None:
        """Stops at a row that has the header's columns by another delimiter: so have those behind it."""
        for other in _DELIMITERS.replace(self._dialect.delimiter, ""):
            if table.columns > 1 and len(_cells(self._last_text, other)) == table.columns:
                message = (
                    f"From here on the columns are separated by {_SPOKEN[other]}, before by "
                    f"{_SPOKEN.get(self._dialect.delimiter, self._dialect.delimiter)}. These rows were not read."
                )
                remedy = "Write all rows with one delimiter: two files may have been joined."
                raise UnreadableFileError("csv-syntax", message, line, remedy=remedy)

    def _text_lines(self) -> Iterator[str]:
        for block in self._blocks:
            if block.too_long:
                raise csv.Error(f"a line has more than {MAX_LINE_BYTES} bytes")
            for number, line in zip(block.numbers, block.lines, strict=True):
                self._row_bytes += len(line)
                if self._row_bytes > MAX_LINE_BYTES:
                    raise csv.Error(f"a row has more than {MAX_LINE_BYTES} bytes; a quote may never be closed")
                if number == 1 and line.startswith(BYTE_ORDER_MARK):
                    self._report.changed[self._file, "byte order mark removed"] = LineRanges(1, [[1, 1]])
                    line = line.removeprefix(BYTE_ORDER_MARK)  # noqa: PLW2901 - the line without it
                self._last_text = self._decoded(line, number)
                yield self._last_text

    def _decoded(self, line: bytes, number: int) -> str:
        """The line's text: the first characters beyond ASCII decide for the file which encoding it has."""
        if line.isascii():
            return line.decode("ascii")
        for encoding in (self._encoding,) if self._encoding else ("UTF-8", _WINDOWS):
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                continue
            self._encoding = encoding
            if encoding == _WINDOWS:
                self._windows.add(number)
            return text
        self._badly_encoded.add(number)
        return line.decode("utf-8", "replace")

    def _refuse(self, rule: str, message: str, line: int) -> None:
        self.rows_refused += 1
        self._report.add(rule, self._file, message, line=line)
