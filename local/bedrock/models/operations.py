"""The ways in which an answer can follow from a prompt: look up a cell, compute with two, name a column, quote a span.

Each operation gives one candidate for a prompt. Which one a question wants is what the models differ in.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from local.bedrock.models.reading import NUMBER, YEAR, Cell, Reading, Table, number, words

CAUSE = re.compile(
    r"\b(?:primarily|mainly|principally|largely)?\s*(?:attributable to|due to|because of|because|as a result of|"
    r"driven by|resulting from|reflecting)\s+",
    re.IGNORECASE,
)
VERB = re.compile(
    r"\b(?:is|are|was|were|includes?|included|consists? of|comprises?|represents?|relates? to|refers? to|means)\b\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Candidate:
    """An answer without a style: its text, its value where it is a number, and what it is about (for wordy answers)."""

    text: str
    value: float | None = None
    about: str = ""
    computed: bool = False


class Workspace:
    """A prompt with what all operations need: the row, columns and sentence that the question seems to mean."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.question = reading.question
        self._asked = set(reading.question_words)

    @cached_property
    def rows(self) -> list[tuple[float, Table, int]]:
        """All rows of all tables, the best first: they share most words with the question, whole labels favoured."""
        scored = []
        for table in self.reading.tables:
            for index, (label, section) in enumerate(zip(table.label_words, table.section_words, strict=True)):
                shared = label & self._asked
                score = len(shared) + (len(shared) / len(label) if label else 0)
                score += 0.4 * len((section & self._asked) - shared)
                scored.append((score, table, index))
        return sorted(scored, key=lambda item: -item[0])

    @cached_property
    def best_row(self) -> tuple[Table, int] | None:
        """The row that shares most with the question."""
        return (self.rows[0][1], self.rows[0][2]) if self.rows else None

    def columns(self, table: Table, row: int) -> list[Cell]:
        """The row's cells in the columns that the question names, or all of them."""
        named = []
        for cell in table.cells[row]:
            if cell is None:
                continue
            shared = table.header_words[cell.column] & self._asked
            if shared:
                named.append((len(shared), cell))
        most = max((count for count, _ in named), default=0)
        return [cell for count, cell in named if count == most] or [cell for cell in table.cells[row] if cell]

    @cached_property
    def cell(self) -> tuple[Table, Cell] | None:
        """The cell that the question seems to ask for."""
        if self.best_row is None:
            return None
        table, row = self.best_row
        cells = self.columns(table, row)
        return (table, cells[0]) if cells else None

    @cached_property
    def pair(self) -> tuple[str, Cell, Cell] | None:
        """Two numbers of the best row, the older or former first."""
        if self.best_row is None:
            return None
        table, row = self.best_row
        cells = [cell for cell in self.columns(table, row) if cell.value is not None]
        if len(cells) < 2:
            cells = [cell for cell in table.cells[row] if cell and cell.value is not None]
        if len(cells) < 2:
            return None
        first, second = cells[0], cells[1]
        years = [YEAR.findall(table.headers[cell.column]) for cell in (first, second)]
        if years[0] and years[1] and years[0][-1] > years[1][-1]:
            first, second = second, first
        return table.labels[row], first, second

    @cached_property
    def sentence(self) -> str | None:
        """The sentence that shares most words with the question."""
        best, best_score = None, 0.0
        for sentence in self.reading.sentences:
            found = words(sentence)
            score = len(set(found) & self._asked) - 0.01 * len(found)
            if score > best_score:
                best, best_score = sentence, score
        return best


Operation = Callable[[Workspace], Candidate | None]


def look_up(space: Workspace) -> Candidate | None:
    """The value in the row and column that the question names."""
    if space.cell is None:
        return None
    table, cell = space.cell
    about = " in ".join(text for text in (table.labels[cell.row], table.headers[cell.column]) if text)
    return Candidate(cell.text, cell.value, about)


def _with_pair(name: str, compute: Callable[[float, float], float]) -> Operation:
    def operation(space: Workspace) -> Candidate | None:
        if space.pair is None:
            return None
        label, former, latter = space.pair
        if former.value is None or latter.value is None:
            return None
        try:
            value = compute(former.value, latter.value)
        except ZeroDivisionError:
            return None
        return Candidate("", value, f"{name} of {label}", computed=True)

    return operation


def row_difference(space: Workspace) -> Candidate | None:
    """The difference between the two best rows in the named column."""
    cells = _two_rows(space)
    if cells is None or cells[0].value is None or cells[1].value is None:
        return None
    return Candidate("", abs(cells[0].value - cells[1].value), "difference", computed=True)


def row_share(space: Workspace) -> Candidate | None:
    """One of the two best rows as a percentage of the other, the smaller of the larger."""
    cells = _two_rows(space)
    if cells is None or not cells[0].value or not cells[1].value:
        return None
    smaller, larger = sorted((abs(cells[0].value), abs(cells[1].value)))
    return Candidate("", smaller / larger * 100, "percentage", computed=True)


