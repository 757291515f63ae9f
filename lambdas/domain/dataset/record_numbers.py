"""Which record of a file a line is: rows of a CSV file may have several lines, and blank lines hold no record."""

from array import array
from bisect import bisect_left

# Of a larger file the numbers are not told; it is refused anyway.
_MOST = 100_000


class RecordNumbers:
    """The rows and blank lines of one file, added in their order."""

    def __init__(self) -> None:
        self._rows: array[int] = array("Q")
        self._blank: array[int] = array("Q")

    @property
    def has_rows(self) -> bool:
        """Whether records are told apart by rows rather than by lines."""
        return bool(self._rows)

    def add_row(self, last_line: int) -> None:
        """Adds a record that ends in this line."""
        if len(self._rows) < _MOST:
            self._rows.append(last_line)

    def add_blank(self, line: int) -> None:
        """Adds a line without a record."""
        if len(self._blank) < _MOST:
            self._blank.append(line)

    def of_line(self, line: int) -> int | None:
        """The number of the record in this line, from 1; None where it is not known."""
        if self._rows:
            place = bisect_left(self._rows, line)
            return place + 1 if place < len(self._rows) else None
        return line - bisect_left(self._blank, line) if len(self._blank) < _MOST else None
