"""Lambda's concurrency: where an emulator has no limit, a pipeline that starves itself passes every test."""

import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ministack.services import lambda_svc

from local import concurrency
from local.embedded_aws import EmbeddedAws, host_runtime
from tests.local.conftest import ROLE, Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

LIMIT = 2
# It runs until somebody creates a queue of the name that it is called with.
WAITS = """
import time, boto3, os
def handler(event, context):
    sqs = boto3.client("sqs", endpoint_url=event["endpoint"])
    while not sqs.list_queues(QueueNamePrefix=event["until"]).get("QueueUrls"): time.sleep(0.1)
    return "done"
"""
ANSWERS = "def handler(event, context): return 'done'"
NO_ROOM = "Lambda.TooManyRequestsException"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """An account that may run two functions at a time."""
    with EmbeddedAws(tmp_path_factory.mktemp("small"), lambda_concurrency=LIMIT, enforces_permissions=False) as aws:
        yield Sandbox(aws)


def call(function: str, **more: Any) -> dict[str, Any]:
    """A state machine of one Task."""
    return {"States": {"Call": {"Type": "Task", "Resource": function, "End": True, **more}}}


def occupy(sandbox: Sandbox, until: str) -> list[str]:
    """Executions that use up the account's concurrency until the queue of this name exists."""
    waits = sandbox.function(WAITS)
    event = {"endpoint": sandbox.aws.endpoint, "until": until}
    held = [sandbox.start(call(waits), event) for _ in range(LIMIT)]
    probe = sandbox.function(ANSWERS)
    sandbox.until(lambda: sandbox.run(call(probe)), lambda end: bool(end.get("error") == NO_ROOM))
    return held


def test_a_call_beyond_the_limit_is_refused_by_the_name_that_retry_matches(small: Sandbox) -> None:
    """A name that no policy has would end the run in seconds."""
    held = occupy(small, "refused")
    function = small.function(ANSWERS)
    assert small.run(call(function))["error"] == NO_ROOM
    retry = [{"ErrorEquals": [NO_ROOM], "IntervalSeconds": 30, "MaxAttempts": 10_000, "BackoffRate": 1}]
    waiting = small.start(call(function, Retry=retry))
    small.aws.client("sqs").create_queue(QueueName="refused")
    assert small.end_of(waiting)["status"] == "SUCCEEDED"
    assert {small.end_of(execution)["status"] for execution in held} == {"SUCCEEDED"}


def test_an_asynchronous_call_waits_for_room(small: Sandbox) -> None:
    """The reconciler is called so: the event of a run's end must not be lost to a burst of questions."""
    told = "import boto3\ndef handler(event, context):\n boto3.client('sqs', endpoint_url=event['endpoint'])"
    function = small.function(f"{told}.create_queue(QueueName='told')\n")
    held = occupy(small, "queued")
    event = json.dumps({"endpoint": small.aws.endpoint}).encode()
    small.aws.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=event)
    sqs = small.aws.client("sqs")
    assert not sqs.list_queues(QueueNamePrefix="told").get("QueueUrls")
    sqs.create_queue(QueueName="queued")
    small.until(lambda: sqs.list_queues(QueueNamePrefix="told").get("QueueUrls"), bool)
    assert {small.end_of(execution)["status"] for execution in held} == {"SUCCEEDED"}


def test_the_account_tells_its_limit_and_lets_nothing_of_so_little_be_reserved(small: Sandbox) -> None:
    """Lambda keeps 100 for functions without a reservation, and all where there are fewer."""
    client = small.aws.client("lambda")
    limit = client.get_account_settings()["AccountLimit"]
    assert (limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]) == (LIMIT, LIMIT)
    with pytest.raises(ClientError, match="below its minimum value"):
        client.put_function_concurrency(FunctionName=small.function(ANSWERS), ReservedConcurrentExecutions=1)


def test_what_a_stack_reserves_is_the_functions_alone(sandbox: Sandbox) -> None:
    """It is taken from what all others share."""
    code = BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", ANSWERS)
    s3 = sandbox.aws.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": sandbox.aws.region})
    s3.put_object(Bucket="code", Key="code.zip", Body=code.getvalue())

    def stack(name: str, reserved: int) -> str:
        properties = {
            "FunctionName": name,
            "Runtime": host_runtime()[0],
            "Handler": "index.handler",
            "Role": ROLE,
            "Code": {"S3Bucket": "code", "S3Key": "code.zip"},
            "ReservedConcurrentExecutions": reserved,
        }
        template = {"Resources": {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}}
        cloudformation = sandbox.aws.client("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
        ended = sandbox.until(
            lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"],
            lambda status: not status.endswith("_IN_PROGRESS"),
        )
        return str(ended)

    assert stack("reserving", 5) == "CREATE_COMPLETE"
    limit = sandbox.aws.client("lambda").get_account_settings()["AccountLimit"]
    assert limit["ConcurrentExecutions"] - limit["UnreservedConcurrentExecutions"] == 5
    assert stack("greedy", 1000) != "CREATE_COMPLETE"


class _Vanishing(dict[str, dict[str, Any]]):
    """Functions of which one is deleted after its name was listed."""

    def keys(self) -> Any:
        return [*super().keys(), "deleted"]


def test_a_function_that_is_deleted_meanwhile_fails_no_call_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """One stack's deletion would end another's run as States.Runtime, which nothing retries and nothing catches."""
    monkeypatch.setattr(lambda_svc, "_functions", _Vanishing(kept={"concurrency": 3}))
    assert concurrency.unreserved() == concurrency.account_limit() - 3