def row_sum(space: Workspace) -> Candidate | None:
    """The sum of the two best rows in the named column."""
    cells = _two_rows(space)
    if cells is None or cells[0].value is None or cells[1].value is None:
        return None
    return Candidate("", cells[0].value + cells[1].value, "total", computed=True)


def _two_rows(space: Workspace) -> tuple[Cell, Cell] | None:
    if space.cell is None or len(space.rows) < 2 or space.rows[1][0] <= 0:
        return None
    _, cell = space.cell
    _, table, row = space.rows[1]
    other = table.cells[row][cell.column] if cell.column < len(table.cells[row]) else None
    return (cell, other) if other else None


def _extreme_column(name: str, sign: int) -> Operation:
    def operation(space: Workspace) -> Candidate | None:
        if space.best_row is None:
            return None
        table, row = space.best_row
        cells = [cell for cell in table.cells[row] if cell and cell.value is not None]
        if not cells:
            return None
        best = max(cells, key=lambda cell: sign * (cell.value or 0))
        header = table.headers[best.column]
        years = YEAR.findall(header)
        return Candidate(years[-1] if years else header, None, f"{name} {table.labels[row]}")

    return operation


def all_columns(space: Workspace) -> Candidate | None:
    """The headers of all columns."""
    if space.best_row is None:
        return None
    table, row = space.best_row
    headers = [table.headers[cell.column] for cell in table.cells[row] if cell]
    found = [year for header in headers for year in YEAR.findall(header)[-1:]] or [
        header for header in headers if header
    ]
    return Candidate(", ".join(dict.fromkeys(found)), None, "columns")


def all_values(space: Workspace) -> Candidate | None:
    """All named values of the best row."""
    if space.best_row is None:
        return None
    table, row = space.best_row
    return Candidate(", ".join(cell.text for cell in space.columns(table, row)), None, table.labels[row])


def section_rows(space: Workspace) -> Candidate | None:
    """The labels of the rows below the section that the question names."""
    best: tuple[int, list[str]] = (0, [])
    asked = set(space.reading.question_words)
    for table in space.reading.tables:
        for section in dict.fromkeys(table.sections):
            shared = len(set(words(section)) & asked)
            if shared > best[0]:
                best = (
                    shared,
                    [label for label, of in zip(table.labels, table.sections, strict=True) if of == section],
                )
    return Candidate(", ".join(best[1]), None, "components") if best[1] else None


def count_rows(space: Workspace) -> Candidate | None:
    """How many rows the section has."""
    rows = section_rows(space)
    count = rows.text.count(", ") + 1 if rows else 0
    return Candidate(str(count), float(count), "number") if rows else None


def quote_sentence(space: Workspace) -> Candidate | None:
    """The best sentence."""
    return Candidate(space.sentence.rstrip("."), None, "statement") if space.sentence else None


def quote_cause(space: Workspace) -> Candidate | None:
    """What follows "due to" and its like in the best sentence that has it."""
    with_cause = [sentence for sentence in space.reading.sentences if CAUSE.search(sentence)]
    asked = set(space.reading.question_words)
    if not with_cause:
        return None
    best = max(with_cause, key=lambda sentence: len(set(words(sentence)) & asked))
    match = CAUSE.search(best)
    return Candidate(best[match.end() :].rstrip("."), None, "reason") if match else None


def quote_complement(space: Workspace) -> Candidate | None:
    """What follows the verb of the best sentence."""
    if space.sentence is None:
        return None
    match = VERB.search(space.sentence)
    return Candidate(space.sentence[match.end() :].rstrip("."), None, "description") if match else None


def quote_number(space: Workspace) -> Candidate | None:
    """The first number of the best sentence that is not in the question and is no year, with its unit word."""
    if space.sentence is None:
        return None
    for match in NUMBER.finditer(space.sentence):
        text = match.group().strip()
        if YEAR.fullmatch(text) or text in space.question:
            continue
        unit = re.match(
            r"\s*(thousand|million|billion|years?|months?|days?|%|percent)\b", space.sentence[match.end() :]
        )
        return Candidate(text.rstrip(",") + (f" {unit.group(1)}" if unit else ""), number(text), "amount")
    return None


OPERATIONS: dict[str, Operation] = {
    "look_up": look_up,
    "difference": _with_pair("change", lambda former, latter: latter - former),
    "percentage_change": _with_pair("percentage change", lambda former, latter: (latter - former) / former * 100),
    "average": _with_pair("average", lambda former, latter: (former + latter) / 2),
    "sum": _with_pair("total", lambda former, latter: former + latter),
    "ratio": _with_pair("ratio", lambda former, latter: latter / former),
    "row_difference": row_difference,
    "row_share": row_share,
    "row_sum": row_sum,
    "highest_column": _extreme_column("highest", 1),
    "lowest_column": _extreme_column("lowest", -1),
    "all_columns": all_columns,
    "all_values": all_values,
    "section_rows": section_rows,
    "count_rows": count_rows,
    "quote_number": quote_number,
    "quote_cause": quote_cause,
    "quote_complement": quote_complement,
    "quote_sentence": quote_sentence,
}
