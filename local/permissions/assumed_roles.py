"""The roles that the simulated Bedrock assumes, on an embedded AWS that enforces permissions: it asks the guard."""

import json
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local.bedrock.server import s3_client
from local.permissions.request import AccessRequest, ContextValue, Origin, session_of
from local.permissions.worker_hook import PATH, Asker
from local.request_guard import TOKEN_HEADER

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

ORIGIN: Origin = "bedrock"
# The name of the session in which Bedrock works with a role; AWS tells it nowhere.
SESSION = "model-customization"


class AssumedRoles:
    """Implements `local.bedrock.service_role.ServiceRoles` with the emulator at an endpoint."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint = endpoint
        self._region = region
        self._token = os.environ["AWS_SESSION_TOKEN"]
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        # One client for a role: each takes 10 MB.
        self._client = cache(self._new_client)

    def may(self, principal: str, action: str, resource: str, context: Mapping[str, ContextValue]) -> bool:
        """What the deployed policies allow a role, or Bedrock itself."""
        session = session_of(principal, SESSION) if principal.startswith("arn:") else principal
        asked = asdict(AccessRequest(session, action, (resource,), context, ORIGIN))
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self._endpoint}{PATH}", json.dumps({"request": asked}).encode(), {TOKEN_HEADER: self._token}
        )
        with self._opener.open(request) as answer:
            return json.load(answer)["denial"] is None

    def s3(self, role_arn: str) -> "S3Client":
        """A client each of whose calls the role's policies decide on."""
        return self._client(role_arn)

    def _new_client(self, role_arn: str) -> "S3Client":
        made = s3_client(self._endpoint, self._region)
        principal = {"role": role_arn, "session": SESSION, "origin": ORIGIN}
        Asker(urlsplit(self._endpoint).port or 0, self._token, principal).install(made.meta.events)
        return made
