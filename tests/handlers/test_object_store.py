"""Objects read over HTTP, whose bodies urllib3 closes at the last byte."""

import io
from typing import IO, TYPE_CHECKING, Any, cast

import botocore.client
import pytest
from botocore.response import StreamingBody
from urllib3 import HTTPResponse

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws import object_store

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.mark.parametrize("ending", [b"\n", b""])
def test_an_object_is_read_to_its_end_though_its_body_closes_there(
    adapters: Adapters, monkeypatch: pytest.MonkeyPatch, ending: bytes
) -> None:
    """A reader asks once more after the last byte; failing then would refuse every data set on a real S3."""
    text = b"first\nsecond" + ending

    def get_object(*_: Any, **__: Any) -> dict[str, Any]:
        response = HTTPResponse(body=io.BytesIO(text), preload_content=False)
        return {"Body": StreamingBody(cast(IO[bytes], response), len(text)), "ContentLength": len(text)}

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", get_object)

    with adapters.objects.opened("bucket", "key") as stored:
        assert stored is not None
        assert stored.stream.readlines() == text.splitlines(keepends=True)


@pytest.mark.parametrize("lines", [0, 3, 5_000])
def test_lines_become_one_object_whether_small_or_in_parts(
    s3: "S3Client", adapters: Adapters, monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    """A set of any size must arrive whole, without ever being held whole."""
    monkeypatch.setattr(object_store, "_PART_BYTES", 5 << 20)
    text = b"x" * 2_000
    with adapters.objects.line_writer("output-bucket", "set.jsonl") as writer:
        for _ in range(lines):
            writer.write(text)
    stored = s3.get_object(Bucket="output-bucket", Key="set.jsonl")
    assert stored["Body"].read() == (text + b"\n") * lines
    assert stored["ContentType"] == "application/jsonl"


def test_failure_while_writing_leaves_neither_object_nor_parts(
    s3: "S3Client", adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a data set must not look like one, and parts without an object are billed unseen."""
    monkeypatch.setattr(object_store, "_PART_BYTES", 5 << 20)

    def broken() -> None:
        with adapters.objects.line_writer("output-bucket", "set.jsonl") as writer:
            for _ in range(4_000):
                writer.write(b"x" * 2_000)
            raise RuntimeError("the reader broke off")

    with pytest.raises(RuntimeError):
        broken()
    assert "Contents" not in s3.list_objects_v2(Bucket="output-bucket")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="output-bucket")
