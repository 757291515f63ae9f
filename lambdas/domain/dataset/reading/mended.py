"""Lines that are nearly JSON, as JSON: what has one meaning and needs no decision is written as it is meant.

Python's notation is read as a literal, never run; a comma behind a record, and the quotes around a record that was
encoded twice, are taken away. Each line stays the line of its number, but for a list of records in Python's notation.
"""

import ast
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from lambdas.domain.dataset.reading.blocks import MAX_LINE_BYTES
from lambdas.domain.dataset.reading.foreign import is_python
from lambdas.domain.dataset.reading.json_values import json_layout
from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK
from lambdas.domain.dataset.report import LineRanges

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_HEAD_BYTES = 64 * 1024
# A literal takes far more memory than its text.
_MOST_PYTHON_BYTES = 16 << 20
_PYTHON, _COMMA, _TWICE = "read as Python's notation", "comma behind the record removed", "decoded once more"
_WINDOWS = "read as Windows-1252"

Mended = dict[str, LineRanges]


def mended(stream: "io.BufferedReader[Any]", changes: Mended) -> "io.BufferedReader[Any]":
    """The file with its nearly JSON lines mended; each kind of change and its lines are noted in `changes`.

    A file of another kind, such as a table or an array, is given as it is.
    """
    head = stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if is_python(head) and text.startswith(b"["):
        return io.BufferedReader(_Lines(_of_list(stream, changes)))
    if is_python(head) or (text.startswith((b"{", b'"')) and json_layout(head) is None):
        return io.BufferedReader(_Lines(_of_lines(stream, changes)))
    return stream


def _of_lines(stream: BinaryIO, changes: Mended) -> Iterator[bytes]:
    number = 0
    while line := stream.readline(MAX_LINE_BYTES):
        number += 1
        if len(line) < MAX_LINE_BYTES and not _is_record(line):
            fitting = _mended(line.removeprefix(BYTE_ORDER_MARK).strip())
            if fitting is not None:
                if line.startswith(BYTE_ORDER_MARK):
                    changes["byte order mark removed"] = LineRanges(1, [[1, 1]])
                line, what = fitting
                changes.setdefault(what, LineRanges()).add(number)
        yield line


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line.removeprefix(BYTE_ORDER_MARK)), dict)
    except orjson.JSONDecodeError:
        return False


def _mended(line: bytes) -> tuple[bytes, str] | None:
    """The record that a line is meant as, as a line, and what was done; None for what has no single meaning."""
    if (text := _from_windows(line)) is not None:
        return (text + b"\n", _WINDOWS) if _is_record(text) else None
    if line.endswith(b",") and _is_record(line[:-1]):
        return line[:-1].rstrip() + b"\n", _COMMA
    if line.startswith(b'"'):
        text = _json(line.rstrip(b","))
        inner = _json(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else None
        return (orjson.dumps(inner) + b"\n", _TWICE) if isinstance(inner, dict) else None
    if line.startswith(b"{"):
        value = _literal(line.rstrip(b","))
        found = _dumped(value) if isinstance(value, dict) else None
        return None if found is None else (found, _PYTHON)
    return None


def _from_windows(line: bytes) -> bytes | None:
    """A line that is not UTF-8 as the text in Windows-1252 that it may be."""
    try:
        line.decode()
    except UnicodeDecodeError:
        try:
            return line.decode("cp1252").encode()
        except UnicodeDecodeError:
            return None
    return None


def _of_list(stream: BinaryIO, changes: Mended) -> Iterator[bytes]:
    text = stream.read(_MOST_PYTHON_BYTES + 1)
    values = _literal(text.removeprefix(BYTE_ORDER_MARK).strip()) if len(text) <= _MOST_PYTHON_BYTES else None
    lines = [_dumped(value) for value in values] if isinstance(values, list) else [None]
    if None in lines:
        yield text
        yield from iter(lambda: stream.read(_HEAD_BYTES), b"")
        return
    for number, line in enumerate(lines, start=1):
        changes.setdefault(_PYTHON, LineRanges()).add(number)
        yield line or b""


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _literal(text: bytes) -> Any:
    try:
        return ast.literal_eval(text.decode())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _dumped(value: Any) -> bytes | None:
    """The value as a line of JSON; None for what JSON does not have."""
    try:
        return orjson.dumps(value) + b"\n"
    except TypeError:
        return None


class _Lines(io.RawIOBase):
    """Lines as a stream."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self._rest = lines, b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Reads on, to the end of a line at most."""
        while not self._rest:
            line = next(self._lines, None)
            if line is None:
                return 0
            self._rest = line
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._rest))
        view[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
