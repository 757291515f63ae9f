"""Candidates from tables: cells, arithmetic on two cells or on a row, names of rows and columns, and their number."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from local.bedrock.models.candidates import FEATURES, Found, Ids, Kind
from local.bedrock.models.prompts import Floats, Prompt, Table

# Best-fitting rows and columns that arithmetic looks at, and cells that are candidates themselves.
ROWS, COLUMNS, CELLS = 3, 4, 40
NAMED_ROWS, NAMED_COLUMNS, LISTS = 6, 4, 10
LONG_LIST = 20
SAME = 0.999


class Fit(IntEnum):
    """Features that cells, pairs of cells and rows share; of a pair, the worse one's. 0 and 1 are constant and cue."""

    ROW = 2
    ROW_RECALL = 3
    ROW_IS_BEST = 4
    ROW_RATIO = 5


class CellFit(IntEnum):
    """Further features of a cell."""

    COLUMN = 6
    COLUMN_IS_BEST = 7
    COLUMN_NAMED = 8
    FIRST_COLUMN = 9
    LAST_COLUMN = 10
    SECTION = 11
    TOTAL = 12
    PERCENT = 13
    BOTH_BEST = 14
    FIRST_BY_DEFAULT = 15


class PairFit(IntEnum):
    """Further features of two cells a and b, of one row or of one column."""

    COLUMN = 6
    COLUMNS_NAMED = 7
    A_NAMED_FIRST = 8
    B_NAMED_FIRST = 9
    A_IS_LEFT = 10
    A_IS_LATER = 11
    B_IS_TOTAL = 12
    A_IS_TOTAL = 13
    SAME_ROW = 14
    A_IS_EARLIER = 15
    NEIGHBOURS = 16
    ROW_A_NAMED_FIRST = 17
    ROW_B_NAMED_FIRST = 18
    BOTH_BEST = 19
    SAME_ROW_RATIO = 20
    SAME_COLUMN_RATIO = 21
    A_IS_LATEST = 22
    ONLY_TWO_COLUMNS = 23


class SeriesFit(IntEnum):
    """Further features of several cells of a row, and of its highest and lowest cell."""

    ALL = 6
    NAMED = 7
    NAMED_IN_ORDER = 8
    BETWEEN_NAMED = 9
    ALL_NAMED = 10
    NONE_NAMED = 11
    HIGHEST = 12
    LOWEST = 13


@dataclass(frozen=True)
class _Match:
    """How the question matches a table's rows and columns; `rows` and `columns` are the best-fitting ones first."""

    row_f1: Floats
    row_recall: Floats
    row_position: Ids
    row_ratio: Floats
    section: Floats
    column_f1: Floats
    column_position: Ids
    rows: list[int]
    columns: list[int]

    def row(self, row: int) -> dict[int, float]:
        """Features of a row."""
        return {
            Fit.ROW: float(self.row_f1[row]),
            Fit.ROW_RECALL: float(self.row_recall[row]),
            Fit.ROW_IS_BEST: float(self.row_ratio[row] > SAME),
            Fit.ROW_RATIO: float(self.row_ratio[row]),
        }


def find_in_table(table: Table, prompt: Prompt, found: Found) -> None:
    """Adds the table's candidates."""
    match = _match(table, prompt)
    _add_cells(table, match, found)
    _add_pairs(table, match, found)
    for row in match.rows[:ROWS]:
        _add_series(table, match, row, found)
    _add_names(table, match, found)
    _add_lists(table, match, found)
    for column in match.columns[:2]:
        _add_best_rows(table, match, column, found)


def _match(table: Table, prompt: Prompt) -> _Match:
    words = prompt.question_words
    row_f1, row_recall, row_position = table.rows.match(words)
    section, _, _ = table.section_names.match(words)
    column_f1, _, column_position = table.columns.match(words)
    score = row_f1 + 0.3 * section
    used = np.unique(table.cell_columns)
    rank = np.where(column_position[used] >= 0, -column_f1[used] - 1, 0.0)
    return _Match(
        row_f1,
        row_recall,
        row_position,
        score / (float(score.max(initial=0.0)) or 1.0),
        section,
        column_f1,
        column_position,
        np.argsort(-score, kind="stable").tolist(),
        used[np.argsort(rank, kind="stable")].tolist(),
    )


