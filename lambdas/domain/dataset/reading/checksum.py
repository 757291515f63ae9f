"""A stream's SHA-256 while it is read, computed beside the checks: hashing a gigabyte takes as long as parsing it."""

import hashlib
import io
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 1 << 20


class Hashed(io.RawIOBase):
    """A stream read through; `checksum` and `size_bytes` are of what was read so far.

    Without `hashing` it only counts, for who cannot wait for a checksum.
    """

    def __init__(self, stream: BinaryIO, *, hashing: bool = True) -> None:
        self._stream = stream
        self._digest = hashlib.sha256() if hashing else None
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
        if self._digest is not None:
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

    def checksum(self) -> str | None:
        """SHA-256 in hexadecimal; None without hashing."""
        self._wait()
        return None if self._digest is None else self._digest.hexdigest()

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()


def buffered(stream: Hashed) -> io.BufferedReader:
    """The stream with fast `readline`; closing it closes the hashing."""
    return io.BufferedReader(stream, _BUFFER_BYTES)
