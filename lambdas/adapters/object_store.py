"""Objects in S3: read at a version, written whole, or written only where nothing is yet."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import ClientError, HTTPClientError

from lambdas.adapters import clients
from lambdas.domain.errors import ServiceBusy

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_READ_BUFFER_BYTES = 1 << 20
_BUSY = {
    "500",
    "503",
    "ConditionalRequestConflict",
    "InternalError",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_MISSING = {"NoSuchKey", "NoSuchVersion", "404"}


@dataclass(frozen=True)
class StoredObject:
    """An object being read: its stream, size in bytes and version (None in an unversioned bucket)."""

    stream: BinaryIO
    size_bytes: int
    version_id: str | None


def uri(bucket: str, key: str) -> str:
    """`s3://bucket/key`."""
    return f"s3://{bucket}/{key}"


@contextmanager
def opened(bucket: str, key: str, version_id: str | None = None) -> Iterator[StoredObject | None]:
    """Reads an object at a version, by default its latest; gives None where it does not exist.

    A broken connection while reading is ServiceBusy, like a busy S3.
    """
    with _busy_as_named_error(f"Reading {uri(bucket, key)}"):
        try:
            if version_id is None:
                answer = clients.s3().get_object(Bucket=bucket, Key=key)
            else:
                answer = clients.s3().get_object(Bucket=bucket, Key=key, VersionId=version_id)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            yield None
            return
        with answer["Body"] as body:
            # botocore's own line reader also splits on a bare carriage return, and is slow.
            stream = io.BufferedReader(cast(io.RawIOBase, body), _READ_BUFFER_BYTES)
            yield StoredObject(cast(BinaryIO, stream), answer["ContentLength"], answer.get("VersionId"))


def read(bucket: str, key: str) -> bytes | None:
    """A small object whole, or None where it does not exist."""
    with opened(bucket, key) as stored:
        return None if stored is None else stored.stream.read()


def write(bucket: str, key: str, body: bytes, content_type: str = "application/json") -> str:
    """Writes a small object whole and returns its URI."""
    with _busy_as_named_error(f"Writing {uri(bucket, key)}"):
        clients.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
    return uri(bucket, key)


def write_lines(bucket: str, key: str, lines: Iterable[bytes]) -> str:
    """Writes lines, each ended by a line feed, without holding the whole text in memory; returns the URI."""
    with _busy_as_named_error(f"Writing {uri(bucket, key)}"):
        clients.s3().upload_fileobj(
            io.BufferedReader(_Lines(lines), _READ_BUFFER_BYTES), bucket, key, {"ContentType": "application/jsonl"}
        )
    return uri(bucket, key)


def write_new(bucket: str, key: str, body: bytes) -> bool:
    """Writes an object only where none exists yet, in one atomic step; False where one does."""
    with _busy_as_named_error(f"Writing {uri(bucket, key)}"):
        try:
            clients.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in {"PreconditionFailed", "412"}:
                return False
            raise
    return True


class _Lines(io.RawIOBase):
    """Lines as a file, for boto3's transfer manager."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if not self._rest:
            line = next(self._lines, None)
            if line is None:
                return 0
            self._rest = line + b"\n"
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._rest))
        view[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


@contextmanager
def _busy_as_named_error(action: str) -> Iterator[None]:
    """Raises ServiceBusy for what may succeed later, so that the state machine retries it for minutes."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _BUSY:
            raise ServiceBusy(f"{action} failed: {error}. The same call may succeed later.") from error
        raise
    except HTTPClientError as error:
        raise ServiceBusy(f"{action} failed: {error}. The same call may succeed later.") from error