def _add_cells(table: Table, match: _Match, found: Found) -> None:
    rows, columns = table.cell_rows, table.cell_columns
    keep = np.argsort(-(match.row_ratio[rows] + match.column_f1[columns]), kind="stable")[:CELLS]
    rows, columns = rows[keep], columns[keep]
    features = np.zeros((len(keep), FEATURES), np.float32)
    best_column = match.column_f1[match.columns].max()
    features[:, Fit.ROW] = match.row_f1[rows]
    features[:, Fit.ROW_RECALL] = match.row_recall[rows]
    features[:, Fit.ROW_IS_BEST] = match.row_ratio[rows] > SAME
    features[:, Fit.ROW_RATIO] = match.row_ratio[rows]
    features[:, CellFit.COLUMN] = match.column_f1[columns]
    features[:, CellFit.COLUMN_IS_BEST] = (match.column_f1[columns] >= best_column) & (best_column > 0)
    features[:, CellFit.COLUMN_NAMED] = match.column_position[columns] >= 0
    features[:, CellFit.FIRST_COLUMN] = columns == columns.min()
    features[:, CellFit.LAST_COLUMN] = columns == columns.max()
    features[:, CellFit.SECTION] = match.section[rows]
    features[:, CellFit.TOTAL] = table.totals[rows]
    features[:, CellFit.PERCENT] = ["%" in table.texts[cell] for cell in keep]
    best_row = features[:, Fit.ROW_IS_BEST]
    features[:, CellFit.BOTH_BEST] = best_row * features[:, CellFit.COLUMN_IS_BEST]
    features[:, CellFit.FIRST_BY_DEFAULT] = best_row * features[:, CellFit.FIRST_COLUMN] * (best_column == 0)
    found.add(Kind.CELL, features, table.values[keep], [table.texts[cell] for cell in keep])


def _add_pairs(table: Table, match: _Match, found: Found) -> None:
    """Arithmetic on two cells of one row, or of one column."""
    pairs = np.array(list(_pairs(table, match)), np.int32).reshape(-1, 2)
    a, b = pairs[:, 0], pairs[:, 1]
    features = _pair_features(table, match, a, b)
    x, y = table.values[a], table.values[b]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(y == 0, np.nan, x / y)
        change = np.where(y == 0, np.nan, 100 * (x - y) / np.abs(y))
    defined, once = y != 0, a < b
    for kind, values, keep in (
        (Kind.DIFFERENCE, x - y, np.ones(len(a), bool)),
        (Kind.CHANGE_PERCENT, change, defined & (features[:, PairFit.SAME_ROW] > 0)),
        (Kind.SUM, x + y, once),
        (Kind.AVERAGE, (x + y) / 2, once),
        (Kind.RATIO, ratio, defined),
        (Kind.SHARE_PERCENT, 100 * ratio, defined),
    ):
        found.add(kind, features[keep], values[keep], None)


def _pairs(table: Table, match: _Match) -> Iterator[tuple[int, int]]:
    """Ordered pairs of cells: within the best rows, and within the best columns with the totals."""
    grid, rows = table.grid, match.rows[:ROWS]
    totals = np.flatnonzero(table.totals)[-2:].tolist()
    lines = [[(row, column) for column in match.columns[:COLUMNS]] for row in rows]
    lines += [[(row, column) for row in dict.fromkeys(rows + totals)] for column in match.columns[:2]]
    for line in lines:
        inside = [grid[place] for place in line if place in grid]
        yield from ((a, b) for a in inside for b in inside if a != b)


def _pair_features(table: Table, match: _Match, a: Ids, b: Ids) -> Floats:
    features = np.zeros((len(a), FEATURES), np.float32)
    row_a, row_b = table.cell_rows[a], table.cell_rows[b]
    column_a, column_b = table.cell_columns[a], table.cell_columns[b]
    at_a, at_b = match.column_position[column_a], match.column_position[column_b]
    row_at_a, row_at_b = match.row_position[row_a], match.row_position[row_b]
    year_a, year_b = table.years[column_a], table.years[column_b]
    same_row = row_a == row_b
    ratio = np.minimum(match.row_ratio[row_a], match.row_ratio[row_b])
    latest = table.years.max(initial=0)
    features[:, Fit.ROW] = np.minimum(match.row_f1[row_a], match.row_f1[row_b])
    features[:, Fit.ROW_RECALL] = np.minimum(match.row_recall[row_a], match.row_recall[row_b])
    features[:, Fit.ROW_IS_BEST] = ratio > SAME
    features[:, Fit.ROW_RATIO] = ratio
    features[:, PairFit.COLUMN] = np.minimum(match.column_f1[column_a], match.column_f1[column_b])
    features[:, PairFit.COLUMNS_NAMED] = (at_a >= 0) & (at_b >= 0)
    features[:, PairFit.A_NAMED_FIRST] = same_row & (at_a >= 0) & (at_a < at_b)
    features[:, PairFit.B_NAMED_FIRST] = same_row & (at_b >= 0) & (at_b < at_a)
    features[:, PairFit.A_IS_LEFT] = same_row & (column_a < column_b)
    features[:, PairFit.A_IS_LATER] = same_row & (year_a > year_b)
    features[:, PairFit.B_IS_TOTAL] = table.totals[row_b] & ~same_row
    features[:, PairFit.A_IS_TOTAL] = table.totals[row_a] & ~same_row
    features[:, PairFit.SAME_ROW] = same_row
    features[:, PairFit.A_IS_EARLIER] = same_row & (year_a < year_b)
    features[:, PairFit.NEIGHBOURS] = np.abs(column_a - column_b) == 1
    features[:, PairFit.ROW_A_NAMED_FIRST] = ~same_row & (row_at_a >= 0) & (row_at_a < row_at_b)
    features[:, PairFit.ROW_B_NAMED_FIRST] = ~same_row & (row_at_b >= 0) & (row_at_b < row_at_a)
    features[:, PairFit.BOTH_BEST] = features[:, Fit.ROW_IS_BEST] * features[:, PairFit.COLUMNS_NAMED]
    features[:, PairFit.SAME_ROW_RATIO] = same_row * ratio
    features[:, PairFit.SAME_COLUMN_RATIO] = ~same_row * ratio
    features[:, PairFit.A_IS_LATEST] = same_row & (year_a == latest) & (latest > 0)
    features[:, PairFit.ONLY_TWO_COLUMNS] = same_row & (len(match.columns) == 2)
    return features


