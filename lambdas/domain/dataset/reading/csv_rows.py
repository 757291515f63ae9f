"""CSV files (RFC 4180) as blocks of JSON lines, so that one reader serves all formats.

Columns are `question` and `answer` with an optional `document`, or `prompt` and `completion`, each with optional
`system` and `group`. Empty cells of optional columns are left out; white space around column names is ignored, all
else is kept.
"""

import csv
from collections.abc import Iterable, Iterator

import orjson

from lambdas.domain.dataset.formats import GROUP_KEY
from lambdas.domain.dataset.reading.blocks import BLOCK_BYTES, MAX_LINE_BYTES, Block
from lambdas.domain.dataset.report import DatasetReport, LineRanges

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OPTIONAL = ("document", "system", GROUP_KEY)


def is_csv(first_line: bytes) -> bool:
    """Whether a file's first line is a header of such columns."""
    line = first_line.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "replace")
    names = {name.strip().strip('"').strip().lower() for name in line.split(",")}
    return names >= {"question", "answer"} or names >= {"prompt", "completion"}


class CsvRows:
    """The rows of a file's blocks, each numbered by its last line. What is wrong goes into the report.

    After a fault that leaves the reader without orientation (a quote that is never closed, a row longer than any record
    can be) nothing follows.
    """

    def __init__(self, blocks: Iterable[Block], file: str, report: DatasetReport) -> None:
        self._blocks, self._file, self._report = blocks, file, report
        self.rows_refused = 0
        self._row_bytes = 0
        self._not_utf8: set[int] = set()

    def __iter__(self) -> Iterator[Block]:
        """Blocks of the sound rows as JSON lines."""
        lines, numbers, size_bytes = list[bytes](), list[int](), 0
        for number, row in self._rows():
            line = orjson.dumps(row) + b"\n"
            lines.append(line)
            numbers.append(number)
            size_bytes += len(line)
            if size_bytes >= BLOCK_BYTES:
                yield Block(lines, numbers)
                lines, numbers, size_bytes = [], [], 0
        if lines:
            yield Block(lines, numbers)

    def _rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        csv.field_size_limit(MAX_LINE_BYTES)
        reader = csv.reader(self._text_lines(), strict=True)
        last = 0
        try:
            header = [name.strip().lower() for name in next(reader, [])]
            for cells in reader:
                number, first, last = reader.line_num, last + 1, reader.line_num
                self._row_bytes = 0
                if row := self._row(header, cells, first, number):
                    yield number, row
        except csv.Error as error:
            message = f"Not CSV: {error}. The rows from line {last + 1} on were not read."
            self._refuse("csv-syntax", message, max(reader.line_num, 1))

    def _row(self, header: list[str], cells: list[str], first: int, last: int) -> dict[str, str] | None:
        if any(number in self._not_utf8 for number in range(first, last + 1)):
            self._not_utf8.clear()
            self._refuse("encoding", "The row is not UTF-8.", last)
        elif not cells:
            self._report.add("blank-line", self._file, "The line is blank and is skipped.", line=last)
            self._report.dropped.setdefault((self._file, "blank line"), LineRanges()).add(last)
        elif len(cells) != len(header):
            self._refuse("csv-syntax", f"The row has {len(cells)} columns; the header has {len(header)}.", last)
        elif len(set(header)) < len(header):
            self._refuse("duplicate-key", "Two columns have the same name.", last)
        else:
            pairs = zip(header, cells, strict=True)
            return {name: cell for name, cell in pairs if cell or name not in _OPTIONAL}
        return None

    def _text_lines(self) -> Iterator[str]:
        for block in self._blocks:
            if block.too_long:
                raise csv.Error(f"a line has more than {MAX_LINE_BYTES} bytes")
            for number, line in zip(block.numbers, block.lines, strict=True):
                self._row_bytes += len(line)
                if self._row_bytes > MAX_LINE_BYTES:
                    raise csv.Error(f"a row has more than {MAX_LINE_BYTES} bytes; a quote may never be closed")
                if number == 1 and line.startswith(_BYTE_ORDER_MARK):
                    self._report.changed[self._file, "byte order mark removed"] = LineRanges(1, [[1, 1]])
                    line = line.removeprefix(_BYTE_ORDER_MARK)  # noqa: PLW2901 - the line without it
                yield self._decoded(line, number)

    def _decoded(self, line: bytes, number: int) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            self._not_utf8.add(number)
            return line.decode("utf-8", "replace")

    def _refuse(self, rule: str, message: str, line: int) -> None:
        self.rows_refused += 1
        self._report.add(rule, self._file, message, line=line)
