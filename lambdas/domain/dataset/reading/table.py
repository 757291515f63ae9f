"""Rows of a table, of a CSV file or a sheet, as records: which columns are read, and what becomes of the others."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from lambdas.domain.core.counted import counted
from lambdas.domain.core.outside_text import name
from lambdas.domain.dataset.formats import GROUP_KEY
from lambdas.domain.dataset.formats.mapping import ColumnMapping
from lambdas.domain.dataset.reading.mapped_values import explain_missing, offer_mapping, shown_columns
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError
from lambdas.domain.dataset.report import DatasetReport, LineRanges

_COLUMNS_SHOWN = 12


class TableLayout(NamedTuple):
    """Columns that hold a prompt and its answer, by the keys of the records that they become.

    Of the optional ones, all names of the document, the first that is there counts.
    """

    needed: dict[str, str]
    optional: dict[str, str]

    @property
    def columns(self) -> Collection[str]:
        """The names of all columns that are read."""
        return {**self.needed, **self.optional, **_ALWAYS_OPTIONAL}


_ALWAYS_OPTIONAL = {"system": "system", GROUP_KEY: GROUP_KEY}


def _layout(prompt: str, answer: str, *contexts: str, keys: tuple[str, str]) -> TableLayout:
    own_prompt, own_answer = keys
    return TableLayout({prompt: own_prompt, answer: own_answer}, dict.fromkeys(contexts, "document"))


_QUESTION, _COMPLETION = ("question", "answer"), ("prompt", "completion")
# In the order in which they are looked for; a header has the names in any case.
LAYOUTS = (
    _layout("question", "answer", "document", "context", keys=_QUESTION),
    _layout("prompt", "completion", "context", "document", keys=_COMPLETION),
    _layout("instruction", "response", "context", "input", keys=_QUESTION),
    _layout("instruction", "output", "input", "context", keys=_QUESTION),
    _layout("input", "output", "context", "document", keys=_COMPLETION),
    _layout("prompt", "response", "context", "document", keys=_COMPLETION),
    _layout("question", "response", "context", "document", keys=_COMPLETION),
    _layout("query", "response", "context", "document", keys=_COMPLETION),
)


def layout_of(header: Sequence[str]) -> TableLayout | None:
    """The layout of a table with these columns; None where none of them is known."""
    names = {_plain(each) for each in header}
    return next((each for each in LAYOUTS if names >= each.needed.keys()), None)


def column_names(header: Sequence[str]) -> list[str]:
    """The names of a header's columns, without white space around them."""
    return [column.removeprefix("\ufeff").strip() for column in header]


def _plain(column: str) -> str:
    return column.removeprefix("\ufeff").strip().lower()


class RecordTable:
    """The rows under a header. Raises UnreadableFileError for a header that gives no records."""

    def __init__(
        self,
        header: Sequence[str],
        file: str,
        report: DatasetReport,
        line: int,
        mapping: ColumnMapping | None = None,
    ) -> None:
        self._file, self._report = file, report
        self._width = len(header)
        while self._width and not header[self._width - 1].strip():
            self._width -= 1
        header = header[: self._width]
        self.columns = self._width
        if mapping is not None:
            self._map(header, mapping, line)
            return
        layout = layout_of(header)
        if layout is None:
            raise UnreadableFileError("columns", _explain_foreign(header), line, remedy=_offer(header))
        names = {_plain(column) for column in header}
        document = next((column for column in layout.optional if column in names), None)
        known = _ALWAYS_OPTIONAL | layout.needed | ({document: layout.optional[document]} if document else {})
        self._optional = {known[column] for column in known if column not in layout.needed}
        self._keys = [known.get(_plain(column)) for column in header]
        twice = next((key for key in self._keys if key and self._keys.count(key) > 1), None)
        if twice:
            message = f"Two columns are both read as {twice}."
            raise UnreadableFileError("duplicate-key", message, line, remedy="Rename one of them, or leave it out.")
        self._left_out = _left_out([column for column, key in zip(header, self._keys, strict=True) if not key])

    def _map(self, header: Sequence[str], mapping: ColumnMapping, line: int) -> None:
        """Keeps the columns that a mapping names under their own names, with system and group."""
        names = column_names(header)
        if missing := mapping.missing(names):
            message, remedy = explain_missing(missing[0], names)
            raise UnreadableFileError("columns", message, line, remedy=remedy)
        read = [*mapping.columns, *(key for key in _ALWAYS_OPTIONAL if key not in mapping.columns)]
        self._optional = set(_ALWAYS_OPTIONAL) - set(mapping.columns)
        self._keys = [column if column in read else None for column in names]
        twice = next((key for key in self._keys if key and self._keys.count(key) > 1), None)
        if twice:
            message = f"Two columns are named {name(twice)}."
            raise UnreadableFileError("duplicate-key", message, line, remedy="Rename one of them, or leave it out.")
        self._left_out = _left_out([column for column in names if column not in read])

    def record(self, cells: Sequence[str]) -> dict[str, str] | str | None:
        """A row's record; None for a row without any text, and what is wrong with a row that does not fit."""
        if not any(cells):
            return None
        kept = list(cells)
        while len(kept) > self._width and not kept[-1].strip():
            del kept[-1]
        if len(kept) != self._width:
            return f"The row has {counted(len(kept), 'column')}; the header has {self._width}."
        pairs = zip(self._keys, kept, strict=True)
        return {key: cell for key, cell in pairs if key and (cell or key not in self._optional)}

    def note_left_out(self, line: int) -> None:
        """Lists a row of which columns are left out."""
        if self._left_out:
            self._report.changed.setdefault((self._file, self._left_out), LineRanges()).add(line)


def _left_out(columns: Sequence[str]) -> str:
    if not columns:
        return ""
    named = [name(column.strip()) for column in columns if column.strip()]
    unnamed = len(columns) - len(named)
    words = [*named[:_COLUMNS_SHOWN], *([f"{len(named) - _COLUMNS_SHOWN} more"] if len(named) > _COLUMNS_SHOWN else [])]
    if unnamed:
        words.append(f"{unnamed} without a name")
    return f"columns left out: {', '.join(words)}"


def _explain_foreign(header: Sequence[str]) -> str:
    shown = shown_columns(header)
    return f"The columns are {shown}: none of the known pairs of a prompt and its answer is among them."


def _offer(header: Sequence[str]) -> str:
    return offer_mapping(column_names(header))
