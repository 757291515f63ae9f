"""Who answers a request for approval: the policy that docs/operations.md gives is enough, and no role has its heart."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.embedded_aws import ACCOUNT
from local.permissions.calls import AwsCall, TaggedResource, access_requests
from local.permissions.evaluator import Evaluator, Policies

REGION, BUCKET, APPROVER = "us-west-2", "output", f"arn:aws:iam::{ACCOUNT}:role/approver"
DOCUMENT = Path(__file__).parents[3] / "docs" / "operations.md"
PLACES = {"<Region>": REGION, "<account>": ACCOUNT, "<environment>": "team", "<output bucket>": BUCKET}
APPROVAL, CLAIM = ({"Bucket": BUCKET, "Key": f"runs/1/{name}.json"} for name in ("approval", "claim"))
# What `fine-tune approve` and `fine-tune reject` call (cli/approval.py).
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("cloudformation", "DescribeStacks", {"StackName": "team-data"}),
    ("s3", "GetObject", APPROVAL),
    ("s3", "GetObject", CLAIM),
    ("s3", "PutObject", APPROVAL),
    ("stepfunctions", "SendTaskSuccess", {"taskToken": "token"}),
    ("stepfunctions", "SendTaskFailure", {"taskToken": "token"}),
]


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


def denied(evaluator: Evaluator, given: list[dict[str, Any]]) -> list[str]:
    """The operations that somebody with these statements cannot call."""
    policies = Policies(identity=(("own", json.dumps({"Version": "2012-10-17", "Statement": given})),))
    return [
        operation
        for service, operation, parameters in CALLS
        if not all(
            evaluator.decide(request, resource, policies).allowed
            for request in access_requests(
                AwsCall(service, operation, parameters, REGION, ACCOUNT), APPROVER, NothingThere(), "person"
            )
            for resource in request.resources
        )
    ]


def test_the_documented_policy_is_enough_to_answer(evaluator: Evaluator) -> None:
    assert denied(evaluator, statements()) == []


@pytest.mark.parametrize("number", range(len(statements())))
def test_each_of_its_statements_is_needed(number: int, evaluator: Evaluator) -> None:
    given = statements()
    del given[number]
    assert denied(evaluator, given)
