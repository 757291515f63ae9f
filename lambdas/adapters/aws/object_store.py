"""Objects in S3: read at a version, written whole, or written only where nothing is yet."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypedDict

from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError

from lambdas.adapters.aws.service_errors import Refused, named_errors
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.timestamps import timestamp

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef, GetObjectOutputTypeDef

_READ_BUFFER_BYTES = 1 << 20
# S3's least size of a part is 5 MB.
_PART_BYTES = 8 << 20
_LINES = "application/jsonl"
# Of a folder that may hold anything.
MOST_LISTED = 10_000
_MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
_EXISTS = {"PreconditionFailed", "412"}
# Another conditional write of the same key is under way.
_BEING_WRITTEN = {"ConditionalRequestConflict", "409"}


class _Place(TypedDict):
    Bucket: str
    Key: str


@dataclass(frozen=True)
class StoredObject:
    """An object being read: its stream, size in bytes and version (None in an unversioned bucket)."""

    stream: BinaryIO
    size_bytes: int
    version_id: str | None


class ListedObject(NamedTuple):
    """An object as a list tells it: its content's tag, and a timestamp."""

    etag: str
    modified: str


def uri(bucket: str, key: str) -> str:
    """`s3://bucket/key`."""
    return f"s3://{bucket}/{key}"


