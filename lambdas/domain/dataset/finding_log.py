"""`dataset/issues.csv`: every finding, for a spreadsheet or a script; the report keeps the first of each rule alone."""

from collections.abc import Callable
from typing import NamedTuple

from lambdas.domain.core.csv_row import csv_row

# A spreadsheet of more is opened by nobody; a run's function holds 8 MB of it at a time.
MOST_BYTES = 50_000_000


class LoggedFinding(NamedTuple):
    """A row of the file; `record` is the number of the record in its file, from 1."""

    rule: str
    line: int | None
    record: int | None
    path: str
    message: str


class FindingLog:
    """Writes the file row by row, each without its line ending, up to `most_bytes`; then only counts."""

    def __init__(self, write: Callable[[bytes], object], most_bytes: int = MOST_BYTES) -> None:
        self._write, self._room = write, most_bytes
        self._left_out = 0
        self._write_row(LoggedFinding._fields)

    @property
    def has_room(self) -> bool:
        """Whether a further finding is written."""
        return self._room > 0

    def add(self, found: LoggedFinding) -> None:
        """Writes a finding."""
        if self._room > 0:
            self._write_row(found)
        else:
            self._left_out += 1

    def leave_out(self) -> None:
        """Counts a finding for which there is no room."""
        self._left_out += 1

    def close(self) -> None:
        """Says at the end how many findings are not in the file."""
        if self._left_out:
            message = f"{self._left_out} more findings are left out: the file would be too large."
            self._write_row(("", None, None, "", message))

    def _write_row(self, cells: tuple[object, ...]) -> None:
        line = csv_row(cells)
        self._room -= len(line) + 1
        self._write(line)
