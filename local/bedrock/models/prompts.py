"""Reads a prompt as a simulated model sees it: a question, the tables and the sentences it is about.

Tables are HTML (`<tr>`, `<td>`), lines with `|`, or lines with tabs. The question is the last paragraph.
"""

import html
import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

# Of 32 bits at work, of 16 where thousands of prompts are kept.
Floats = npt.NDArray[np.floating[Any]]

HTML_EDGE = re.compile(r"<(?P<name>table|tr|/table(?=>)|/tr(?=>))", re.I)
ROW_START, ROW_END = re.compile(r"<tr[^<>]*>", re.I), re.compile(r"</tr>", re.I)
CELL_START, CELL_END = re.compile(r"<t[dh][^<>]*>", re.I), re.compile(r"</t[dh]>", re.I)
TAG = re.compile(r"<[^>]{1,200}>")
LINE_TABLE = re.compile(r"(?:^[^\n|]*+\|[^\n]*+\n?+){2,}+|(?:^[^\n\t]*+\t[^\n]*+\n?+){2,}+", re.M)
RULE_LINE = re.compile(r"^[\s|:+-]+$")
PARAGRAPH = re.compile(r"\n\s*\n")
QUESTION_LABEL = re.compile(r"^\s*(?:question|q|query)\s*[:.]\s*", re.I)
SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[\"(“A-Z0-9])|\n+")
WORD = re.compile(r"[a-z]+|\d+(?:[.,]\d+)*")
NUMBER = re.compile(r"[-(\u2212]?+\s*+[$€£¥]?+\s*+[-(\u2212]?+\s*+(\d[\d,]*+\.?+\d*+|\.\d++)\s*+%?+\s*+\)?+\s*+%?+")
NUMBERS = re.compile(r"\d[\d,]*\.?\d*|\.\d+")
LONGEST_FIGURE = 32
YEAR = re.compile(r"\b(?:19|20)\d\d\b|\bFY?\s?\d\d\b")
STOP_WORDS = frozenset((
    "a", "an", "the", "of", "in", "on", "at", "to", "for", "from", "and", "or", "by", "with", "as", "is", "are", "was",
    "were", "be", "been", "did", "do", "does", "has", "have", "had", "it", "its", "this", "that", "these", "those",
    "what", "which", "who", "whose", "when", "where", "why", "how", "much", "many", "between", "during", "than", "per",
    "s",
))  # fmt: skip
NO_FIGURE = frozenset(("-", "\u2014", "\u2013", "$-", "$\u2014", "$ \u2014"))
TABLES_CACHED = 64
MAXIMUM_SENTENCES = 60
LONGEST_QUESTION_WORDS = 40
MAXIMUM_CELLS = 400


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers; a plural's s is cut, so that `asset` meets `assets`."""
    return [
        word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word
        for word in WORD.findall(text.lower())
    ]


def number_of(text: str) -> float:
    """The number that the whole text is (`(1,234)` is negative, `-5.1%` is -5.1), else NaN."""
    match = NUMBER.fullmatch(text.strip())
    if match is None:
        return math.nan
    value = float(match[1].replace(",", ""))
    return -value if re.match(r"[$€£¥\s]*[-(\u2212]", text.strip()) else value


def number_in(text: str) -> float:
    """The number in a short text that has just one, such as `$9.6 million`; else NaN."""
    found = NUMBERS.findall(text[:LONGEST_FIGURE]) if len(text) <= LONGEST_FIGURE else []
    if len(found) != 1:
        return math.nan
    negative = re.search(r"(?:[-\u2212]|\()\s?[$€£¥]?\s?\d", text)
    return float(found[0].replace(",", "")) * (-1 if negative else 1)


def year_of(text: str) -> int:
    """The last year named in a text (`F19` is 2019), or 0."""
    years = YEAR.findall(text)
    if not years:
        return 0
    digits = re.sub(r"\D", "", years[-1])
    return int(digits) if len(digits) > 2 else 2000 + int(digits)


