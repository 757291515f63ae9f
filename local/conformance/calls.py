"""Requests to AWS with plain boto3, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

Json = dict[str, Any]

# The checks send what botocore itself would refuse.
_CONFIG = Config(
    parameter_validation=False,
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=5,
    read_timeout=60,
)
_SIMULATED_HEADER = "x-simulated-service"
# The code of a call that got no answer.
NO_ANSWER = "NoAnswer"
# The code of an answer that is not as the service model says.
UNREADABLE = "UnreadableAnswer"


class ClientMaker(Protocol):
    """A boto3 session, or what makes clients of a simulation."""

    def client(self, service_name: Any, *, region_name: str, config: Config) -> Any:
        """A client of the service in the Region."""


@dataclass(frozen=True)
class AwsRequest:
    """One call. With `all_pages`, the name of a list in the answer, all pages are read into one answer."""

    service: str
    operation: str
    parameters: Json
    region: str
    all_pages: str | None = None


@dataclass(frozen=True)
class AwsRefusal:
    """An error that AWS answered, or NO_ANSWER with the reason."""

    code: str
    message: str


@dataclass(frozen=True)
class AwsResponse:
    """What came of a request: an answer or a refusal."""

    request: AwsRequest
    answer: Json | None
    refusal: AwsRefusal | None


class AwsCaller:
    """Sends requests; one client for each service and Region."""

    def __init__(self, maker: ClientMaker) -> None:
        # Whether a simulated Bedrock has answered: it says so itself.
        self.is_simulated = False
        self._client = cache(lambda service, region: maker.client(service, region_name=region, config=_CONFIG))

    def client(self, service: str, region: str) -> Any:
        """A plain boto3 client that checks no parameters."""
        return self._client(service, region)

    def send(self, request: AwsRequest) -> AwsResponse:
        """The answer without its metadata, or the refusal. It raises no error of AWS."""
        try:
            return AwsResponse(request, self._ask(request), None)
        except ClientError as error:
            self._note(error.response)
            told = error.response.get("Error", {})
            return AwsResponse(request, None, AwsRefusal(told.get("Code", "Unknown"), told.get("Message", "")))
        except BotoCoreError as error:
            return AwsResponse(request, None, AwsRefusal(NO_ANSWER, str(error)))
        except ValueError as error:
            # botocore's own error of a value that it cannot read, such as a timestamp.
            return AwsResponse(request, None, AwsRefusal(UNREADABLE, str(error)))

    def _ask(self, request: AwsRequest) -> Json:
        call = getattr(self.client(request.service, request.region), xform_name(request.operation))
        response = call(**request.parameters)
        self._note(response)
        answer = _plain(response)
        token = "NextToken" if "NextToken" in answer else "nextToken"
        while request.all_pages and answer.get(token):
            page = _plain(call(**request.parameters, **{token: answer.pop(token)}))
            listed = [*answer.get(request.all_pages, []), *page.get(request.all_pages, [])]
            answer = {**page, request.all_pages: listed}
        return answer

    def _note(self, response: Mapping[str, Any]) -> None:
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.is_simulated = self.is_simulated or _SIMULATED_HEADER in headers


def _plain(answer: Mapping[str, Any]) -> Json:
    """An answer as JSON has it, without botocore's metadata, which has the request's id."""
    plain: Json = _json({key: value for key, value in answer.items() if key != "ResponseMetadata"})
    return plain


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