def _add_series(table: Table, match: _Match, row: int, found: Found) -> None:
    """Several cells of a row listed, added up and averaged; and the columns where it is highest and lowest."""
    every = [column for column in sorted(match.columns) if (row, column) in table.grid]
    if len(every) < 2:
        return
    named = sorted(
        (column for column in every if match.column_position[column] >= 0),
        key=lambda column: int(match.column_position[column]),
    )
    years = table.years[named]
    between = [column for column in every if named and years.min() <= table.years[column] <= years.max()]
    marks: dict[tuple[int, ...], dict[int, float]] = {}
    for columns, which in (
        (every, SeriesFit.ALL),
        (sorted(named), SeriesFit.NAMED),
        (named, SeriesFit.NAMED_IN_ORDER),
        (between, SeriesFit.BETWEEN_NAMED),
    ):
        if len(columns) > 1:
            marks.setdefault(tuple(columns), {})[which] = 1.0
    for chosen, mark in marks.items():
        cells = [table.grid[row, column] for column in chosen]
        fit = match.row(row) | mark
        fit |= {SeriesFit.ALL_NAMED: float(len(chosen) == len(named)), SeriesFit.NONE_NAMED: float(not named)}
        found.add_text(Kind.CELLS, ", ".join(table.texts[cell] for cell in cells), fit)
        if len(chosen) > 2 and list(chosen) == sorted(chosen):
            found.add_value(Kind.ROW_SUM, float(table.values[cells].sum()), fit)
            found.add_value(Kind.ROW_AVERAGE, float(table.values[cells].mean()), fit)
    values = table.values[[table.grid[row, column] for column in every]]
    for which, index in ((SeriesFit.HIGHEST, values.argmax()), (SeriesFit.LOWEST, values.argmin())):
        column = every[int(index)]
        year = int(table.years[column])
        found.add_text(
            Kind.BEST_COLUMN, str(year) if year else table.column_labels[column], match.row(row) | {which: 1}
        )


def _add_names(table: Table, match: _Match, found: Found) -> None:
    for row in match.rows[:NAMED_ROWS]:
        if table.row_labels[row]:
            found.add_text(Kind.ROW_NAME, table.row_labels[row], match.row(row) | {6: float(match.section[row])})
    for column in match.columns[:NAMED_COLUMNS]:
        fit = {2: float(match.column_f1[column]), 3: float(match.column_position[column] >= 0)}
        found.add_text(Kind.COLUMN_NAME, table.column_labels[column], fit)


def _add_lists(table: Table, match: _Match, found: Found) -> None:
    """Lists of names, and how long they are. Feature 2 to 7: which list; 8: its section's fit; 9 to 11: its length."""
    years = [str(year) for year in table.years.tolist() if year]
    named = [(row, label) for row, label in enumerate(table.row_labels) if label]
    plain = [(row, label) for row, label in named if not table.totals[row]]
    lists: list[tuple[list[str], dict[int, float]]] = [
        ([label for label in table.column_labels[1:] if label], {2: 1.0}),
        (list(dict.fromkeys(years)), {3: 1.0}),
        (sorted(set(years)), {4: 1.0}),
        ([label for _, label in plain], {5: 1.0}),
        ([label for _, label in named], {6: 1.0}),
    ]
    for section in dict.fromkeys(table.sections):
        inside = [label for row, label in plain if table.sections[row] == section]
        if section and len(inside) > 1:
            lists.append((inside, {7: 1.0, 8: float(match.section[table.sections.index(section)])}))
    for names, marks in lists[:LISTS]:
        if names:
            size = {9: float(len(names) == 2), 10: float(len(names) == 3), 11: min(len(names) / LONG_LIST, 1.0)}
            found.add_text(Kind.NAMES, ", ".join(names), marks | size)
            found.add_text(Kind.COUNT, str(len(names)), marks | size)


def _add_best_rows(table: Table, match: _Match, column: int, found: Found) -> None:
    """The rows that are highest and lowest in a column."""
    inside: npt.NDArray[np.bool_] = (table.cell_columns == column) & ~table.totals[table.cell_rows]
    cells = np.flatnonzero(inside)
    if len(cells) < 2:
        return
    fit = {2: float(match.column_f1[column]), 3: float(column == match.columns[0])}
    values = table.values[cells]
    for mark, index in ((4, values.argmax()), (5, values.argmin())):
        found.add_text(Kind.BEST_ROW, table.row_labels[table.cell_rows[cells[index]]], fit | {mark: 1.0})
