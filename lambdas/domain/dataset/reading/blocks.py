"""A stream of bytes as blocks of whole lines, which end at line feeds alone: constant memory whatever it holds."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import BinaryIO, NamedTuple

from lambdas.domain.dataset.reading.unreadable import UnreadableFileError

# About what is checked at once: scans are paid for once for many short lines, and all fits the processor's cache.
BLOCK_BYTES = 64 * 1024
# The longest line a record below 32,000 tokens can need: 6 characters a token, each escaped as 12 bytes, and some air.
MAX_LINE_BYTES = 4 * 1024**2


class Block(NamedTuple):
    """Lines with their ends, and the number of each, from 1. `too_long`: one line, of which only the start is here."""

    lines: list[bytes]
    numbers: Sequence[int]
    too_long: bool = False


def read_blocks(stream: BinaryIO) -> Iterator[Block]:
    """Blocks of at least BLOCK_BYTES; at most that and MAX_LINE_BYTES are held. Give a buffered stream."""
    first, lines, size_bytes = 1, list[bytes](), 0
    readline = partial(stream.readline, MAX_LINE_BYTES)
    for line in iter(readline, b""):
        lines.append(line)
        size_bytes += len(line)
        too_long = len(line) == MAX_LINE_BYTES and not line.endswith(b"\n")
        if size_bytes < BLOCK_BYTES and not too_long:
            continue
        if too_long:
            del lines[-1]
        if lines:
            yield Block(lines, range(first, first + len(lines)))
        first += len(lines)
        if too_long:
            while (rest := readline()) and not rest.endswith(b"\n"):
                pass
            yield Block([line], [first], too_long=True)
            first += 1
        lines, size_bytes = [], 0
    if lines:
        yield Block(lines, range(first, first + len(lines)))


def in_blocks(numbered: Iterable[tuple[int, bytes]]) -> Iterator[Block]:
    """Blocks of lines that a reader has made and numbered, also of those before one that it cannot make."""
    lines, numbers, size_bytes = list[bytes](), list[int](), 0
    try:
        for number, line in numbered:
            lines.append(line)
            numbers.append(number)
            size_bytes += len(line)
            if size_bytes >= BLOCK_BYTES:
                yield Block(lines, numbers)
                lines, numbers, size_bytes = [], [], 0
    except UnreadableFileError:
        if lines:
            yield Block(lines, numbers)
        raise
    if lines:
        yield Block(lines, numbers)
