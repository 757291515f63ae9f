"""A row of a CSV file that spreadsheets open, of texts that come from outside."""

import re
from collections.abc import Iterable

_TO_QUOTE = re.compile(r'[",\r\n]')
# What spreadsheets take for the beginning of a formula; the last four are those of Chinese and Japanese keyboards.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def csv_row(cells: Iterable[object]) -> bytes:
    """The row in UTF-8 without its line ending; None is an empty cell."""
    row = ",".join("" if cell is None else _cell(str(cell)) for cell in cells)
    # A lone surrogate cannot be written.
    return row.encode(errors="replace")


def _cell(text: str) -> str:
    """The cell, in quotes where it needs them; as a text where a spreadsheet would take it for a formula.

    For the second see OWASP, CSV injection.
    """
    if _FORMULA.match(text):
        text = f"'{text}"
    # By hand: Python's writer takes five times as long for a row.
    return '"' + text.replace('"', '""') + '"' if _TO_QUOTE.search(text) else text
