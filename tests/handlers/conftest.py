"""Handlers run against moto's AWS, with the environment that the stack gives them."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast, get_args

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from lambdas.adapters.adapters import Adapters
from lambdas.handlers import composition
from local.bedrock.settings import UndocumentedRefusals

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

INPUT_BUCKET = "input-bucket"
OUTPUT_BUCKET = "output-bucket"
# What the simulated Bedrock asks for.
SESSION_TOKEN = "testing"
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": SESSION_TOKEN,
    "OUTPUT_BUCKET": OUTPUT_BUCKET,
    "DEPLOYMENT": "fine-tuning",
    "CUSTOMIZATION_ROLE_ARN": "arn:aws:iam::123456789012:role/customization",
    "START_JOBS_ROLE_ARN": "arn:aws:iam::123456789012:role/start-jobs",
    "DEFAULT_BASE_MODEL": "anthropic.claude-3-haiku-20240307-v1:0:200k",
    "MAX_THROUGHPUTS": "1",
    "MAX_MODEL_UNITS": "2",
    "LONGEST_LEASE_HOURS": "8",
    "LONGEST_RUN_HOURS": "168",
    "MAX_SWEEP_JOBS": "4",
    # Claude 3 Haiku has prices that nobody knows.
    "ACCEPT_UNKNOWN_PRICES": "true",
    "POWERTOOLS_SERVICE_NAME": "fine-tuning",
    "POWERTOOLS_METRICS_NAMESPACE": "FineTuning",
    "POWERTOOLS_TRACE_DISABLED": "true",
}


# Of a test that rests on refusals whose code no document tells: it is run with either.
either_way = pytest.mark.parametrize("refusals", get_args(UndocumentedRefusals))


@pytest.fixture
def refusals() -> UndocumentedRefusals:
    """The code of refusals that no document tells; `either_way` sets both, one after the other."""
    return "specific"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A moto AWS with fresh clients, and nothing of the caller's own AWS settings."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "CUSTOM_MODEL_KMS_KEY_ARN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(composition, "root", composition.Root())
    with mock_aws():
        yield


@pytest.fixture
def adapters(aws: None) -> Adapters:
    """The adapters of this test's AWS, which handlers get from the composition root, too."""
    return composition.root.adapters


@pytest.fixture
def s3(adapters: Adapters) -> "S3Client":
    """S3 with the two buckets of a deployment, versioned as the stack makes them."""
    client = adapters.clients.s3
    for bucket in (INPUT_BUCKET, OUTPUT_BUCKET):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def lambda_context() -> LambdaContext:
    """What Powertools reads of Lambda's context."""
    context = SimpleNamespace(
        function_name="handler",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:us-west-2:123456789012:function:handler",
        aws_request_id="00000000-0000-0000-0000-000000000000",
        get_remaining_time_in_millis=lambda: 900_000,
    )
    return cast(LambdaContext, context)


def with_time_left(context: LambdaContext, *milliseconds: int) -> LambdaContext:
    """The context of a function that has so much time left, one figure for each time that it asks."""
    left = iter(milliseconds)
    return cast(LambdaContext, SimpleNamespace(**{**vars(context), "get_remaining_time_in_millis": lambda: next(left)}))
