"""JSON that is not one record a line, as blocks of records: an array of records, or records one after another.

Each record is cut out by its brackets and kept as it was written, so that the rules see what a JSON parser would hide,
such as a key that stands twice. Memory holds a chunk and the longest record, whatever the file holds.
"""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal

import orjson

from lambdas.domain.dataset.reading.blocks import MAX_LINE_BYTES, Block, in_blocks
from lambdas.domain.dataset.reading.nested import list_in_object
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError
from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK

JsonLayout = Literal["JSON array", "JSON objects"]

_CHUNK_BYTES = 1 << 18
_WHITE_SPACE = b" \t\r\n"
_next_sign = re.compile(rb'["\[\]{},]').search
_QUOTE, _COMMA, _BACKSLASH = b'",\\'
# As deep as the JSON parser reads.
_MOST_NESTED = 1024
_NOT_READ = "What follows was not read."
_EXPORT_AGAIN = "Export the records again, and upload them again."
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")


def json_layout(head: bytes) -> JsonLayout | None:
    """How the records of a file stand that begins like this; None for JSON Lines and for all else."""
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip(_WHITE_SPACE)
    if text.startswith(b"["):
        is_of_records = text[1:].lstrip(_WHITE_SPACE).startswith(b"{")
        return "JSON array" if is_of_records and not _has_more_lists(text) else None
    if not text.startswith(b"{"):
        return None
    first_line = text.partition(b"\n")[0]
    if first_line.rstrip(_WHITE_SPACE) == b"{":
        return "JSON objects"
    if _is_json(first_line):
        return None
    end = _first_end(text)
    if end is None or not _is_json(text[:end]):
        return None
    # Either the first record has several lines, or its line has another one.
    return "JSON objects" if end > len(first_line) or text[end:].lstrip(_WHITE_SPACE).startswith(b"{") else None


def _has_more_lists(text: bytes) -> bool:
    """Whether these are JSON Lines, each of them a list."""
    first_line, _, rest = text.partition(b"\n")
    return rest.lstrip(_WHITE_SPACE).startswith(b"[") and _is_json(first_line)


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _first_end(text: bytes) -> int | None:
    """Where the first value ends, if it does."""
    depth = 0
    for place in _signs(text, 0):
        depth += (text[place] in _OPENING) - (text[place] in _CLOSING)
        if depth <= 0:
            return place + 1
    return None


def _signs(data: bytes, at: int) -> Iterator[int]:
    """The places of brackets and commas that are outside of strings, and last that of a string that does not end."""
    while sign := _next_sign(data, at):
        place = sign.start()
        if data[place] == _QUOTE:
            end = _string_end(data, place + 1)
            if end < 0:
                yield place
                return
            at = end + 1
        else:
            at = place + 1
            yield place


def _string_end(data: bytes, begin: int) -> int:
    """Where the quote stands that ends a string; -1 where none does."""
    end = data.find(b'"', begin)
    while end > begin and data[end - 1] == _BACKSLASH:
        first = end - 1
        while first > begin and data[first - 1] == _BACKSLASH:
            first -= 1
        if (end - first) % 2 == 0:
            break
        end = data.find(b'"', end + 1)
    return end


