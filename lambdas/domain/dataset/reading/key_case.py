"""JSON records whose keys are those of a pair in another case, such as `Question` and `Answer`, as in a table's header.

The first record decides for the file: one that has the keys as they are spelt here is left alone, with all behind it.
"""

from collections.abc import Iterable, Iterator

import orjson

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.core.outside_text import name
from lambdas.domain.dataset.reading.blocks import Block
from lambdas.domain.dataset.reading.mapped_values import stands_twice
from lambdas.domain.dataset.reading.table import TableLayout, layout_of
from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK
from lambdas.domain.dataset.report import DatasetReport


class InOwnCase:
    """The records of a file's blocks, with the keys of their pair as the formats have them."""

    def __init__(self, blocks: Iterable[Block], file: str, report: DatasetReport) -> None:
        self._blocks, self._file, self._report = blocks, file, report
        self.refused = 0

    def __iter__(self) -> Iterator[Block]:
        """The blocks; where no key is to be renamed they are those that came."""
        renamed: dict[str, str] | None = None
        for block in self._blocks:
            if renamed is None and not block.too_long:
                renamed = _renamed(block)
            made = self._with_keys(block, renamed) if renamed and not block.too_long else block
            if made.lines:
                yield made

    def _with_keys(self, block: Block, renamed: dict[str, str]) -> Block:
        made = [
            (number, line)
            for number, before in zip(block.numbers, block.lines, strict=True)
            if (line := self._line(before, number, renamed)) is not None
        ]
        return Block([line for _, line in made], [number for number, _ in made])

    def _line(self, line: bytes, number: int, renamed: dict[str, str]) -> bytes | None:
        """The line's record as a line; None for one of which a key stands twice."""
        mark = BYTE_ORDER_MARK if number == 1 and line.startswith(BYTE_ORDER_MARK) else b""
        value = _parsed(line)
        if value is None or not renamed.keys() & value.keys() or set(renamed.values()) & value.keys():
            return line
        for key in renamed:
            if line.count(orjson.dumps(key)) > 1 and stands_twice(line, key):
                message = f"The key {name(key)!r} occurs twice in an object."
                self._report.add("duplicate-key", self._file, message, line=number)
                self.refused += 1
                return None
        what = f"keys {', '.join(name(key.strip()) for key in renamed)} read as {', '.join(renamed.values())}"
        self._report.note_change(self._file, what, number)
        return mark + orjson.dumps({renamed.get(key, key): each for key, each in value.items()}) + b"\n"


def _renamed(block: Block) -> dict[str, str] | None:
    """By the first record; None where there is none yet."""
    for line in block.lines:
        value = _parsed(line)
        if value is not None:
            layout = layout_of([*value])
            return _in_own_case(value, layout) if layout else {}
    return None


def _in_own_case(value: JsonObject, layout: TableLayout) -> dict[str, str]:
    """The keys that are to be renamed; none where those of the pair itself are as they are spelt here."""
    found = {key: column for key in value if (column := key.strip().lower()) in layout.columns and column != key}
    # Of two that differ in case alone it is not known which is meant.
    is_clear = len({*found.values()} - value.keys()) == len(found)
    return found if is_clear and not layout.needed.keys() <= value.keys() else {}


def _parsed(line: bytes) -> JsonObject | None:
    try:
        value = orjson.loads(line.removeprefix(BYTE_ORDER_MARK))
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
