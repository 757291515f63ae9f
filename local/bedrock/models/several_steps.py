"""Figures that take two steps: a step over some rows of a table (or columns), and one over what that gives.

"The change in the average of A and B from 2018 to 2019" averages two rows, and takes the difference of two columns.
Only steps count that the question asks for. The steps of a table's columns are those of its rows with the table turned.
Figures of one sentence are added up, averaged and compared in one step.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from local.bedrock.models.prompts import NUMBERS, YEAR, Floats, Prompt, Table, words_of

# Best-fitting rows whose combinations are tried, and columns that are compared.
LINES, COLUMNS, PARTS = 5, 6, 8
SENTENCES, FIGURES = 3, 8
_SUM = re.compile(r"\b(sum|total|combined|altogether|together|add|overall|all|both|every|net|and)\b", re.I)
_AVERAGE = re.compile(r"\b(average|mean)\b", re.I)
_COMPARED = (
    r"\b(chang|differ|increas|decreas|decline|grow|rise|rose|fall|fell|more|less|fewer|higher|lower|exceed|between)"
)
_DIFFERENCE = re.compile(_COMPARED, re.I)
_RATIO = re.compile(r"%|\b(percent|ratio|proportion|share of|portion|fraction|times|margin|rate|growth|relative)", re.I)
_COUNT = re.compile(
    r"\bhow many\b.{0,200}?\b(?:exceed|above|below|over|under|more|less|fewer|greater|higher|lower)", re.I
)
_SHARE = re.compile(
    r"\b(?:ratio|proportion|share|portion|fraction|margin|times|relative)|(?:percent|percentage|%) (?:of|over)\b", re.I
)
_HIGHEST = re.compile(r"\b(?:top|highest|largest|biggest|lowest|smallest)\b", re.I)


@dataclass(frozen=True)
class _Steps:
    """What the question asks to be done with figures: `change` in percent, `share` as the ratio of two of them."""

    sum: bool
    average: bool
    difference: bool
    change: bool
    share: bool
    highest: bool
    limits: tuple[float, ...]


def _steps(question: str, *, may_be_ratio: bool) -> _Steps:
    difference, ratio = bool(_DIFFERENCE.search(question)), may_be_ratio and bool(_RATIO.search(question))
    return _Steps(
        sum=bool(_SUM.search(question)),
        average=bool(_AVERAGE.search(question)),
        difference=difference,
        change=ratio and difference,
        share=ratio and (not difference or bool(_SHARE.search(question))),
        highest=bool(_HIGHEST.search(question)),
        limits=tuple(map(_number, NUMBERS.findall(question))) if _COUNT.search(question) else (),
    )


def figures_of(prompt: Prompt, *, may_be_ratio: bool = True) -> Floats:
    """All figures that two asked steps give, without their signs; a ratio is given in percent too."""
    steps = _steps(prompt.question, may_be_ratio=may_be_ratio)
    found = [each for table in prompt.tables for each in _of_table(table, prompt, steps)]
    found += _of_sentences(prompt, steps)
    values: Floats = np.abs(np.concatenate([np.zeros(0), *(np.ravel(each) for each in found)]))
    finite: Floats = values[np.isfinite(values)]
    return finite


def _of_table(table: Table, prompt: Prompt, steps: _Steps) -> Iterator[Floats]:
    if not len(table.values):
        return
    figures = np.full((len(table.row_labels), len(table.column_labels)), np.nan)
    figures[table.cell_rows, table.cell_columns] = table.values
    row_fit, _, _ = table.rows.match(prompt.question_words)
    column_fit, _, named = table.columns.match(prompt.question_words)
    used = np.flatnonzero(~np.isnan(figures).all(axis=0))
    between = np.flatnonzero(named >= 0)
    if len(between) > 1:
        used = used[(used >= between.min()) & (used <= between.max())]
    figures, column_fit = figures[:, used], column_fit[used]
    with np.errstate(all="ignore"):
        yield from _two_steps(figures, row_fit, table.totals, steps)
        yield from _two_steps(figures.T, column_fit, np.zeros(len(used), bool), steps)


def _two_steps(figures: Floats, fit: Floats, totals: npt.NDArray[np.bool_], steps: _Steps) -> Iterator[Floats]:
    """A line is a row, or what the first step makes of several ones; the second step goes over a line's figures."""
    best = [int(row) for row in np.argsort(-fit, kind="stable")[:LINES]]
    lines = [figures[row] for row in dict.fromkeys([*best, *np.flatnonzero(totals)[-2:].tolist()])]
    chosen = [figures[list(rows)] for size in (2, 3) for rows in combinations(best, size)]
    chosen += [figures[start:end] for start, end in _parts(totals)] + [figures[~totals]]
    if steps.highest:
        ordered = np.sort(figures[~totals], axis=0)
        chosen += [part for size in (2, 3, 5) for part in (ordered[-size:], ordered[:size])]
    joined = [np.nansum(part, axis=0) for part in chosen if steps.sum or steps.share or steps.change]
    if steps.average:
        joined += [np.nansum(part, axis=0) / np.maximum((~np.isnan(part)).sum(axis=0), 1) for part in chosen]
    wholes = lines + joined
    if steps.difference:
        lines += [first - second for first, second in combinations(wholes[:LINES], 2)]
    for line in [*lines, *joined]:
        yield line
        yield from _over(line[:COLUMNS], steps)
    if steps.share:
        compared = replace(steps, change=False, share=False, sum=False)
        for ratio in [part / whole for part in [*lines[:LINES], *joined[:PARTS]] for whole in wholes]:
            for written in (ratio, 100 * ratio):
                yield written
                yield from _over(written[:COLUMNS], compared)
    for limit in steps.limits:
        yield np.array([count for line in lines[:LINES] for count in ((line > limit).sum(), (line < limit).sum())])


def _parts(totals: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where the rows between two totals start and end."""
    edges = [-1, *np.flatnonzero(totals).tolist(), len(totals)]
    return ((above + 1, below) for above, below in list(pairwise(edges))[:PARTS] if below - above > 2)


def _over(line: Floats, steps: _Steps) -> Iterator[Floats]:
    """The second step."""
    if len(line) < 2:
        return
    one, other = np.triu_indices(len(line), k=1)
    first, second = line[one], line[other]
    if steps.sum:
        yield np.array([*(first + second), np.nansum(line)])
    if steps.average:
        yield np.array([*((first + second) / 2), _mean(line)])
    if steps.difference:
        yield second - first
    if steps.share:
        yield from (first / second, second / first, 100 * first / second, 100 * second / first)
    if steps.change:
        yield from (100 * (second - first) / first, 100 * (second - first) / second)
    if steps.average and steps.difference:
        means, changes = (line[1:] + line[:-1]) / 2, line[1:] - line[:-1]
        yield means[1:] - means[:-1]
        yield np.array([_mean(each) for each in (changes, 100 * changes / line[:-1], 100 * changes / line[1:])])


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _of_sentences(prompt: Prompt, steps: _Steps) -> Iterator[Floats]:
    asked = prompt.question_words.keys()
    ranked = sorted(prompt.sentences, key=lambda each: -len(asked & set(words_of(each))))[:SENTENCES]
    for sentence in ranked:
        found = [_number(text) for text in NUMBERS.findall(YEAR.sub(" ", sentence))[:FIGURES]]
        with np.errstate(all="ignore"):
            yield from _over(np.array(found), steps)