class JsonValues:
    """The records of such a file; each is numbered by the line that it begins on, or else by one more than the last.

    So a record of an array on one line has its place in the array as its number. `on_record` is told each. Raises
    UnreadableFileError where the records cannot be told apart any more.
    """

    def __init__(
        self, stream: BinaryIO, layout: JsonLayout, on_record: Callable[[int], None] = lambda number: None
    ) -> None:
        self._stream, self._is_array, self._on_record = stream, layout == "JSON array", on_record
        # What was read and not yet given, up to where it was scanned, and how deep in brackets the scan is there.
        self._data, self._at, self._depth = b"", 0, 0
        # The line that it begins on, and the last record's number.
        self._line, self._number = 1, 0

    def __iter__(self) -> Iterator[Block]:
        """Blocks of the records, each as it was written, with the line feeds within it."""
        return in_blocks(self._records())

    def _records(self) -> Iterator[tuple[int, bytes]]:
        self._read_on()
        self._data = self._data.removeprefix(BYTE_ORDER_MARK)
        if self._is_array:
            begin = self._data.index(b"[")
            self._line += self._data.count(b"\n", 0, begin)
            self._data = self._data[begin + 1 :]
        while True:
            begin = 0
            for place in self._ends():
                value = self._data[begin : place if self._is_array else place + 1]
                is_last = self._is_array and self._data[place] != _COMMA
                begin = place + 1
                if self._number or not is_last or value.strip(_WHITE_SPACE):
                    yield self._record(value)
                if is_last:
                    self._check_nothing_follows(begin)
                    return
            self._data, self._at = self._data[begin:], self._at - begin
            if not self._read_on():
                self._check_end()
                return

    def _ends(self) -> Iterator[int]:
        """Where records end: in an array at the sign behind each, else at its own last bracket."""
        data, depth, is_array = self._data, self._depth, self._is_array
        for place in _signs(data, self._at):
            sign = data[place]
            if sign == _QUOTE:
                # The rest of the string is not read yet.
                self._at, self._depth = place, depth
                return
            if sign in _OPENING:
                depth += 1
                if depth > _MOST_NESTED:
                    message = (
                        f"Brackets stand more than {_MOST_NESTED} deep: a bracket may never be closed. {_NOT_READ}"
                    )
                    raise UnreadableFileError("json-syntax", message, self._line)
            elif depth == 0:
                if is_array:
                    yield place
            elif sign in _CLOSING:
                depth -= 1
                if depth == 0 and not is_array:
                    yield place
        self._at, self._depth = len(data), depth

    def _record(self, value: bytes) -> tuple[int, bytes]:
        text = value.strip(_WHITE_SPACE)
        line = self._line_of(value)
        if not text:
            remedy = "Leave the comma out."
            raise UnreadableFileError(
                "json-syntax", f"A comma has no record behind it. {_NOT_READ}", line, remedy=remedy
            )
        if len(text) > MAX_LINE_BYTES:
            raise _too_long(line)
        if not self._is_array and text[0] not in _OPENING:
            message = f"Something else than a record stands between two records. {_NOT_READ}"
            remedy = "Write one record a line, with nothing between them."
            raise UnreadableFileError("json-syntax", message, line, remedy=remedy)
        self._line += value.count(b"\n")
        self._number = max(line, self._number + 1)
        self._on_record(self._number)
        return self._number, text + b"\n"

    def _line_of(self, value: bytes) -> int:
        return self._line + value.count(b"\n", 0, len(value) - len(value.lstrip(_WHITE_SPACE)))

    def _read_on(self) -> bool:
        """Reads another chunk behind what is not yet given; False at the file's end."""
        if not self._data.strip(_WHITE_SPACE):
            self._line += self._data.count(b"\n")
            self._data, self._at = b"", 0
        if len(self._data) > MAX_LINE_BYTES:
            if not self._number and not self._is_array and (nested := list_in_object(self._data[:_CHUNK_BYTES])):
                raise UnreadableFileError(
                    "record-type", nested.message, self._line_of(self._data), remedy=nested.remedy
                )
            raise _too_long(self._line_of(self._data))
        chunk = self._stream.read(_CHUNK_BYTES)
        self._data += chunk
        return bool(chunk)

    def _check_nothing_follows(self, end: int) -> None:
        self._data, self._at = self._data[end:], 0
        while not self._data.strip(_WHITE_SPACE):
            if not self._read_on():
                return
        message = f"The JSON array ends, but the file goes on. {_NOT_READ}"
        remedy = "Join the arrays, or write one record a line."
        raise UnreadableFileError("json-syntax", message, self._line_of(self._data), remedy=remedy)

    def _check_end(self) -> None:
        """Refuses a file that breaks off."""
        line = self._line_of(self._data)
        if self._is_array:
            message = "The JSON array never ends: the file breaks off."
            raise UnreadableFileError("json-syntax", message, line, remedy=_EXPORT_AGAIN)
        if self._data:
            message = "The last record is not whole: the file breaks off."
            raise UnreadableFileError("json-syntax", message, line, remedy=_EXPORT_AGAIN)


def _too_long(line: int) -> UnreadableFileError:
    message = (
        f"The record that begins here has more than {MAX_LINE_BYTES} bytes: a quote or a bracket may never be closed. "
        f"{_NOT_READ}"
    )
    return UnreadableFileError("line-length", message, line)