@dataclass(frozen=True)
class Table:
    """A table whose leading rows name the columns and whose first column names the rows.

    Cells are those with numbers: parallel arrays of row, column and value, and their texts.
    """

    row_labels: list[str]
    sections: list[str]
    column_labels: list[str]
    cell_rows: npt.NDArray[np.int32]
    cell_columns: npt.NDArray[np.int32]
    values: npt.NDArray[np.float64]
    texts: list[str]
    header: str

    @cached_property
    def rows(self) -> "Labels":
        """Names of the rows."""
        return Labels(self.row_labels)

    @cached_property
    def section_names(self) -> "Labels":
        """Headings above the rows."""
        return Labels(self.sections)

    @cached_property
    def columns(self) -> "Labels":
        """Names of the columns."""
        return Labels(self.column_labels)

    @cached_property
    def years(self) -> npt.NDArray[np.int32]:
        """The year that a column's name has last, or 0."""
        return np.array([year_of(label) for label in self.column_labels], np.int32)

    @cached_property
    def totals(self) -> npt.NDArray[np.bool_]:
        """Which rows are totals, by their names or for want of one."""
        return np.array([not label or "total" in label.lower() for label in self.row_labels], bool)

    @cached_property
    def grid(self) -> dict[tuple[int, int], int]:
        """Cell by row and column."""
        return {
            (row, column): index
            for index, (row, column) in enumerate(zip(self.cell_rows.tolist(), self.cell_columns.tolist(), strict=True))
        }


class Labels:
    """Names of rows or columns, weighted so that what all of them share says little."""

    def __init__(self, labels: list[str]) -> None:
        self.words = [tuple(dict.fromkeys(words_of(label))) for label in labels]
        frequency = Counter(word for words in self.words for word in words)
        self.weights = {
            word: (0.2 if word in STOP_WORDS else 1.0) / (1 + math.log(count)) for word, count in frequency.items()
        }
        self.totals = np.array([sum(self.weights[word] for word in words) or 1.0 for words in self.words], np.float32)

    def match(self, question: dict[str, int]) -> tuple[Floats, Floats, npt.NDArray[np.int32]]:
        """F1 and recall of each label's words in the question, and where the label is first named (-1: not)."""
        weights = self.weights
        named = sum(weight for word, weight in weights.items() if word in question) or 1.0
        hits = np.zeros(len(self.words), np.float32)
        positions = np.full(len(self.words), -1, np.int32)
        for index, words in enumerate(self.words):
            for word in words:
                if word in question:
                    hits[index] += weights[word]
                    if word not in STOP_WORDS and (positions[index] < 0 or positions[index] > question[word]):
                        positions[index] = question[word]
        return 2 * hits / (self.totals + named), hits / self.totals, positions


@dataclass(frozen=True)
class Prompt:
    """What a model reads: `question_words` maps each word to its first position."""

    question: str
    tables: tuple[Table, ...]
    sentences: tuple[str, ...]
    question_words: dict[str, int] = field(default_factory=dict)

    @property
    def has_context(self) -> bool:
        """Whether there is more than a question."""
        return bool(self.tables) or len(self.sentences) > 0


def read_prompt(text: str) -> Prompt:
    """Tables, sentences and question of one turn."""
    tables: list[Table] = []

    def take(found: str) -> str:
        table = _table(found)
        if table is not None:
            tables.append(table)
            return "\n"
        return TAG.sub(" ", found)

    rest = _without_html_tables(text, take)
    rest = LINE_TABLE.sub(lambda match: take(match[0]), rest)
    paragraphs = [part.strip() for part in PARAGRAPH.split(TAG.sub("\n", rest)) if part.strip()]
    question = QUESTION_LABEL.sub("", paragraphs.pop()) if paragraphs else ""
    if "\n" in question:
        # A label line and its text, or a text and the question below it.
        *above, last = [line for line in question.split("\n") if line.strip()]
        if last.rstrip().endswith("?"):
            paragraphs += above
            question = QUESTION_LABEL.sub("", last)
    if len(question.split()) > LONGEST_QUESTION_WORDS or SENTENCE_END.search(question.strip()):
        paragraphs.append(question)  # a text to work on, the instruction stands before it
    sentences = [s.strip() for part in paragraphs for s in SENTENCE_END.split(part) if s.strip()]
    positions: dict[str, int] = {}
    for position, word in enumerate(words_of(question)):
        positions.setdefault(word, position)
    return Prompt(question, tuple(tables), tuple(sentences[:MAXIMUM_SENTENCES]), positions)


