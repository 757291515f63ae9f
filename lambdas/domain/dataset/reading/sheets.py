"""The rows of a workbook's sheets, parsed while they are read: a look at the first row reads no more than that.

openpyxl's own sheets read a whole file for its dimensions, hold a row whatever its length, and make each row that is
missing. Its parser does none of this, and knows the cells: texts, numbers, dates.
"""

import io
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from lambdas.domain.dataset.reading.unreadable import UnreadableFileError

if TYPE_CHECKING:
    from openpyxl.reader.excel import ExcelReader

# As Excel has them.
MOST_ROWS: Final = 1_048_576
# 16,384 cells, each with some markup.
_MOST_TAGS_IN_A_ROW = 200_000
# Cells that are missing before the last one of a row take no byte of the file.
_MOST_CELLS = 20_000_000
_CHUNK_BYTES = 1 << 14
_AS_CSV = "Save the sheet with the records as CSV (UTF-8), and upload that."

Rows = Iterator[tuple[int, list[Any]]]


class Sheet(NamedTuple):
    """A sheet; `rows` reads its rows from the first one on, each with its number."""

    title: str
    rows: Callable[[], Rows]


def visible_sheets(data: bytes) -> list[Sheet]:
    """The sheets that a person sees. Raises whatever the library does for a workbook that is broken."""
    # Few data sets need it: a cold start does not pay for it.
    from openpyxl.reader.excel import ExcelReader  # noqa: PLC0415
    from openpyxl.styles.stylesheet import apply_stylesheet  # noqa: PLC0415

    reader = ExcelReader(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    # Dates are numbers in a style.
    apply_stylesheet(reader.archive, reader.wb)
    return [
        Sheet(sheet.name, lambda target=place.target: _rows(reader, target))  # type: ignore[misc]
        for sheet, place in reader.parser.find_sheets()
        if sheet.state == "visible" and place.target in reader.valid_files and "chartsheet" not in place.Type
    ]


def _rows(reader: "ExcelReader", target: str) -> Rows:
    """Raises UnreadableFileError for a sheet that no program has written so."""
    from openpyxl.worksheet._reader import WorkSheetParser  # noqa: PLC0415

    book = reader.wb
    with reader.archive.open(target) as file:
        parser = WorkSheetParser(
            _RowByRow(file),
            reader.shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        last = size = 0
        for number, cells in parser.parse():
            if number > MOST_ROWS:
                raise _too_large(f"more than {MOST_ROWS} rows")
            if number <= last:
                continue
            last = number
            filled = [cell for cell in cells if cell["value"] is not None]
            row: list[Any] = [None] * max((cell["column"] for cell in filled), default=0)
            size += len(row)
            if size > _MOST_CELLS:
                raise _too_large(f"more than {_MOST_CELLS} cells")
            for cell in filled:
                row[cell["column"] - 1] = cell["value"]
            yield number, row


class _RowByRow:
    """A sheet's XML, as far as a row of it ends: the parser holds each row."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._tags = file, 0

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        """The next piece."""
        chunk = self._file.read(size)
        end = chunk.rfind(b"row>")
        self._tags = chunk.count(b"<", end) if end >= 0 else self._tags + chunk.count(b"<")
        if self._tags > _MOST_TAGS_IN_A_ROW:
            raise _too_large("a row with more cells than Excel's have")
        return chunk


def _too_large(what: str) -> UnreadableFileError:
    return UnreadableFileError("file-size", f"The Excel workbook has {what}.", remedy=_AS_CSV)
