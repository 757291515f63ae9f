"""A denied call is told, also where the run goes on without it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.permissions.accounting import Decided
from local.permissions.decisions import decisions
from local.permissions.denials import denials
from local.permissions.evaluator import Evaluator, Policies
from local.permissions.record import DecisionRecord
from local.permissions.request import AccessRequest

ROLE = "arn:aws:iam::111122223333:role/AnswerBaselineShardRole"
BUCKETS = {"allowed": "arn:aws:s3:::data", "denied": "arn:aws:s3:::others"}
GONE, KEPT = (f"arn:aws:bedrock:us-west-2:111122223333:custom-model/base/{name}" for name in ("gone", "kept"))
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


def test_the_account_leaves_out_the_denied_deletion_of_what_is_gone(evaluator: Evaluator, tmp_path: Path) -> None:
    """What is gone has no tags, so that no grant by tag covers it; what has tags is denied for want of a grant."""
    path = tmp_path / "permissions.jsonl"
    record = DecisionRecord(path)
    for resource, tags in ((GONE, {}), (KEPT, {"aws:ResourceTag/deployment": "other"})):
        request = AccessRequest(ROLE, "bedrock:DeleteCustomModel", (resource,), tags, "function")
        record.append(request, resource, evaluator.decide(request, resource, POLICIES))
    kept = Decided("AnswerBaselineShardRole", "bedrock:DeleteCustomModel", KEPT, allowed=False)
    assert list(decisions(path)) == [kept]
    assert denials(path) == [f"AnswerBaselineShardRole may not {kept}."]


def test_a_deletion_that_nobody_can_decide_on_is_told(tmp_path: Path) -> None:
    """Whether its resource is gone is not known."""
    path = tmp_path / "permissions.jsonl"
    request = AccessRequest(ROLE, "bedrock:DeleteCustomModel", (GONE,), {}, "function")
    DecisionRecord(path).append_undecided(request, ValueError("No policy is known."))
    assert denials(path) == [f"AnswerBaselineShardRole may not bedrock:DeleteCustomModel on {GONE}."]
    assert [each.allowed for each in decisions(path)] == [False]
