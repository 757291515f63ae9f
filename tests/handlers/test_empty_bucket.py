"""The custom resource that empties a bucket: it always answers, and it deletes only when the whole stack goes."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.adapters.aws.stacks import Stacks
from lambdas.adapters.aws.versioned_buckets import BucketNotEmptied, VersionedBuckets
from lambdas.handlers import empty_bucket

BUCKET = "training-data"
STACK = "arn:aws:cloudformation:us-west-2:123456789012:stack/fine-tuning-data/1"


@dataclass
class Context:
    """Lambda's context with a time of our own."""

    remaining: int = 900_000
    log_stream_name: str = "stream"

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda has it."""
        return self.remaining


@dataclass
class CloudFormation:
    """Takes the place of CloudFormation: the state it tells of the stack, and the answers that it got."""

    status: str = "DELETE_IN_PROGRESS"
    answers: list[dict[str, Any]] = field(default_factory=list)

    def status_of(self, stack_id: str) -> str:
        """What the adapter asks for."""
        assert stack_id == STACK
        return self.status

    def take(self, request: urllib.request.Request, timeout: float) -> BytesIO:
        """An answer, as it travels."""
        assert request.full_url == "https://cloudformation.example/answer"
        assert isinstance(request.data, bytes)
        self.answers.append(json.loads(request.data))
        return BytesIO()


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> CloudFormation:
    """Replaces the two ways to CloudFormation."""
    fake = CloudFormation()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setattr(Stacks, "_status", lambda _, stack_id: fake.status_of(stack_id))
    monkeypatch.setattr(urllib.request, "urlopen", fake.take)
    return fake


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A versioned bucket with two versions of one object, a delete marker and another object."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    with mock_aws():
        found = boto3.resource("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
        found.Versioning().enable()
        found.put_object(Key="input/a.jsonl", Body=b"1")
        found.put_object(Key="input/a.jsonl", Body=b"2")
        found.Object("input/a.jsonl").delete()
        found.put_object(Key="input/b.jsonl", Body=b"3")
        yield found


def _request(kind: str, name: str = BUCKET) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": "https://cloudformation.example/answer",
        "StackId": STACK,
        "RequestId": "r1",
        "LogicalResourceId": "Input",
        "PhysicalResourceId": name,
        "ResourceProperties": {"ServiceToken": "arn", "BucketName": name},
    }


def _versions(bucket: Any) -> int:
    return len(list(bucket.object_versions.all()))


def test_deletion_of_the_stack_empties_the_bucket(bucket: Any, cloudformation: CloudFormation) -> None:
    """All versions and delete markers go: with one left, CloudFormation cannot delete the bucket."""
    empty_bucket.handler(_request("Delete"), Context())
    assert _versions(bucket) == 0
    bucket.delete()
    [answer] = cloudformation.answers
    assert answer == {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": BUCKET,
        "StackId": STACK,
        "RequestId": "r1",
        "LogicalResourceId": "Input",
    }


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"])
def test_resource_taken_out_of_a_living_stack_deletes_nothing(
    bucket: Any, cloudformation: CloudFormation, status: str
) -> None:
    """Setting keep_data removes this resource: CloudFormation sends Delete, and the data must stay."""
    cloudformation.status = status
    empty_bucket.handler(_request("Delete"), Context())
    assert _versions(bucket) == 4
    assert cloudformation.answers[0]["Status"] == "SUCCESS"


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_creation_and_update_delete_nothing(bucket: Any, cloudformation: CloudFormation, kind: str) -> None:
    """The resource acts on deletion only; its identity is the bucket."""
    empty_bucket.handler(_request(kind), Context())
    assert _versions(bucket) == 4
    assert cloudformation.answers[0]["PhysicalResourceId"] == BUCKET


def test_missing_bucket_is_empty(bucket: Any, cloudformation: CloudFormation) -> None:
    """A second attempt after half a deletion succeeds."""
    empty_bucket.handler(_request("Delete", "gone"), Context())
    assert cloudformation.answers[0]["Status"] == "SUCCESS"


def test_time_running_out_is_answered_with_what_to_do(bucket: Any, cloudformation: CloudFormation) -> None:
    """An answer that never comes would hold up the stack's deletion."""
    empty_bucket.handler(_request("Delete"), Context(remaining=1_000))
    [answer] = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "Delete the stack again" in answer["Reason"]
    assert _versions(bucket) == 4


def test_any_error_is_answered(cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong, the reason reaches CloudFormation, cut to what it accepts."""

    def refuse(_: VersionedBuckets, name: str, **__: object) -> int:
        raise BucketNotEmptied(f"{name}: " + "x" * 10_000)

    monkeypatch.setattr(VersionedBuckets, "empty", refuse)
    empty_bucket.handler(_request("Delete"), Context())
    [answer] = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("BucketNotEmptied: training-data")
    assert len(json.dumps(answer)) < 4096


def test_objects_that_s3_refuses_to_delete_are_named(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retention or a deny stands in the way: the message names the first object and S3's words."""
    client = boto3.client("s3")
    refused = {"Errors": [{"Key": "input/a.jsonl", "Code": "AccessDenied", "Message": "locked"}]}
    monkeypatch.setattr(client, "delete_objects", lambda **_: refused)
    with pytest.raises(BucketNotEmptied, match=r"input/a\.jsonl: AccessDenied locked"):
        VersionedBuckets(client).empty(BUCKET, time_left=lambda: True)


@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [
        ("Delete", "DELETE_IN_PROGRESS", "PendingDeletion"),
        ("Delete", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "Enabled"),
        ("Delete", "ROLLBACK_IN_PROGRESS", "Enabled"),
        ("Create", "CREATE_IN_PROGRESS", "Enabled"),
    ],
)
def test_the_key_goes_with_the_stack_and_stays_where_the_setting_goes_back(
    kind: str, status: str, state: str, bucket: Any, cloudformation: CloudFormation
) -> None:
    """What it encrypts could not be read any more. A key that is pending already fails no deletion."""
    kms = boto3.client("kms", region_name="us-west-2")  # type: ignore[call-overload, unused-ignore] # stubs may be missing
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    cloudformation.status = status
    request = _request(kind, key) | {"ResourceProperties": {"ServiceToken": "arn", "KeyId": key}}
    empty_bucket.handler(request, Context())
    empty_bucket.handler(request, Context())
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == state
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS", "SUCCESS"]
    assert _versions(bucket) > 0
