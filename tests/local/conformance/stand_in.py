"""A stand-in for AWS: answers that were recorded, served again on a loopback port.

`python -m tests.local.conformance.stand_in` records the answers of the simulated Bedrock anew, after checks were added
or changed; no account is needed.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local.conformance.bad_input import require_permissions
from local.conformance.calls import AwsCaller
from local.conformance.check import Tier
from local.conformance.place import Place, regions_of
from local.conformance.suite import run_single_checks, single_checks

RECORDING = Path(__file__).parent / "recording.jsonl"
ACCOUNT = "123456789012"
_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[a-z0-9-]+)/")
_TOKEN = re.compile(r', "clientRequestToken": "[0-9a-f-]{36}"')
_IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::{0}:assumed-role/Admin/jo@example.com</Arn><UserId>AROA:jo@example.com</UserId>
<Account>{0}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


class _Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Nothing."""


# What a request is told from others by, and its answer.
Exchange = dict[str, Any]


def key_of(region: str, method: str, path: str, target: str | None, body: str) -> str:
    """What a request is told from others by; botocore adds a token that is new each time."""
    return f"{region} {method} {path} {target or '-'} {_TOKEN.sub('', body)}"


def read_recording() -> dict[str, Exchange]:
    """The recorded answers by their requests."""
    exchanges = (json.loads(line) for line in RECORDING.read_text().splitlines())
    return {exchange["request"]: exchange for exchange in exchanges}


@contextmanager
def serve_recording(recording: dict[str, Exchange]) -> Iterator[str]:
    """Yields the address; a request that was not recorded is answered with an error of its own."""

    def app(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        body = request.get_data(as_text=True)
        if parse_qs(body).get("Action") == ["GetCallerIdentity"]:
            return Response(_IDENTITY.format(ACCOUNT), mimetype="text/xml")(environ, start_response)
        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        region = scope["region"] if scope else ""
        target = request.headers.get("X-Amz-Target")
        exchange = recording.get(key_of(region, request.method, environ["RAW_URI"], target, body))
        if exchange is None:
            exchange = {"status": 400, "error": "NotRecordedException", "body": {"message": "Record it anew."}}
        response = Response(json.dumps(exchange["body"]), status=exchange["status"], mimetype="application/json")
        if exchange["error"]:
            response.headers["x-amzn-errortype"] = exchange["error"]
        return response(environ, start_response)

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def record() -> None:
    """Makes the checks that create nothing, and writes all answers."""
    from tests.local.conformance.conftest import InProcessAccount  # noqa: PLC0415 - it imports this module's tests' own

    place = Place(ACCOUNT, regions_of(None))
    account = InProcessAccount(place)
    lines: dict[str, str] = {}

    def note(region: str, request: Any, response: Response) -> None:
        body = request.body or b""
        text = body.decode() if isinstance(body, bytes) else body
        path = re.sub(r"^https?://[^/]+", "", str(request.url))
        target = request.headers.get("X-Amz-Target")
        name = key_of(region, request.method, path, target.decode() if isinstance(target, bytes) else target, text)
        error = response.headers.get("x-amzn-errortype", "").partition(":")[0] or None
        told = json.loads(response.get_data() or b"{}")
        lines[name] = json.dumps(
            {"request": name, "status": response.status_code, "error": error, "body": told}, ensure_ascii=False
        )
        assert response.status_code != HTTPStatus.INTERNAL_SERVER_ERROR

    account.note = note
    caller = AwsCaller(account)
    require_permissions(place, caller)
    assert all(one.status == "as assumed" for one in run_single_checks(single_checks(place), tuple(Tier), caller))
    RECORDING.write_text("".join(f"{line}\n" for line in lines.values()))


if __name__ == "__main__":
    record()
