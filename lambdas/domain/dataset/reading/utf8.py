"""A file in UTF-16 or UTF-32, with a byte order mark or without, as a stream of UTF-8."""

import codecs
import io
from typing import TYPE_CHECKING, BinaryIO

from lambdas.domain.dataset.reading.unreadable import UnreadableFileError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BYTE_ORDER_MARK = codecs.BOM_UTF8
_CHUNK_BYTES = 1 << 18
# The longer marks first: that of UTF-32 begins like that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def wide_encoding(head: bytes) -> str | None:
    """The encoding of a file that begins like this; None for UTF-8 and for what is no text."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    # Without a mark: a data set begins with two ASCII characters, each with a zero beside it.
    match [bool(byte) for byte in head[:4]]:
        case [True, False, True, False]:
            return "utf-16-le"
        case [False, True, False, True]:
            return "utf-16-be"
    return None


class Utf8(io.RawIOBase):
    """The text in UTF-8, without its byte order mark. Raises UnreadableFileError where it is not in the encoding."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream, self._encoding = stream, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._pending = memoryview(b"")
        self._bytes_in, self._line = 0, 1

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Converts the next piece."""
        view = memoryview(buffer).cast("B")
        while not self._pending:
            is_first = not self._bytes_in
            chunk = self._stream.read(_CHUNK_BYTES)
            text = self._decoded(chunk)
            self._pending = memoryview((text.removeprefix("\ufeff") if is_first else text).encode())
            if not chunk:
                break
        size = min(len(view), len(self._pending))
        view[:size], self._pending = self._pending[:size], self._pending[size:]
        return size

    def _decoded(self, chunk: bytes) -> str:
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            line = self._line + before.decode(self._encoding, "replace").count("\n")
            byte = self._bytes_in + len(chunk) - len(error.object) + error.start + 1
            message = f"Not {self._encoding.upper()}, as the file begins: {error.reason} at byte {byte}."
            raise UnreadableFileError("encoding", message, line) from None
        self._bytes_in += len(chunk)
        self._line += text.count("\n")
        return text
