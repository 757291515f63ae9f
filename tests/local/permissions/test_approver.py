"""Who answers a request for approval: the policy that docs/operations.md gives is enough, and no role has its heart."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import boto3
import pytest
from moto import mock_aws

from cli.account import Account
from cli.approval import NotAnsweredError, answer
from lambdas.domain.report import approval
from lambdas.domain.report.approval import Decision
from local.embedded_aws import ACCOUNT
from local.permissions.calls import AwsCall, TaggedResource, access_requests
from local.permissions.evaluator import Evaluator, Policies

REGION, BUCKET, APPROVER = "us-west-2", "output", f"arn:aws:iam::{ACCOUNT}:role/approver"
DOCUMENT = Path(__file__).parents[3] / "docs" / "operations.md"
PLACES = {"<Region>": REGION, "<account>": ACCOUNT, "<environment>": "team", "<output bucket>": BUCKET}
RUN, NEVER_ASKED, UNKNOWN = "asked", "never-asked", "unknown"
# Where the environment is deployed, and a state machine waits for the answer.
STACK = {"StackName": "team-data", "Outputs": [{"OutputKey": "OutputBucket", "OutputValue": BUCKET}]}
ANSWERS: dict[str, dict[str, Any]] = {"cloudformation": {"Stacks": [STACK]}, "stepfunctions": {}}


@pytest.fixture(scope="module")
def calls() -> list[AwsCall]:
    """What `fine-tune approve` and `fine-tune reject` call (cli/approval.py), recorded: with an answer, and without."""
    recorded: list[AwsCall] = []

    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        service = model.service_model.service_name
        recorded.append(AwsCall(service, model.name, dict(params), REGION, ACCOUNT))

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        session = boto3.Session("testing", "testing", region_name=REGION)
        s3: Any = session.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        request = approval.request("arn:execution", "token", "2026-11-22T10:00:00.000Z", 86_400, None)
        s3.put_object(Bucket=BUCKET, Key=f"runs/{NEVER_ASKED}/claim.json", Body=b"{}")
        account = Account(Recording(session, note), REGION, APPROVER)
        for decision in get_args(Decision):
            s3.put_object(Bucket=BUCKET, Key=f"runs/{RUN}/approval.json", Body=request.model_dump_json().encode())
            answer(account, "team", RUN, decision)
        for run_id in (NEVER_ASKED, UNKNOWN):
            with pytest.raises(NotAnsweredError):
                answer(account, "team", run_id, "approved")
    return recorded


class Recording:
    """A session whose clients' calls are noted; moto answers for S3, and the rest is fixed."""

    def __init__(self, session: Any, note: Callable[..., None]) -> None:
        self._session, self._note = session, note

    def client(self, service_name: Any, *, config: Any = None) -> Any:
        client = self._session.client(service_name, config=config)
        client.meta.events.register("before-parameter-build", self._note)
        if service_name in ANSWERS:
            answered = (SimpleNamespace(status_code=200), ANSWERS[service_name])
            client.meta.events.register("before-call", lambda **_: answered)
        return client


class NothingThere:
    """An account without objects, keys and models: what is missing must be told, too."""

    def bedrock_resource(self, kind: str, identifier: str) -> TaggedResource | None:
        return None

    def bucket_key(self, bucket: str) -> str | None:
        return None

    def key_arn(self, key: str) -> str | None:
        return None

    def topic_key(self, topic: str) -> str | None:
        return None

    def role_arn(self, name: str) -> str | None:
        return None

    def object_exists(self, bucket: str, key: str, version: str) -> bool:
        return False


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with Evaluator() as made:
        yield made


def statements() -> list[dict[str, Any]]:
    """Those of the documented policy, for this account."""
    section = DOCUMENT.read_text().partition("\n## Approval\n")[2]
    text = section.partition("```json\n")[2].partition("```")[0]
    for place, value in PLACES.items():
        text = text.replace(place, value)
    return list(json.loads(text)["Statement"])


def denied(evaluator: Evaluator, calls: list[AwsCall], given: list[dict[str, Any]]) -> list[str]:
    """The operations that somebody with these statements cannot call."""
    policies = Policies(identity=(("own", json.dumps({"Version": "2012-10-17", "Statement": given})),))
    return [
        call.operation
        for call in calls
        if not all(
            evaluator.decide(request, resource, policies).allowed
            for request in access_requests(call, APPROVER, NothingThere(), "person")
            for resource in request.resources
        )
    ]


def test_the_documented_policy_is_enough_to_answer(evaluator: Evaluator, calls: list[AwsCall]) -> None:
    assert {"PutObject", "SendTaskSuccess", "SendTaskFailure"} < {call.operation for call in calls}
    assert denied(evaluator, calls, statements()) == []


@pytest.mark.parametrize("number", range(len(statements())))
def test_each_of_its_statements_is_needed(number: int, evaluator: Evaluator, calls: list[AwsCall]) -> None:
    given = statements()
    del given[number]
    assert denied(evaluator, calls, given)
