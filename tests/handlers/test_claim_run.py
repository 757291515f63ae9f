"""ClaimRun on real S3 events."""

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from lambdas.adapters import clients
from lambdas.domain.errors import InvalidEvent, ServiceBusy
from lambdas.handlers.claim_run import handler

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

EVENTS = Path(__file__).parent / "events"
FIRST = "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:first"
SECOND = "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:second"


@pytest.fixture(params=["object_created", "object_created_in_folder"])
def event(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{request.param}.json").read_text())
    return loaded


def claim(event: dict[str, Any], execution_arn: str, context: LambdaContext) -> dict[str, Any]:
    run: dict[str, Any] = handler({"event": event, "execution_arn": execution_arn}, context)["run"]
    return run


def test_first_delivery_claims_the_run(event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext) -> None:
    """The run's facts are the contract of every later handler."""
    run = claim(event, FIRST, lambda_context)
    source = event["detail"]["object"]
    assert run == {
        "id": run["id"],
        "claimed": True,
        "owner": FIRST,
        "execution_arn": FIRST,
        "source": {"bucket": "input-bucket", "key": source["key"], "version_id": source["version-id"]},
        "output_bucket": "output-bucket",
        "prefix": f"runs/{run['id']}/",
        "claimed_at": run["claimed_at"],
    }
    assert run["claimed_at"].endswith("Z")
    stored = json.loads(s3.get_object(Bucket="output-bucket", Key=f"{run['prefix']}claim.json")["Body"].read())
    assert stored == {"run_id": run["id"], "execution_arn": FIRST, "claimed_at": run["claimed_at"]}


def test_second_delivery_is_told_who_has_the_run(
    event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """EventBridge delivers at least once: two runs on one upload would buy throughput twice."""
    first = claim(event, FIRST, lambda_context)
    second = claim(event, SECOND, lambda_context)
    assert second == {**first, "claimed": False, "execution_arn": SECOND}


def test_retry_of_the_same_execution_still_has_the_run(
    event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Where the answer was lost after the write, the retry must not take itself for a stranger."""
    assert claim(event, FIRST, lambda_context) == claim(event, FIRST, lambda_context)


def test_bucket_without_versions_still_tells_writes_apart(
    event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """S3's number of the write stands in for the version that an unversioned bucket does not give."""
    del event["detail"]["object"]["version-id"]
    again = deepcopy(event)
    again["detail"]["object"]["sequencer"] = "00"
    first = claim(event, FIRST, lambda_context)
    assert first["source"]["version_id"] is None
    assert not claim(event, SECOND, lambda_context)["claimed"]
    assert claim(again, SECOND, lambda_context)["claimed"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("source",), "aws.ec2", "event.source"),
        (("detail-type",), "Object Deleted", "event.detail-type"),
        (("detail",), {}, "event.detail.bucket"),
        (("detail", "object"), {"key": ""}, "event.detail.object.key"),
        (("detail", "object"), {"key": "input/a/test.jsonl"}, "does not start a run"),
    ],
)
def test_other_events_are_refused_by_name(
    s3: "S3Client", lambda_context: LambdaContext, path: tuple[str, ...], value: object, words: str
) -> None:
    """Whoever starts an execution by hand reads which part of the input is wrong, and nothing is claimed."""
    wrong = json.loads((EVENTS / "object_created.json").read_text())
    at = wrong
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    with pytest.raises(InvalidEvent, match=words):
        claim(wrong, FIRST, lambda_context)
    assert s3.list_objects_v2(Bucket="output-bucket")["KeyCount"] == 0


def test_busy_s3_is_named_so_that_it_is_retried(
    s3: "S3Client", lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state machine retries ServiceBusy for minutes, other errors for seconds."""

    def throttled(**_: object) -> None:
        answer = {"Code": "SlowDown", "Message": "Please reduce your request rate."}
        raise ClientError({"Error": answer, "ResponseMetadata": {"HTTPStatusCode": 503}}, "PutObject")  # type: ignore[typeddict-item] # as much of it as is read

    monkeypatch.setattr(clients.s3(), "put_object", throttled)
    with pytest.raises(ServiceBusy, match="SlowDown"):
        claim(json.loads((EVENTS / "object_created.json").read_text()), FIRST, lambda_context)
