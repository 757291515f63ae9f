"""A denied call is told, also where the run goes on without it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.permissions.denials import denials
from local.permissions.evaluator import Evaluator, Policies
from local.permissions.record import DecisionRecord
from local.permissions.request import AccessRequest

ROLE = "arn:aws:iam::111122223333:role/AnswerBaselineShardRole"
BUCKETS = {"allowed": "arn:aws:s3:::data", "denied": "arn:aws:s3:::others"}
READS = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKETS['allowed']}/*"}]}
POLICIES = Policies(identity=(("inline", json.dumps({"Version": "2012-10-17", **READS})),))


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with Evaluator() as made:
        yield made


def test_each_denied_call_is_told_once(evaluator: Evaluator, tmp_path: Path) -> None:
    """A baseline's arm is given up where its model may not be asked: the run succeeds all the same."""
    path = tmp_path / "permissions.jsonl"
    assert denials(path) == []
    record = DecisionRecord(path)
    for bucket in (*BUCKETS.values(), BUCKETS["denied"]):
        resource = f"{bucket}/key"
        request = AccessRequest(ROLE, "s3:GetObject", (resource,), {}, "function")
        record.append(request, resource, evaluator.decide(request, resource, POLICIES))
    assert denials(path) == [f"AnswerBaselineShardRole may not s3:GetObject on {BUCKETS['denied']}/key."]
