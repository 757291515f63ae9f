"""S3 as far as the object store calls it, on a folder: an object is a file.

So our own code is measured, without a server's time.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients


def adapters_on(folder: Path) -> Adapters:
    """Adapters whose buckets are folders of this one, in an account without parameters."""
    return Adapters(Clients(_Maker(folder)))


class _Maker:
    """Makes the clients."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def client(self, service_name: Any, *, config: Config) -> Any:
        return _FolderS3(self._folder) if service_name == "s3" else _NoParameters()


class _NoParameters:
    def get_parameter(self, **_: Any) -> None:
        raise _refusal("GetParameter", "ParameterNotFound")


class _FolderS3:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_object(self, **request: Any) -> dict[str, Any]:
        path = self._path(request)
        if not path.is_file():
            raise _refusal("GetObject", "NoSuchKey")
        size = path.stat().st_size
        return {"Body": StreamingBody(path.open("rb"), size), "ContentLength": size}

    def put_object(self, **request: Any) -> None:
        self._path(request).write_bytes(request["Body"])

    def create_multipart_upload(self, **request: Any) -> dict[str, str]:
        self._path(request).write_bytes(b"")
        return {"UploadId": request["Key"]}

    def upload_part(self, **request: Any) -> dict[str, str]:
        with self._path(request).open("ab") as file:
            file.write(request["Body"])
        return {"ETag": ""}

    def complete_multipart_upload(self, **_: Any) -> None:
        pass

    def upload_fileobj(self, file: BinaryIO, bucket: str, key: str, _: dict[str, str]) -> None:
        self._path({"Bucket": bucket, "Key": key}).write_bytes(file.read())

    def get_paginator(self, _: str) -> "_FolderS3":
        return self

    def paginate(self, **request: str) -> Iterator[dict[str, Any]]:
        root = self._folder / request["Bucket"]
        found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        yield {"Contents": [{"Key": key} for key in sorted(found) if key.startswith(request["Prefix"])]}

    def _path(self, request: dict[str, Any]) -> Path:
        path: Path = self._folder / request["Bucket"] / request["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _refusal(operation: str, code: str) -> ClientError:
    metadata: Any = {"HTTPStatusCode": 404}
    return ClientError({"Error": {"Code": code, "Message": ""}, "ResponseMetadata": metadata}, operation)
