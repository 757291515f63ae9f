"""Objects in S3: read at a version, written whole, or written only where nothing is yet."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import ClientError, IncompleteReadError

from lambdas.adapters import clients
from lambdas.adapters.service_errors import Refused, named_errors
from lambdas.domain.errors import ServiceBusy

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from botocore.response import StreamingBody
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef

_READ_BUFFER_BYTES = 1 << 20
_MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
_EXISTS = {"PreconditionFailed", "412"}
# Another conditional write of the same key is under way.
_BEING_WRITTEN = {"ConditionalRequestConflict", "409"}


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
    operation = f"Reading {uri(bucket, key)}"
    with named_errors(operation):
        answer = _get(bucket, key, version_id)
        if answer is None:
            yield None
            return
        with answer["Body"] as body:
            # botocore's own line reader also splits on a bare carriage return, and is slow.
            stream = io.BufferedReader(_Body(body), _READ_BUFFER_BYTES)
            try:
                yield StoredObject(stream, answer["ContentLength"], answer.get("VersionId"))
            except IncompleteReadError as error:
                raise ServiceBusy(f"{operation} broke off: {error}. The same call may succeed later.") from error


def read(bucket: str, key: str) -> bytes | None:
    """A small object whole, or None where it does not exist."""
    with opened(bucket, key) as stored:
        return None if stored is None else stored.stream.read()


def write(bucket: str, key: str, body: bytes, content_type: str = "application/json") -> str:
    """Writes a small object whole and returns its URI."""
    with named_errors(f"Writing {uri(bucket, key)}"):
        clients.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
    return uri(bucket, key)


def write_lines(bucket: str, key: str, lines: Iterable[bytes]) -> str:
    """Writes lines, each ended by a line feed, without holding the whole text in memory; returns the URI."""
    with named_errors(f"Writing {uri(bucket, key)}"):
        clients.s3().upload_fileobj(
            io.BufferedReader(_Lines(lines), _READ_BUFFER_BYTES), bucket, key, {"ContentType": "application/jsonl"}
        )
    return uri(bucket, key)


def write_new(bucket: str, key: str, body: bytes) -> bool:
    """Writes an object only where none exists yet, in one atomic step; False where one does."""
    operation = f"Writing {uri(bucket, key)}"
    try:
        with named_errors(operation):
            clients.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
    except Refused as error:
        if error.code in _BEING_WRITTEN:
            raise ServiceBusy(f"{operation} met another write of it. The same call may succeed later.") from error
        if error.code not in _EXISTS:
            raise
        return False
    return True


def versions(bucket: str, prefix: str) -> list[tuple[str, bytes, str | None]]:
    """Key, body and version of each small object under a prefix, by key."""
    with named_errors(f"Listing {uri(bucket, prefix)}"):
        pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    found = []
    for key in keys:
        with opened(bucket, key) as stored:
            if stored is not None:
                found.append((key, stored.stream.read(), stored.version_id))
    return found


def delete_version(bucket: str, key: str, version_id: str | None) -> None:
    """Deletes one version for good: an object that somebody has written there since stays as it is."""
    with named_errors(f"Deleting {uri(bucket, key)}"):
        if version_id is None:
            clients.s3().delete_object(Bucket=bucket, Key=key)
        else:
            clients.s3().delete_object(Bucket=bucket, Key=key, VersionId=version_id)


def _get(bucket: str, key: str, version_id: str | None) -> "GetObjectOutputTypeDef | None":
    try:
        if version_id is None:
            return clients.s3().get_object(Bucket=bucket, Key=key)
        return clients.s3().get_object(Bucket=bucket, Key=key, VersionId=version_id)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise


class _Body(io.RawIOBase):
    """A response's body as a file: urllib3 closes it at its last byte, after which a reader may still ask once more."""

    def __init__(self, body: "StreamingBody") -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        read = self._body.read(len(view))
        view[: len(read)] = read
        return len(read)


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
