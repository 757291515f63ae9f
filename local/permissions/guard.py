"""Decides the calls of principals on the embedded AWS before any service sees them, and records each decision.

In the emulator's process. A Lambda worker asks before each call (`local.permissions.worker_hook`), at
`POST /_permissions/decide` with `{"function" | "role", "service", "operation", "parameters"}`; the answer is
`{"denial": null}`, or the error that the caller gets. A service of AWS asks for itself with `{"request"}`, the fields
of an AccessRequest. Whoever acts in this process itself asks `Guard.refusal`.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc

from local.permissions import policies
from local.permissions.calls import AccountState, AwsCall, UnknownCallError, access_requests
from local.permissions.denial import Denial, denial, message
from local.permissions.evaluator import AccessDecision, Evaluator, EvaluatorError, Policies
from local.permissions.record import DecisionRecord
from local.permissions.request import AccessRequest, Origin, session_of

PATH = "/_permissions/decide"
REFUSED = (UnknownCallError, EvaluatorError, policies.UnknownRoleError)


class Guard:
    """Decides by the policies that are deployed at that moment."""

    def __init__(self, evaluator: Evaluator, account: AccountState, record: DecisionRecord) -> None:
        self._evaluator = evaluator
        self._account = account
        self._record = record

    def refusal(self, request: AccessRequest) -> tuple[str, AccessDecision] | None:
        """The first resource that is refused, and why; None where the principal may.

        Raises EvaluatorError and UnknownRoleError.
        """
        for resource in request.resources:
            try:
                decision = self._evaluator.decide(request, resource, self._policies(request, resource))
            except EvaluatorError as error:
                self.undecided(replace(request, resources=(resource,)), error)
                raise
            self._record.append(request, resource, decision)
            if not decision.allowed:
                return resource, decision
        return None

    def undecided(self, request: AccessRequest, error: Exception) -> None:
        """Record what cannot be decided on, so that whoever reads the record fails, whatever the caller catches."""
        self._record.append_undecided(request, error)

    def _policies(self, request: AccessRequest, resource: str) -> Policies:
        return policies.deployed(request.principal_arn, resource, request.action)

    def may_assume(self, service: str, role_arn: str, source_arn: str, origin: Origin) -> bool:
        """Whether a role's trust policy lets a service of AWS have it, for the resource that the service works for."""
        context = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_arn.split(":")[4]}
        try:
            return self.refusal(AccessRequest(service, policies.ASSUME, (role_arn,), context, origin)) is None
        except policies.UnknownRoleError:
            return False

    def denial_of(self, call: AwsCall, principal_arn: str, origin: Origin = "function") -> Denial | None:
        """What the caller gets instead of an answer; None where the call may be made.

        Raises UnknownCallError, EvaluatorError and UnknownRoleError.
        """
        try:
            for request in access_requests(call, principal_arn, self._account, origin):
                refused = self.refusal(request)
                if refused is not None:
                    return denial(call.service, call.operation, request, *refused)
        except (UnknownCallError, policies.UnknownRoleError) as error:
            operation = f"{call.service}:{call.operation}"
            self.undecided(AccessRequest(principal_arn, operation, ("*",), {}, origin), error)
            raise
        return None

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """The status and the answer to a worker's question."""
        asked = json.loads(body)
        if "request" in asked:
            return self._answer_service(asked["request"])
        region = asked.get("region") or get_region()
        call = AwsCall(asked["service"], asked["operation"], asked["parameters"], region, get_account_id())
        try:
            role = asked.get("role") or _role_of(asked["function"])
            principal = session_of(role, asked.get("function") or asked["session"])
            refused = self.denial_of(call, principal, asked.get("origin", "function"))
        except REFUSED as error:
            return HTTPStatus.NOT_IMPLEMENTED.value, {"message": f"{type(error).__name__}: {error}"}
        return HTTPStatus.OK.value, {"denial": asdict(refused) if refused else None}

    def _answer_service(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        context = {key: each if isinstance(each, str) else tuple(each) for key, each in asked["context"].items()}
        request = AccessRequest(**{**asked, "resources": tuple(asked["resources"]), "context": context})
        try:
            refused = self.refusal(request)
        except policies.UnknownRoleError as error:
            return HTTPStatus.OK.value, {"denial": {"message": str(error)}}
        except EvaluatorError as error:
            return HTTPStatus.NOT_IMPLEMENTED.value, {"message": f"{type(error).__name__}: {error}"}
        said = message(request.action.partition(":")[0], request, *refused) if refused else None
        return HTTPStatus.OK.value, {"denial": {"message": said} if said else None}

    def asgi(self, app: Callable[..., Any]) -> Callable[..., Any]:
        """The application with the route before its own."""

        async def routed(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["path"] != PATH:
                await app(scope, receive, send)
                return
            body, more = b"", True
            while more:
                part = await receive()
                body, more = body + part.get("body", b""), part.get("more_body", False)
            # Node and the simulated Bedrock are waited for.
            status, told = await asyncio.to_thread(self.answer, body)
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": json.dumps(told).encode()})

        return routed


def _role_of(function: str) -> str:
    record = lambda_svc._functions.get(function)
    if record is None:
        raise policies.UnknownRoleError(f"The embedded AWS has no function {function}.")
    return str(record["config"]["Role"])
