"""The rate at which the gate's reader takes lines from S3, over a plain read of the same body in chunks.

S3 is a server on loopback that streams one file, so the rates say what the reader costs, not what a network gives.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.domain.dataset.reading.blocks import read_blocks

ROUNDS = 3
_CHUNK_BYTES = 1 << 20
_SETTINGS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "us-east-1"}


def measure_s3(path: Path) -> dict[str, Any]:
    """MB/s of both ways to read, medians of interleaved rounds, and their ratio."""
    megabytes = path.stat().st_size / 1_000_000
    ways: dict[str, Callable[[], object]] = {"plain_chunks": _read_chunks, "gate_lines": _read_lines}
    found: dict[str, list[float]] = {name: [] for name in ways}
    with _served(path):
        for _ in range(ROUNDS):
            for name, read in ways.items():
                started = time.perf_counter()
                read()
                found[name].append(megabytes / (time.perf_counter() - started))
    rates = {name: median(values) for name, values in found.items()}
    return {
        "megabytes": round(megabytes, 1),
        **{f"{name}_mb_per_second": round(rate, 1) for name, rate in rates.items()},
        "rate_over_plain_chunks": round(rates["gate_lines"] / rates["plain_chunks"], 3),
    }


def _read_chunks() -> None:
    body = Adapters(Clients()).clients.s3.get_object(Bucket="bench", Key="file")["Body"]
    while body.read(_CHUNK_BYTES):
        pass


def _read_lines() -> None:
    with Adapters(Clients()).objects.opened("bench", "file") as stored:
        if stored is None:
            raise FileNotFoundError
        for _ in read_blocks(stored.stream):
            pass


@contextmanager
def _served(path: Path) -> Iterator[None]:
    """The file as every object of S3, from a process of its own; boto3's settings point to it meanwhile."""
    ours, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=_serve, args=(path, theirs), daemon=True)
    server.start()
    before = dict(os.environ)
    try:
        os.environ.update(_SETTINGS, AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{ours.recv()}")
        yield
    finally:
        server.terminate()
        server.join()
        os.environ.clear()
        os.environ.update(before)


def _serve(path: Path, connection: Connection) -> None:
    class Object(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(path.stat().st_size))
            self.send_header("ETag", '"bench"')
            self.end_headers()
            with path.open("rb") as file:
                shutil.copyfileobj(file, self.wfile, _CHUNK_BYTES)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Object)
    connection.send(server.server_address[1])
    server.serve_forever()
