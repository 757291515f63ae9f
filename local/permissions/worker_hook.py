"""Asks, before each call of a boto3 client, whether its principal may make it: AccessDenied is the answer if not.

A Lambda worker runs this file by its path, before it imports the handler: it imports nothing of the project. What IAM
refuses, botocore raises as if the service had answered so.
"""

import http.client
import importlib
import json
import os
import threading
from types import SimpleNamespace
from typing import Any

PATH = "/_permissions/decide"
ASKED = "permissions.asked"
# Of a parameter; no condition looks at longer texts.
LONGEST = 2048


class PermissionsError(Exception):
    """It cannot be decided whether the call is allowed: the embedded AWS does not know the operation, for example."""


class Asker:
    """Asks the emulator on loopback `port`; `principal` is `{"function": name}`, or `{"role", "session", "origin"}`."""

    def __init__(self, port: int, token: str, principal: dict[str, str]) -> None:
        self._address = ("127.0.0.1", port)
        self._headers = {"X-Amz-Security-Token": token, "Content-Type": "application/json"}
        self._principal = principal
        self._local = threading.local()

    def install(self, events: Any) -> None:
        """On the events of a client."""
        events.register_last("before-parameter-build", self.keep)
        events.register_last("before-call", self.ask)

    def keep(self, params: Any, context: dict[str, Any], **_: Any) -> None:
        """The parameters as the caller gave them; later they are a request's."""
        context[ASKED] = {"parameters": plain(params), "region": context.get("client_region")}

    def ask(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
        """Nothing where the call is allowed, else the answer to it."""
        asked = {
            **self._principal,
            **context.pop(ASKED, {"parameters": {}}),
            "service": model.service_model.service_name,
            "operation": model.name,
        }
        status, answer = self._post(json.dumps(asked))
        if status != 200:
            raise PermissionsError(answer.get("message", answer))
        refused = answer["denial"]
        if refused is None:
            return None
        error = {"Code": refused["code"], "Message": refused["message"], "Type": "Sender"}
        metadata = {"HTTPStatusCode": refused["status"], "HTTPHeaders": {}, "RetryAttempts": 0}
        return SimpleNamespace(status_code=refused["status"]), {"Error": error, "ResponseMetadata": metadata}

    def _post(self, body: str) -> tuple[int, Any]:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            try:
                return self._exchange(connection, body)
            except (OSError, http.client.HTTPException):
                # The emulator has closed it, since it was idle.
                connection.close()
        connection = self._local.connection = http.client.HTTPConnection(*self._address)
        return self._exchange(connection, body)

    def _exchange(self, connection: http.client.HTTPConnection, body: str) -> tuple[int, Any]:
        connection.request("POST", PATH, body, self._headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def install_in_worker(port: int) -> None:
    """For every client that this process will make, in the name of its function."""
    handlers = importlib.import_module("botocore.handlers")
    principal = {"function": os.environ["AWS_LAMBDA_FUNCTION_NAME"]}
    asker = Asker(port, os.environ["AWS_SESSION_TOKEN"], principal)
    handlers.BUILTIN_HANDLERS.append(("before-parameter-build", asker.keep, handlers.REGISTER_LAST))
    handlers.BUILTIN_HANDLERS.append(("before-call", asker.ask, handlers.REGISTER_LAST))


def plain(value: Any) -> Any:
    """A parameter as JSON: long texts are cut, and bytes and streams are left out."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, str):
        return value[:LONGEST]
    return value if isinstance(value, (bool, int, float)) else None
