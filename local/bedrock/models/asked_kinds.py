"""What a question asks for, as far as its words say it: which computed figures count, and what cannot be an answer.

A table gives so many sums, ratios and counts that one of them meets nearly any short figure by chance. So a figure that
is computed counts only where the question asks for such a computation.
"""

import math
import re

import numpy as np
import numpy.typing as npt

from local.bedrock.models.candidates import Candidates, Kind
from local.bedrock.models.prompts import NUMBERS, number_in, words_of

_COMPARED = (
    r"\b(?:chang|differ|increas|decreas|declin|grow|rise|rose|fall|fell|drop|improv|reduc)"
    r"|\b(?:more|less|fewer|higher|lower|exceed|compare|than|net|remain|left)"
)
_PART = (
    r"%|\b(?:percent|proportion|share|portion|fraction|part of|rate|growth|margin|ratio|times|relative|contribut"
    r"|weight)"
)
_TOTAL = r"\b(?:sum|total|combined|altogether|together|add|overall|all|both|and|net|aggregate|between|from)\b"
_MEAN = r"\b(?:average|mean)\b"
_SPAN = r"(?:years?|fys?|periods?|quarters?|dates?)"
_TIME = (
    rf"\bwhen\b|\b(?:which|what|how many|respective)\s{{1,9}}+(?:[\w'.()-]{{1,40}}+\s{{1,9}}+){{0,4}}?{_SPAN}\b"
    r"|\b(?:years|fys|periods|dates|as (?:of|at) (?:what|which)|time ?frame)\b"
    r"(?!\s{0,9}+(?:(?:ended|ending)\s{0,9}+)?\d)"
)
# The words that a question needs for a kind of figure to be its answer; the others may answer any question.
_ASKS: dict[Kind, re.Pattern[str]] = {
    kind: re.compile(pattern, re.IGNORECASE)
    for kind, pattern in {
        Kind.DIFFERENCE: _COMPARED,
        Kind.CHANGE_PERCENT: rf"{_COMPARED}|{_PART}",
        Kind.SUM: _TOTAL,
        Kind.AVERAGE: _MEAN,
        Kind.ROW_SUM: _TOTAL,
        Kind.ROW_AVERAGE: _MEAN,
        Kind.RATIO: r"\b(?:ratio|proportion|share|portion|fraction|part of|rate|margin|times|relative|per)\b",
        Kind.SHARE_PERCENT: _PART,
        Kind.COUNT: r"\bhow many\b|\bnumber\b|\bcount\b",
    }.items()
}
_PERCENTAGE = frozenset((Kind.CHANGE_PERCENT, Kind.SHARE_PERCENT))
_ASKS_TIME = re.compile(_TIME, re.IGNORECASE)
_ASKS_REASON = re.compile(
    r"\bwhy\b|\breasons?\b|\bwhat (?:drove|drives|caused|causes|led to|explains)\b|\battribut(?:ed|able) to\W*\Z"
    r"|\bwhat (?:do|does|did) [^?]{0,200}? (?:consist|stand for|mean|refer|comprise|represent|include)",
    re.IGNORECASE,
)
_ASKS_FIGURE = re.compile(
    r"\A\W*(?:(?:(?:by |in \w{1,12}, )?how (?:much|many|large|big)"
    r"|what (?:is|was|are|were) the (?:[\w-]+ )?(?:average|mean|percentage|ratio|sum))\b)",
    re.IGNORECASE,
)
_ASKS_YEAR = re.compile(r"\A\W*(?:(?:in|for|during) )?(?:which|what) (?:fiscal |financial )?years?\b", re.IGNORECASE)
_ASKS_PERCENTAGE = re.compile(r"\bpercentage (?:change|increase|decrease|difference|of|growth)|\bpercent of\b", re.I)
_SCALED = re.compile(r"[$€£¥]|\b(?:hundred|thousand|million|billion|trillion)s?\b", re.IGNORECASE)
_GROUPED = re.compile(r"\d,\d{3}(?!\d)")
_YEARS = re.compile(r"\W*(?:(?:19|20)\d\d(?!\d|[,.]\d)\W*(?:and\b\W*)?){1,20}")
_COUNTED = frozenset((
    "no", "none", "nil", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "once", "twice", "half",
))  # fmt: skip
_LONGEST_FIGURE_WORDS = 4


def counted_kinds(candidates: Candidates, question: str) -> npt.NDArray[np.bool_]:
    """Which candidates may be the answer by what the question asks for."""
    refused = [kind for kind, pattern in _ASKS.items() if not pattern.search(question)]
    return ~np.isin(candidates.kinds, refused)


def is_amount(answer: str) -> bool:
    """Whether an answer has a currency or a scale, so that it is no ratio."""
    return _SCALED.search(answer) is not None


def mismatch(question: str, answer: str, told: set[float], *, is_cell: bool) -> str | None:
    """Why the answer is none to such a question; None where it may be one.

    `told` are the context's figures. A cell of the table (`is_cell`) is no year only because it could be one.
    """
    is_figure = not math.isnan(number_in(answer)) and len(words_of(answer)) <= _LONGEST_FIGURE_WORDS
    is_year = not is_cell and _YEARS.fullmatch(answer) is not None and told.issuperset(figures_in(answer))
    if is_year and not _ASKS_TIME.search(question):
        return "The question asks for no year."
    if is_figure and _ASKS_REASON.search(question):
        return "The question does not ask for a figure."
    if (is_amount(answer) or _GROUPED.search(answer)) and _ASKS_PERCENTAGE.search(question):
        return "The question asks for a percentage."
    if is_amount(answer) and _ASKS_YEAR.search(question):
        return "The question asks for a year."
    if _ASKS_FIGURE.search(question) and not re.search(r"\d", answer) and _COUNTED.isdisjoint(words_of(answer)):
        return "The question asks for a figure."
    return None


def figures_in(text: str) -> set[float]:
    """The figures of a text, without their signs."""
    return {float(figure.replace(",", "")) for figure in NUMBERS.findall(text)}