class ObjectStore:
    """Objects in S3. Every method raises ServiceBusy or Refused."""

    def __init__(self, s3: "S3Client") -> None:
        self._s3 = s3

    @contextmanager
    def opened(self, bucket: str, key: str, version_id: str | None = None) -> Iterator[StoredObject | None]:
        """Reads an object at a version, by default its latest; gives None where it does not exist.

        A broken connection while reading is ServiceBusy, like a busy S3.
        """
        operation = f"Reading {uri(bucket, key)}"
        with named_errors(operation):
            answer = self._get(bucket, key, version_id)
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

    def read(self, bucket: str, key: str) -> bytes | None:
        """A small object whole, or None where it does not exist."""
        with self.opened(bucket, key) as stored:
            return None if stored is None else stored.stream.read()

    def read_start(self, bucket: str, key: str, most_bytes: int) -> bytes:
        """The first bytes of an object; none where it does not exist."""
        with self.opened(bucket, key) as stored:
            return b"" if stored is None else stored.stream.read(most_bytes)

    def lines(self, bucket: str, key: str) -> Iterator[bytes]:
        """An object's lines without their line feeds, one at a time; none where it does not exist."""
        with self.opened(bucket, key) as stored:
            if stored is not None:
                for line in stored.stream:
                    yield line.removesuffix(b"\n")

    def write(self, bucket: str, key: str, body: bytes, content_type: str = "application/json") -> str:
        """Writes a small object whole and returns its URI."""
        with named_errors(f"Writing {uri(bucket, key)}"):
            self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        return uri(bucket, key)

    def write_lines(self, bucket: str, key: str, lines: Iterable[bytes]) -> str:
        """Writes lines, each ended by a line feed, without holding the whole text in memory; returns the URI."""
        with named_errors(f"Writing {uri(bucket, key)}"):
            self._s3.upload_fileobj(
                io.BufferedReader(_Lines(lines), _READ_BUFFER_BYTES), bucket, key, {"ContentType": _LINES}
            )
        return uri(bucket, key)

    @contextmanager
    def line_writer(self, bucket: str, key: str, content_type: str = _LINES) -> Iterator["LineWriter"]:
        """Writes an object line by line, in parts of 8 MB; after a failure there is no object and no part is left."""
        writer = LineWriter(self._s3, bucket, key, content_type)
        try:
            yield writer
            writer.complete()
        except BaseException:
            writer.abort()
            raise

    def write_new(self, bucket: str, key: str, body: bytes) -> bool:
        """Writes an object only where none exists yet, in one atomic step; False where one does."""
        operation = f"Writing {uri(bucket, key)}"
        try:
            with named_errors(operation):
                self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except Refused as error:
            if error.code in _BEING_WRITTEN:
                raise ServiceBusy(f"{operation} met another write of it. The same call may succeed later.") from error
            if error.code not in _EXISTS:
                raise
            return False
        return True

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys of all objects under a prefix."""
        return list(self.iterate_keys(bucket, prefix))

    def iterate_keys(self, bucket: str, prefix: str) -> Iterator[str]:
        """The keys of all objects under a prefix in their order, a page of S3's list at a time."""
        with named_errors(f"Listing {uri(bucket, prefix)}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            yield from (entry["Key"] for page in pages for entry in page.get("Contents", []))

    def folder(self, bucket: str, prefix: str) -> dict[str, ListedObject]:
        """The objects directly below a prefix that ends with a slash, by their names; MOST_LISTED at most."""
        with named_errors(f"Listing {uri(bucket, prefix)}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=prefix, Delimiter="/", PaginationConfig={"MaxItems": MOST_LISTED}
            )
            return {
                entry["Key"].removeprefix(prefix): ListedObject(entry["ETag"], timestamp(entry["LastModified"]))
                for page in pages
                for entry in page.get("Contents", [])
                if entry["Key"] != prefix
            }

    def versions(self, bucket: str, prefix: str) -> list[tuple[str, bytes, str | None]]:
        """Key, body and version of each small object under a prefix, by key."""
        found = []
        for key in self.keys(bucket, prefix):
            with self.opened(bucket, key) as stored:
                if stored is not None:
                    found.append((key, stored.stream.read(), stored.version_id))
        return found

    def bucket_region(self, bucket: str) -> str | None:
        """The Region that a bucket is in; None where it does not exist."""
        try:
            with named_errors("GetBucketLocation"):
                location: str | None = self._s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
        except Refused as refusal:
            if refusal.code == "NoSuchBucket":
                return None
            raise
        # S3's own names of its two oldest Regions.
        return {None: "us-east-1", "EU": "eu-west-1"}.get(location, location)

    def delete_version(self, bucket: str, key: str, version_id: str | None) -> None:
        """Deletes one version for good: an object that somebody has written there since stays as it is."""
        with named_errors(f"Deleting {uri(bucket, key)}"):
            if version_id is None:
                self._s3.delete_object(Bucket=bucket, Key=key)
            else:
                self._s3.delete_object(Bucket=bucket, Key=key, VersionId=version_id)

    def _get(self, bucket: str, key: str, version_id: str | None) -> "GetObjectOutputTypeDef | None":
        try:
            if version_id is None:
                return self._s3.get_object(Bucket=bucket, Key=key)
            return self._s3.get_object(Bucket=bucket, Key=key, VersionId=version_id)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise


class LineWriter:
    """An object in the making: put whole where it stays small, else a multipart upload. Holds one part."""

    def __init__(self, s3: "S3Client", bucket: str, key: str, content_type: str = _LINES) -> None:
        self._s3, self._content_type = s3, content_type
        self._place: _Place = {"Bucket": bucket, "Key": key}
        self._operation = f"Writing {uri(bucket, key)}"
        self._part = bytearray()
        self._upload_id: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    def write(self, line: bytes) -> None:
        """Adds a line and its line feed."""
        self._part += line
        self._part += b"\n"
        if len(self._part) >= _PART_BYTES:
            self._send()

    def complete(self) -> None:
        """Makes the object from what was written."""
        if self._upload_id is None:
            with named_errors(self._operation):
                self._s3.put_object(**self._place, Body=bytes(self._part), ContentType=self._content_type)
            return
        if self._part:
            self._send()
        with named_errors(self._operation):
            self._s3.complete_multipart_upload(
                **self._place, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
            )

    def abort(self) -> None:
        """Gives up what was sent; the bucket's life-cycle rule removes what a failed call leaves."""
        if self._upload_id is not None:
            with suppress(ClientError, BotoCoreError):
                self._s3.abort_multipart_upload(**self._place, UploadId=self._upload_id)

    def _send(self) -> None:
        with named_errors(self._operation):
            if self._upload_id is None:
                started = self._s3.create_multipart_upload(**self._place, ContentType=self._content_type)
                self._upload_id = started["UploadId"]
            number = len(self._parts) + 1
            sent = self._s3.upload_part(
                **self._place, UploadId=self._upload_id, PartNumber=number, Body=bytes(self._part)
            )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._part.clear()


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
