"""A gzip file as a stream of what it holds, bounded: a small file must not become terabytes."""

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

from lambdas.domain.core.counted import counted
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 18
# zlib's code for a gzip header and trailer, checksum and length included.
_GZIP = 31
# Text shrinks to a tenth; a table of equal rows to a hundredth. Small files may do what they like.
MAX_RATIO = 200
_PACK_AGAIN = "Pack the data again, and upload it again."
FREE_BYTES = 8 << 20


class Gunzipped(io.RawIOBase):
    """What a gzip file holds, of all its members. Raises UnreadableFileError where it is broken or too large."""

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        self._stream, self._max_bytes = stream, max_bytes
        self._member = zlib.decompressobj(wbits=_GZIP)
        self._rest = b""
        self._bytes_in = self._bytes_out = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Unpacks as much as there is room for."""
        view = memoryview(buffer).cast("B")
        made = self._unpacked(len(view))
        view[: len(made)] = made
        return len(made)

    def _unpacked(self, size: int) -> bytes:
        while True:
            if not self._rest:
                self._rest = self._stream.read(_CHUNK_BYTES)
                self._bytes_in += len(self._rest)
                if not self._rest:
                    return self._end()
            if self._member.eof:
                # Another member may follow; zeros are padding.
                self._rest = self._rest.lstrip(b"\0")
                if not self._rest:
                    continue
                self._member = zlib.decompressobj(wbits=_GZIP)
            try:
                made = self._member.decompress(self._rest, size)
            except zlib.error as error:
                message = f"The gzip file is damaged: {error}."
                raise UnreadableFileError("file-format", message, remedy=_PACK_AGAIN) from None
            self._rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if made:
                self._count(len(made))
                return made

    def _end(self) -> bytes:
        if not self._member.eof:
            message = f"The gzip file ends in the middle, after {counted(self._bytes_in, 'byte')}."
            raise UnreadableFileError("file-format", message, remedy=_PACK_AGAIN)
        return b""

    def _count(self, size: int) -> None:
        self._bytes_out += size
        if self._bytes_out > self._max_bytes:
            message = f"The gzip file unpacks to more than {self._max_bytes} bytes, the most that can be used."
            raise UnreadableFileError("file-size", message)
        if self._bytes_out > FREE_BYTES and self._bytes_out > MAX_RATIO * self._bytes_in:
            message = f"The gzip file unpacks to more than {MAX_RATIO} times its size, which no data set does."
            remedy = "Unpack it, look at what is in it, and upload that."
            raise UnreadableFileError("file-size", message, remedy=remedy)
