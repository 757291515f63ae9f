"""The interfaces as botocore's service models describe them: routes, requests in, responses out.

Bedrock's protocol is rest-json: a member of a request is in the path, query, headers or JSON body, as modelled.
Service Quotas' is JSON 1.1: the header X-Amz-Target names the operation, and the body has all members.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.session import get_session
from botocore.utils import parse_timestamp
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from local.bedrock.errors import UnknownOperationError, UnsupportedOperationError, ValidationError

SERVICES = ("bedrock", "bedrock-runtime")
# Others of its operations have names that Bedrock's have, too.
QUOTA_OPERATIONS = (
    "ListServiceQuotas",
    "GetServiceQuota",
    "ListAWSDefaultServiceQuotas",
    "GetAWSDefaultServiceQuota",
)
TARGET = "X-Amz-Target"
# The error codes that no service model lists have no status there.
STATUS_OF_OTHER_ERRORS = {
    "UnknownOperationException": 404,
    "NotImplementedException": 501,
    "InternalServerException": 500,
}
FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "timestamp": parse_timestamp,
}


class Contract:
    """All operations of both Bedrock services, and Service Quotas', behind one address."""

    def __init__(self) -> None:
        session = get_session()
        self._operations: dict[str, OperationModel] = {}
        self._statuses = dict(STATUS_OF_OTHER_ERRORS)
        rules = []
        for service_name in SERVICES:
            service = session.get_service_model(service_name)
            for error in service.error_shapes:
                self._statuses[error.name] = error.metadata.get("error", {}).get("httpStatusCode", 400)
            for name in service.operation_names:
                operation = service.operation_model(name)
                self._operations[name] = operation
                rules.append(_rule(operation))
        quotas = session.get_service_model("service-quotas")
        self._targets = {
            f"{quotas.metadata['targetPrefix']}.{name}": quotas.operation_model(name) for name in QUOTA_OPERATIONS
        }
        self._urls = Map(rules, strict_slashes=False, merge_slashes=False).bind("localhost")

    @property
    def operation_names(self) -> frozenset[str]:
        """Names of all operations of both Bedrock services."""
        return frozenset(self._operations)

    def operation(self, name: str) -> OperationModel:
        """The model of one operation."""
        return self._operations[name]

    def match(self, request: Request) -> tuple[OperationModel, dict[str, str]]:
        """The operation that a request's target, or its method and path, name, and the members in its path.

        Routed on the raw path: an ARN in a path has its slashes percent-encoded.
        """
        target = request.headers.get(TARGET)
        if target is not None:
            return self._targeted(target), {}
        raw_path = request.environ["RAW_URI"].partition("?")[0]
        try:
            name, labels = self._urls.match(raw_path, request.method)
        except HTTPException as error:
            raise UnknownOperationError(f"No operation of Bedrock is {request.method} {raw_path}.") from error
        return self._operations[name], {key: unquote(value) for key, value in labels.items()}

    def _targeted(self, target: str) -> OperationModel:
        if target not in self._targets:
            raise UnsupportedOperationError(f"The simulated Service Quotas has no operation {target}.")
        return self._targets[target]

    def parse(self, operation: OperationModel, labels: Mapping[str, str], request: Request) -> dict[str, Any]:
        """The members of a request as Python values. A body that is no JSON object is a ValidationError."""
        shape = operation.input_shape
        if shape is None:
            return {}
        payload = shape.serialization.get("payload")
        params: dict[str, Any] = {}
        if payload:
            params[payload] = _payload(shape.members[payload], request)
        elif any("location" not in member.serialization for member in shape.members.values()):
            # Unknown members stay in, so that the check can name them.
            params = {
                key: _from_json(shape.members[key], value) if key in shape.members else value
                for key, value in _json_object(request.get_data()).items()
            }
        for key, member in shape.members.items():
            text = _located_text(member, request, labels)
            if text is not None:
                params[key] = _from_text(key, member, text)
        return params

    def respond(self, operation: OperationModel, output: Mapping[str, Any]) -> Response:
        """The HTTP response that carries an operation's output."""
        shape = operation.output_shape
        response = Response(status=operation.http.get("responseCode", 200), mimetype="application/json")
        if shape is None:
            return response
        body: dict[str, Any] = {}
        payload = shape.serialization.get("payload")
        for key, value in output.items():
            member = shape.members[key]
            if member.serialization.get("location") == "header":
                response.headers[member.serialization["name"]] = value
            elif key == payload:
                response.data = value
            else:
                body[member.serialization.get("name", key)] = _to_json(member, value)
        if not payload:
            response.data = json.dumps(body)
        return response

    def respond_error(self, code: str, message: str) -> Response:
        """The HTTP response that carries an error, with the model's status for its code."""
        status = self._statuses.get(code, 400)
        # JSON 1.1 has the code in the body, rest-json in the header.
        body = {"__type": code, "message": message}
        response = Response(json.dumps(body), status=status, mimetype="application/json")
        response.headers["x-amzn-errortype"] = f"{code}:http://internal.amazon.com/coral/com.amazon.bedrock/"
        return response


@cache
def contract() -> Contract:
    """The contract of the installed botocore: immutable, and slow to load."""
    return Contract()


def _rule(operation: OperationModel) -> Rule:
    path = operation.http["requestUri"].partition("?")[0]
    path = path.replace("{", "<").replace("+}", "}").replace("}", ">")
    return Rule(path, methods=[operation.http["method"]], endpoint=operation.name)


def _located_text(member: Shape, request: Request, labels: Mapping[str, str]) -> str | None:
    name = member.serialization.get("name", "")
    match member.serialization.get("location"):
        case "uri":
            return labels.get(name)
        case "querystring":
            return request.args.get(name)
        case "header":
            return request.headers.get(name)
    return None


def _from_text(key: str, member: Shape, text: str) -> Any:
    convert = FROM_TEXT.get(member.type_name)
    if convert is None:
        return text
    try:
        return convert(text)
    except (ValueError, KeyError) as error:
        raise ValidationError(f"Value '{text}' at '{key}' is not of type {member.type_name}.") from error


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data or b"{}")
    except ValueError as error:
        raise ValidationError("The request body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise ValidationError("The request body is not a JSON object.")
    return value


def _payload(member: Shape, request: Request) -> Any:
    if member.type_name in ("blob", "string"):
        return request.get_data()
    return _from_json(member, _json_object(request.get_data()))


def _from_json(shape: Shape, value: Any) -> Any:
    """JSON has neither timestamps nor bytes: make them where the model has them; leave the rest to the check."""
    if isinstance(shape, StringShape) or value is None or getattr(shape, "is_document_type", False):
        return value
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            key: _from_json(shape.members[key], item) if key in shape.members else item for key, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_from_json(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _from_json(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp" and isinstance(value, str | int | float):
        return _from_text("timestamp", shape, str(value))
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise ValidationError("A blob is not base64.") from error
    return value


def _to_json(shape: Shape, value: Any) -> Any:
    if getattr(shape, "is_document_type", False):
        return value
    if isinstance(shape, StructureShape):
        return {
            shape.members[key].serialization.get("name", key): _to_json(shape.members[key], item)
            for key, item in value.items()
        }
    if isinstance(shape, ListShape):
        return [_to_json(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _to_json(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return iso8601(value)
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return value


def iso8601(moment: datetime) -> str:
    """`2026-11-21T21:40:37.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