def read_turns(turns: tuple[tuple[str, str], ...]) -> Prompt:
    """The last turn, or the whole conversation where the last turn is a question about what came before."""
    prompt = read_prompt(turns[-1][1])
    if prompt.has_context or len(turns) == 1:
        return prompt
    return read_prompt("\n\n".join(text for role, text in turns if role == "user"))


def _without_html_tables(text: str, take: Callable[[str], str]) -> str:
    """The text with what `take` makes of each table: from `<table` to its end, or from a row to the last one's end."""
    edges = [(match["name"].lower(), match) for match in HTML_EDGE.finditer(text)]
    ends = [match.start() for name, match in edges if name == "/table"]
    last_row = max((match.start() for name, match in edges if name == "/tr"), default=-1)
    parts, position = list[str](), 0
    for name, match in edges:
        start = match.start()
        if start < position or name.startswith("/"):
            continue
        following = bisect_right(ends, start)
        if name == "table" and following < len(ends):
            end = ends[following] + len("</table>")
        elif name == "tr" and last_row > start:
            end = last_row + len("</tr>")
        else:
            continue
        parts += [text[position:start], take(text[start:end])]
        position = end
    return "".join([*parts, text[position:]])


def _elements(text: str, start: re.Pattern[str], end: re.Pattern[str]) -> list[str]:
    """What stands between a start tag and the next end tag."""
    found = [(start.search(part), part) for part in end.split(text)[:-1]]
    return [part[match.end() :] for match, part in found if match]


@lru_cache(TABLES_CACHED)
def _table(text: str) -> Table | None:
    if "<" in text:
        rows = [
            [html.unescape(TAG.sub(" ", cell)).strip() for cell in _elements(row, CELL_START, CELL_END)]
            for row in _elements(text, ROW_START, ROW_END)
        ]
    else:
        separator = "|" if "|" in text else "\t"
        rows = [
            [cell.strip() for cell in line.strip().strip("|").split(separator)]
            for line in text.splitlines()
            if line.strip() and not RULE_LINE.match(line)
        ]
    rows = [row for row in rows if any(row)]
    width = max((len(row) for row in rows), default=0)
    if len(rows) < 2 or width < 2:
        return None
    return _read_rows([row + [""] * (width - len(row)) for row in rows])


def _read_rows(rows: list[list[str]]) -> Table:
    data = next((number for number, row in enumerate(rows) if _has_figures(row)), 1)
    labels: list[str] = []
    sections: list[str] = []
    found: list[tuple[int, int, float, str]] = []
    section = ""
    for row in rows[data:]:
        if not any(row[1:]):
            section = row[0]
            continue
        labels.append(row[0])
        sections.append(section)
        for column, text in enumerate(row):
            value = number_of(text) if text and (column or text != row[0]) else math.nan
            if text in NO_FIGURE:
                value = 0.0
            if not math.isnan(value) and column and len(found) < MAXIMUM_CELLS:
                found.append((len(labels) - 1, column, value, text))
    heads = rows[:data]
    columns = [" ".join(head[column] for head in heads if head[column]) for column in range(len(rows[0]))]
    return Table(
        labels,
        sections,
        columns,
        np.array([cell[0] for cell in found], np.int32),
        np.array([cell[1] for cell in found], np.int32),
        np.array([cell[2] for cell in found], np.float64),
        [cell[3] for cell in found],
        " ".join([" ".join(row) for row in heads] + sections[:1]),
    )


def _has_figures(row: list[str]) -> bool:
    return any(not math.isnan(number_of(text)) and not YEAR.fullmatch(text.strip()) for text in row[1:])
