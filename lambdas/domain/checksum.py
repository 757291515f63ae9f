"""A stream's SHA-256 while it is read, computed beside the checks: hashing a gigabyte takes as long as parsing it."""

import hashlib
import io
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 1 << 20


class Hashed(io.RawIOBase):
    """A stream read through; `checksum` and `size_bytes` are of what was read so far."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._pending: Future[None] | None = None
        self.size_bytes = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Reads on, and has what was read hashed meanwhile."""
        view = memoryview(buffer).cast("B")
        chunk = self._stream.read(len(view))
        view[: len(chunk)] = chunk
        self.size_bytes += len(chunk)
        # One chunk at a time, so that no more than two are held.
        self._wait()
        self._pending = self._worker.submit(self._digest.update, chunk)
        return len(chunk)

    def close(self) -> None:
        """Ends the hashing; the stream beneath stays open."""
        if not self.closed:
            self._wait()
            self._worker.shutdown()
        super().close()

    def checksum(self) -> str:
        """SHA-256 in hexadecimal."""
        self._wait()
        return self._digest.hexdigest()

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()


def buffered(stream: Hashed) -> io.BufferedReader:
    """The stream with fast `readline`; closing it closes the hashing."""
    return io.BufferedReader(stream, _BUFFER_BYTES)
