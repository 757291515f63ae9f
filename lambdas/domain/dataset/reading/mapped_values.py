"""Blocks of JSON lines with columns of another kind, as blocks of records with a prompt and a completion."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.core.fact import JsonObject
from lambdas.domain.core.outside_text import name
from lambdas.domain.dataset.formats.checks import kind
from lambdas.domain.dataset.formats.mapping import ColumnMapping
from lambdas.domain.dataset.reading.blocks import Block
from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK
from lambdas.domain.dataset.report import DatasetReport, LineRanges
from lambdas.domain.dataset.rules import remedies

_COLUMNS_SHOWN = 12
# Of a cell, rather than of a column's name: a sentence's end, a long text, a number.
_LIKE_DATA = re.compile(r"[?!.]\s*$|.{60}|^[\d\s.,%-]+$", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


class MappedValues:
    """The records of a file's blocks. What is wrong with one goes into the report; what is no object stays as it is."""

    def __init__(self, blocks: Iterable[Block], mapping: ColumnMapping, file: str, report: DatasetReport) -> None:
        self._blocks, self._mapping, self._file, self._report = blocks, mapping, file, report
        self._quoted = [orjson.dumps(column) for column in mapping.columns]
        self._what = f"made of the columns {shown_columns(mapping.columns)}"
        self.refused = 0

    def __iter__(self) -> Iterator[Block]:
        """The blocks, without the records that cannot be mapped."""
        for block in self._blocks:
            if block.too_long:
                yield block
                continue
            lines, numbers = list[bytes](), list[int]()
            for line, number in zip(block.lines, block.numbers, strict=True):
                mapped = self._mapped(line, number)
                if mapped is not None:
                    lines.append(mapped)
                    numbers.append(number)
            if lines:
                yield Block(lines, numbers)

    def _mapped(self, line: bytes, number: int) -> bytes | None:
        """The line's record as a line; None for one that cannot be mapped."""
        mark = BYTE_ORDER_MARK if number == 1 and line.startswith(BYTE_ORDER_MARK) else b""
        try:
            value = orjson.loads(line.removeprefix(mark))
        except orjson.JSONDecodeError:
            return line
        if not isinstance(value, dict):
            return line
        if self._is_sound(line, value, number):
            self._report.changed.setdefault((self._file, self._what), LineRanges()).add(number)
            return mark + orjson.dumps(self._mapping.apply(value)) + b"\n"
        self.refused += 1
        return None

    def _is_sound(self, line: bytes, value: JsonObject, number: int) -> bool:
        if missing := self._mapping.missing(value):
            message, remedy = explain_missing(missing[0], [*value])
            # Of some records it is missing on purpose.
            more = " Or give the record the column: between other texts a null is an empty one."
            self._add("missing-key", number, message, f"{remedy}{more}")
            return False
        sound = True
        for column, found in self._mapping.unusable(value):
            sound = False
            message = f"The column {name(column)!r} needs a text, not {kind(found)}."
            self._add("wrong-type", number, message, remedies.for_text(found), f"/{column}")
        for quoted, column in zip(self._quoted, self._mapping.columns, strict=True):
            # In a text or a list inside, too: then the record is looked at, and named by nobody.
            if line.count(quoted) > 1 and stands_twice(line, column):
                sound = False
                self._add("duplicate-key", number, f"The key {name(column)!r} occurs twice in an object.", "")
        return sound

    def _add(self, rule: str, line: int, message: str, remedy: str, pointer: str = "") -> None:
        self._report.add(rule, self._file, message, line=line, pointer=pointer, remedy=remedy)


def explain_missing(column: str, columns: Sequence[str]) -> tuple[str, str]:
    """What to say of a column that a mapping names and that is not there, and what to do."""
    message = f"There is no column {name(column)!r}; the columns are {shown_columns(columns)}."
    meant = did_you_mean(column, columns[:1_000]).strip()
    return (
        message,
        f"{name(meant, 200)} Correct the mapping (--prompt, --completion, or `mapping` in run.json).".strip(),
    )


def offer_mapping(columns: Sequence[str]) -> str:
    """What to do about columns that are not known: name them, as options or in run.json."""
    # Other names could say something of their own to the shell that the command is pasted into.
    plain = [column for column in columns if _PLAIN.fullmatch(column)]
    if any(_LIKE_DATA.search(column) for column in columns):
        return "Write a header above the rows, such as prompt,completion: the first row seems to be a record already."
    prompt, completion = (plain[0], plain[-1]) if len(plain) > 1 else ("question", "label")
    return (
        f"Name the columns that make the prompt and the answer, such as --prompt '{{{prompt}}}' --completion "
        f"{completion}, or `mapping` in run.json; or rename them to prompt and completion."
    )


def shown_columns(columns: Sequence[str]) -> str:
    """The first of many columns, each as a name."""
    shown = ", ".join(name(column.strip()) or "(no name)" for column in columns[:_COLUMNS_SHOWN])
    return f"{shown} and {len(columns) - _COLUMNS_SHOWN} more" if len(columns) > _COLUMNS_SHOWN else shown


def stands_twice(line: bytes, column: str) -> bool:
    """Whether an object of the line has the key twice, which a parser hides."""
    twice = False

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        twice = twice or [key for key, _ in pairs].count(column) > 1
        return dict(pairs)

    json.loads(line.removeprefix(BYTE_ORDER_MARK), object_pairs_hook=collect, parse_int=str, parse_float=str)
    return twice
