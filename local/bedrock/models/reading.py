"""Reads a prompt: the question, the tables and the sentences of its context. Knows nothing of any data set."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

HTML_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL | re.IGNORECASE)
HTML_ROW = re.compile(r"<tr\b[^>]*>(.*?)</tr>", re.DOTALL | re.IGNORECASE)
HTML_CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"<[^<>]*>")
PIPE_ROW = re.compile(r"^[ \t]*\|?(?:[^|\n]*\|){1,}[^|\n]*$", re.MULTILINE)
PIPE_RULE = re.compile(r"[\s|:\-]+")
QUESTION_MARKER = re.compile(r"(?:^|\n)\s*(?:question|query|task)\s*:\s*", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(\d])|\n+")
WORD = re.compile(r"[a-z]+|\d+(?:[.,]\d+)*")
NUMBER = re.compile(r"\(?-?[$€£¥]?\s*\(?-?\d[\d,]*(?:\.\d+)?\)?\s*%?")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
STOP_WORDS = frozenset(
    [
        "a", "an", "and", "are", "as", "at", "be", "between", "by", "did", "do", "does", "for",
        "from", "had", "has", "have", "how", "in", "is", "it", "its", "much", "of", "on", "or",
        "respectively", "than", "that", "the", "their", "there", "these", "this", "to", "was",
        "were", "what", "when", "where", "which", "who", "whom", "why", "will", "with", "year",
        "years"
    ]
)  # fmt: skip


def words(text: str) -> list[str]:
    """Lower-case words without endings and without stop words, numbers as they are."""
    return [_stem(word) for word in WORD.findall(text.lower()) if word not in STOP_WORDS]


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def number(text: str) -> float | None:
    """The number that a cell or an answer consists of: `$(1,234.5)` is -1234.5, `12%` is 12; None for anything else."""
    match = NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    digits = re.sub(r"[^\d.]", "", text)
    try:
        value = float(digits)
    except ValueError:
        return None
    return -value if "(" in text or "-" in text else value


@dataclass(frozen=True)
class Cell:
    """A value of a table with the words of its row's label, of its section's and of its column's header."""

    text: str
    value: float | None
    row: int
    column: int


@dataclass(frozen=True)
class Table:
    """Rows and columns of values; labels and headers are texts by index."""

    labels: tuple[str, ...]
    sections: tuple[str, ...]
    headers: tuple[str, ...]
    cells: tuple[tuple[Cell | None, ...], ...]

    @cached_property
    def label_words(self) -> list[set[str]]:
        """Words of each row's label."""
        return [set(words(label)) for label in self.labels]

    @cached_property
    def section_words(self) -> list[set[str]]:
        """Words of the section heading above each row."""
        return [set(words(section)) for section in self.sections]

    @cached_property
    def header_words(self) -> list[set[str]]:
        """Words of each column's header."""
        return [set(words(header)) for header in self.headers]


@dataclass(frozen=True)
class Reading:
    """A prompt, read."""

    question: str
    tables: tuple[Table, ...]
    sentences: tuple[str, ...]

    @cached_property
    def question_words(self) -> list[str]:
        """The question's words, stop words left out."""
        return words(self.question)


def read(turns: Sequence[tuple[str, str]]) -> Reading:
    """Read the last user turn: what follows `Question:`, or the last line, is the question; the rest is the context."""
    prompt = next((text for role, text in reversed(turns) if role == "user"), "")
    context, question = _split_question(prompt)
    tables = [_table(_html_rows(match.group())) for match in HTML_TABLE.finditer(context)]
    context = HTML_TABLE.sub("\n", context)
    pipes = [line for line in PIPE_ROW.findall(context) if line.count("|") >= 2]
    if pipes:
        tables.append(_table([_pipe_cells(line) for line in pipes if not PIPE_RULE.fullmatch(line)]))
        context = PIPE_ROW.sub("\n", context)
    prose = html.unescape(TAG.sub(" ", context))
    sentences = tuple(part.strip() for part in SENTENCE_END.split(prose) if part and len(part.split()) > 2)
    return Reading(question, tuple(table for table in tables if table is not None), sentences)


def _split_question(prompt: str) -> tuple[str, str]:
    markers = list(QUESTION_MARKER.finditer(prompt))
    if markers:
        last = markers[-1]
        return prompt[: last.start()] + "\n", prompt[last.end() :].strip()
    lines = [line for line in prompt.strip().split("\n") if line.strip()]
    asking = [line for line in lines if line.rstrip().endswith("?")]
    question = asking[-1] if asking else (lines[-1] if lines else "")
    if len(lines) == 1 and not asking:
        return prompt, question
    start = prompt.rfind(question)
    return prompt[:start] + "\n" + prompt[start + len(question) :], question.strip()


def _html_rows(table: str) -> list[list[str]]:
    return [
        [html.unescape(TAG.sub(" ", cell)).strip() for cell in HTML_CELL.findall(row)]
        for row in HTML_ROW.findall(table)
    ]


def _pipe_cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _table(rows: list[list[str]]) -> Table | None:
    """A table of cells: leading rows without a label, or without values, are headers; later ones are sections."""
    rows = [row for row in rows if any(row)]
    width = max((len(row) for row in rows), default=0)
    if len(rows) < 2 or width < 2:
        return None
    rows = [row + [""] * (width - len(row)) for row in rows]
    first = 0
    while first < len(rows) - 1 and (first == 0 or not rows[first][0] or not any(rows[first][1:])):
        first += 1
    headers = tuple(" ".join(row[column] for row in rows[:first] if row[column]) for column in range(width))
    section = rows[0][0]
    labels: list[str] = []
    sections: list[str] = []
    cells: list[tuple[Cell | None, ...]] = []
    for row in rows[first:]:
        if not any(row[1:]):
            section = row[0]
            continue
        labels.append(row[0])
        sections.append(section)
        index = len(cells)
        cells.append(
            tuple(
                Cell(text, number(text), index, column) if text and column else None for column, text in enumerate(row)
            )
        )
    return Table(tuple(labels), tuple(sections), headers, tuple(cells)) if cells else None
