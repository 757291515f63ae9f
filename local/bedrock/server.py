"""Serves the simulated Bedrock on a loopback port, to whoever has the token."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from local.bedrock.call_log import CallLog
from local.bedrock.clock import SimulationClock, WallClock
from local.bedrock.faults import Fault
from local.bedrock.service import SimulatedBedrock
from local.bedrock.service_role import ServiceRoles
from local.bedrock.settings import SimulationSettings
from local.request_guard import RequestGuard

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

HOST = "127.0.0.1"
# How soon a server notices that it is to stop.
POLL_SECONDS = 0.02


class _Handler(WSGIRequestHandler):
    """Logs nothing: the call log does."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Nothing."""


def s3_client(endpoint: str, region: str) -> "S3Client":
    """A client of an emulated S3: path-style; of its credentials only the caller's session token means something."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="simulated",
        aws_secret_access_key="simulated",  # noqa: S106 - no secret: the emulated S3 checks none
        aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
        config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
    )


def bind(
    settings: SimulationSettings,
    s3: "S3Client",
    *,
    token: str,
    executor: Executor,
    port: int = 0,
    calls: Path | None = None,
    faults: list[Fault] | None = None,
    clock: SimulationClock | None = None,
    roles: ServiceRoles | None = None,
) -> BaseWSGIServer:
    """A server that listens on 127.0.0.1 (port 0: a free one, see `server.port`) and waits for `serve_forever()`.

    It refuses requests without `token`. Without `roles`, a job's role may do anything.
    """
    app = SimulatedBedrock(settings, clock or WallClock(), s3, executor, CallLog(calls), faults or [], roles)
    server = make_server(HOST, port, app, threaded=True, request_handler=_Handler)
    # Which hosts a request may name is known with the port, before anything is served.
    server.app = RequestGuard(server.port, token).wsgi(app)
    return server


@contextmanager
def serve(
    settings: SimulationSettings,
    s3: "S3Client",
    *,
    token: str,
    port: int = 0,
    calls: Path | None = None,
    faults: list[Fault] | None = None,
    clock: SimulationClock | None = None,
    executor: Executor | None = None,
    roles: ServiceRoles | None = None,
) -> Iterator[str]:
    """Serve from a thread of this process; yields the address, such as `http://127.0.0.1:40123`."""
    trainings = executor or ThreadPoolExecutor(max_workers=1, thread_name_prefix="training")
    server = bind(
        settings, s3, token=token, executor=trainings, port=port, calls=calls, faults=faults, clock=clock, roles=roles
    )
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS}, name="simulated-bedrock", daemon=True
    )
    thread.start()
    try:
        yield f"http://{HOST}:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        trainings.shutdown(wait=False, cancel_futures=True)
