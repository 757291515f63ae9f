"""Bedrock simulated in both Regions where models are tuned, reached as the command reaches it; the rest is moto's."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from urllib3 import HTTPResponse
from werkzeug.test import Client
from werkzeug.wrappers import Response

from cli.conformance_target import AtOnce, SimulatedTime
from local.bedrock.call_log import CallLog
from local.bedrock.clock import ManualClock, WallClock
from local.bedrock.contract import contract
from local.bedrock.errors import BedrockError
from local.bedrock.server import serve
from local.bedrock.service import SimulatedBedrock
from local.bedrock.settings import SimulationSettings
from local.conformance.belongings import Belongings, buckets, roles
from local.conformance.calls import AwsCaller, AwsRequest
from local.conformance.lifecycle import Lifecycle, cheapest
from local.conformance.place import Place, regions_of

TOKEN = "token-of-the-simulation"
ACCOUNT = "123456789012"
BRIEFLY = {"job_queue_seconds": 0, "job_training_seconds": 0, "deployment_creation_seconds": 120}
# Where the cheapest model is tuned.
REGION = "us-east-1"
SIMULATED = ("bedrock", "bedrock-runtime", "service-quotas")
SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", aws_session_token=TOKEN)


@dataclass
class SimulatedAccount:
    """A maker of clients; `urls` are the simulated Bedrocks' by Region."""

    urls: dict[str, str]

    def client(self, service: Any, *, region_name: str, config: Config) -> Any:
        """A client of a simulated Bedrock, or of moto."""
        url = self.urls[region_name] if service in SIMULATED else None
        return SESSION.client(service, region_name=region_name, config=config, endpoint_url=url)


class InProcessAccount:
    """A maker of clients whose requests reach the simulated Bedrock without a socket.

    `change` is made to each of its answers: to the answer's JSON, or where it raises BedrockError, that is the answer.
    `note` is told of each request with its Region and its answer.
    """

    def __init__(self, place: Place, settings: Mapping[str, Any] | None = None) -> None:
        self.change: Callable[[Any], Any] | None = None
        self.note: Callable[[str, AWSRequest, Response], None] = lambda *_: None
        self._bedrocks = {region: self._bedrock(region, settings or {}) for region in place.regions}

    def client(self, service: Any, *, region_name: str, config: Config) -> Any:
        """A client of the simulated Bedrock of the Region."""
        client: Any = SESSION.client(service, region_name=region_name, config=config)
        bedrock = self._bedrocks[region_name]

        def answer(request: AWSRequest, **_: Any) -> AWSResponse:
            response = self._distorted(_sent(bedrock, request))
            self.note(region_name, request, response)
            raw = HTTPResponse(BytesIO(response.get_data()), preload_content=False)
            headers = HTTPHeaders()
            for name, value in response.headers.items():
                headers[name] = value
            return AWSResponse(str(request.url), response.status_code, headers, raw)

        # moto would answer first.
        client.meta.events.register_first("before-send", answer)
        return client

    def _distorted(self, response: Response) -> Response:
        if self.change is None:
            return response
        body = json.loads(response.get_data() or b"{}") if response.status_code == HTTPStatus.OK else {}
        try:
            return Response(json.dumps(self.change(body)), mimetype="application/json")
        except BedrockError as error:
            return contract().respond_error(error.code, error.message)

    @staticmethod
    def _bedrock(region: str, settings: Mapping[str, Any]) -> Client:
        made = SimulationSettings(region=region, account_id=ACCOUNT, **settings)
        app = SimulatedBedrock(made, WallClock(), _no_buckets(), AtOnce(), CallLog(None), [])
        return Client(app)


def _no_buckets() -> Any:
    """An S3 that says of each bucket that there is none."""
    s3 = SESSION.client("s3", region_name=REGION)

    def refuse(operation_name: str, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "NoSuchBucket", "Message": "None."}}, operation_name)

    s3.meta.events.register_first("provide-client-params", lambda model, **_: refuse(model.name))
    return s3


def _sent(bedrock: Client, request: AWSRequest) -> Response:
    url = urlsplit(str(request.url))
    return bedrock.open(
        url.path,
        method=request.method,
        query_string=url.query,
        data=request.body or b"",
        headers=[(name, _text(value)) for name, value in request.headers.items()],
        environ_overrides={"RAW_URI": f"{url.path}?{url.query}"},
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@pytest.fixture(scope="session")
def place() -> Place:
    """Both Regions."""
    return Place(ACCOUNT, regions_of(None))


@pytest.fixture
def settings() -> dict[str, Any]:
    """Further settings of the simulation: waits that are shorter than on AWS."""
    return BRIEFLY


@pytest.fixture
def clock() -> ManualClock:
    """It stands still but where the checks wait."""
    return ManualClock()


@pytest.fixture
def account(place: Place, settings: dict[str, Any], clock: ManualClock) -> Iterator[SimulatedAccount]:
    """The account; what takes hours on AWS takes no time."""
    with mock_aws(), ExitStack() as running:
        urls = {}
        for region in place.regions:
            made = SimulationSettings(region=region, account_id=ACCOUNT, **settings)
            s3 = SESSION.client("s3", region_name=region)
            urls[region] = running.enter_context(serve(made, s3, token=TOKEN, clock=clock, executor=AtOnce()))
        yield SimulatedAccount(urls)


@pytest.fixture
def caller(account: SimulatedAccount) -> AwsCaller:
    """Who sends the checks' requests."""
    return AwsCaller(account)


@pytest.fixture
def life(place: Place, account: SimulatedAccount, clock: ManualClock) -> Lifecycle:
    """The checks that cost dollars."""
    entry = cheapest(place)
    assert entry is not None
    return Lifecycle(place, REGION, entry, account, time=SimulatedTime(clock))


def left(account: SimulatedAccount) -> list[str]:
    """All that exists in the account, and jobs that go on."""
    caller = AwsCaller(account)
    lists: tuple[tuple[str, dict[str, str], str, str], ...] = (
        ("ListModelCustomizationJobs", {"statusEquals": "InProgress"}, "modelCustomizationJobSummaries", "jobArn"),
        ("ListModelCustomizationJobs", {"statusEquals": "Stopping"}, "modelCustomizationJobSummaries", "jobArn"),
        ("ListCustomModels", {}, "modelSummaries", "modelArn"),
        ("ListCustomModelDeployments", {}, "modelDeploymentSummaries", "customModelDeploymentArn"),
    )
    found = []
    for operation, parameters, key, arn in lists:
        answer = caller.send(AwsRequest("bedrock", operation, parameters, REGION)).answer
        assert answer is not None
        found += [item[arn] for item in answer[key]]
    here = Belongings(REGION)
    return [*found, *buckets(caller.client("s3", REGION), here), *roles(caller.client("iam", REGION), here)]
