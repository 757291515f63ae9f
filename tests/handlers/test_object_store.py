"""Objects read over HTTP, whose bodies urllib3 closes at the last byte."""

import io
from typing import Any

import botocore.client
import pytest
from botocore.response import StreamingBody
from urllib3 import HTTPResponse

from lambdas.adapters import object_store


@pytest.mark.parametrize("ending", [b"\n", b""])
def test_an_object_is_read_to_its_end_though_its_body_closes_there(
    aws: None, monkeypatch: pytest.MonkeyPatch, ending: bytes
) -> None:
    """A reader asks once more after the last byte; failing then would refuse every data set on a real S3."""
    text = b"first\nsecond" + ending

    def get_object(*_: Any, **__: Any) -> dict[str, Any]:
        response = HTTPResponse(body=io.BytesIO(text), preload_content=False)
        return {"Body": StreamingBody(response, len(text)), "ContentLength": len(text)}

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", get_object)

    with object_store.opened("bucket", "key") as stored:
        assert stored is not None
        assert stored.stream.readlines() == text.splitlines(keepends=True)
