"""A foreign page in the user's browser does nothing to the embedded AWS and reads nothing of it."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.embedded_aws import EmbeddedAws
from local.request_guard import TOKEN_HEADER
from tests.browser.chromium import needs_chromium, run_node

pytestmark = needs_chromium

PAGE = b"<!doctype html><meta charset=utf-8><title>evil</title><body>"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def site() -> Iterator[str]:
    """The address of a foreign page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://evil.example:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(tmp_path_factory.mktemp("embedded-aws")) as started:
        yield started


def rules(aws: EmbeddedAws) -> Any:
    """The simulated Bedrock's fault rules."""
    url, headers = f"{aws.bedrock_endpoint}/_simulation/faults", {TOKEN_HEADER: aws.token}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def test_a_page_of_a_foreign_origin_does_nothing_and_reads_nothing(aws: EmbeddedAws, site: str) -> None:
    """Whatever a page can send without the user's consent: fetches of all modes, forms, and its own name rebound."""
    aws.client("s3").create_bucket(Bucket="own-bucket", CreateBucketConfiguration={"LocationConstraint": aws.region})
    found = run_node("attack_servers.js", site, aws.endpoint, aws.bedrock_endpoint)
    assert found["origin"] == site.rstrip("/")
    assert set(found["cors"]) == set(found["preflight"]) == {"TypeError"}, "no answer could be read"
    assert set(found["opaque"]) <= {"opaque 0", "TypeError"}
    assert found["forms"] == found["rebound"] == [403, 403]
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert [one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]] == ["own-bucket"]
    assert rules(aws) == []
