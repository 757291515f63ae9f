"""IAM's decisions, on the policies that the stacks have or could have."""

import json
from collections.abc import Iterator, Mapping

import pytest

from local.permissions.evaluator import (
    BOUNDARY,
    IDENTITY,
    RESOURCE,
    DecisiveStatement,
    Evaluator,
    EvaluatorError,
    Policies,
)
from local.permissions.request import AccessRequest, ContextValue, role_name, session_of

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/made/reader"
BUCKET = "arn:aws:s3:::data"
MODEL = f"arn:aws:bedrock:us-west-2:{ACCOUNT}:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
OVER_TLS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.2"}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": [BUCKET, f"{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
READ_RUNS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/runs/*"}
LIST_RUNS = {
    "Effect": "Allow",
    "Action": "s3:ListBucket",
    "Resource": BUCKET,
    "Condition": {"StringLikeIfExists": {"s3:prefix": "runs/*"}},
}
DELETE_OURS = {
    "Effect": "Allow",
    "Action": "bedrock:DeleteCustomModel",
    "Resource": MODEL.rpartition("/")[0] + "/*",
    "Condition": {"StringEqualsIfExists": {"aws:ResourceTag/deployment": "ours"}},
}


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with Evaluator() as made:
        yield made


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def asked(action: str, resource: str, context: Mapping[str, ContextValue] | None = None) -> AccessRequest:
    return AccessRequest(session_of(ROLE, "function"), action, (resource,), context or OVER_TLS)


def test_what_a_statement_allows_is_allowed_and_the_statement_is_told(evaluator: Evaluator) -> None:
    policies = Policies((("own", policy(LIST_RUNS, READ_RUNS)),))
    decision = evaluator.decide(asked("s3:GetObject", f"{BUCKET}/runs/1/report.json"), f"{BUCKET}/runs/1/x", policies)
    assert decision.allowed
    assert decision.statements == (DecisiveStatement(IDENTITY, "own", 2),)


def test_a_statement_with_a_name_is_told_by_its_number(evaluator: Evaluator) -> None:
    """The policies of functions, topics and queues name theirs."""
    policies = Policies((("own", policy(LIST_RUNS, {**READ_RUNS, "Sid": "Read"})),))
    decision = evaluator.decide(asked("s3:GetObject", f"{BUCKET}/runs/1/x"), f"{BUCKET}/runs/1/x", policies)
    assert decision.statements == (DecisiveStatement(IDENTITY, "own", 2),)


def test_another_prefix_is_denied_in_aws_s_words(evaluator: Evaluator) -> None:
    decision = evaluator.decide(
        asked("s3:GetObject", f"{BUCKET}/input/x"), f"{BUCKET}/input/x", Policies((("own", policy(READ_RUNS)),))
    )
    assert decision.outcome == "implicitDeny"
    assert decision.reason("s3:GetObject") == "because no identity-based policy allows the s3:GetObject action"


@pytest.mark.parametrize(("prefix", "allowed"), [("runs/1/", True), ("input/", False), ("", False), (None, True)])
def test_a_list_is_bound_to_its_prefix(evaluator: Evaluator, prefix: str | None, allowed: bool) -> None:
    context = OVER_TLS if prefix is None else {**OVER_TLS, "s3:prefix": prefix}
    decision = evaluator.decide(
        asked("s3:ListBucket", BUCKET, context), BUCKET, Policies((("own", policy(LIST_RUNS)),))
    )
    assert decision.allowed is allowed


def test_an_explicit_deny_wins_over_an_allow(evaluator: Evaluator) -> None:
    deny = {**READ_RUNS, "Effect": "Deny", "Resource": f"{BUCKET}/runs/1/*"}
    object_ = f"{BUCKET}/runs/1/x"
    decision = evaluator.decide(
        asked("s3:GetObject", object_), object_, Policies((("own", policy(READ_RUNS)), ("no", policy(deny))))
    )
    assert decision.outcome == "explicitDeny"
    assert decision.statements == (DecisiveStatement(IDENTITY, "no", 1),)
    assert decision.reason("s3:GetObject") == "with an explicit deny in an identity-based policy"


def test_a_bucket_that_is_for_tls_only_refuses_plain_http(evaluator: Evaluator) -> None:
    policies = Policies((("own", policy(READ_RUNS)),), resource=policy(TLS_ONLY))
    object_ = f"{BUCKET}/runs/1/x"
    assert evaluator.decide(asked("s3:GetObject", object_), object_, policies).allowed
    plain = evaluator.decide(asked("s3:GetObject", object_, {"aws:SecureTransport": "false"}), object_, policies)
    assert (plain.outcome, plain.refuser) == ("explicitDeny", RESOURCE)


@pytest.mark.parametrize(
    ("tags", "allowed"), [({"deployment": "ours"}, True), ({"deployment": "other"}, False), ({}, True)]
)
def test_a_resource_s_tag_decides(evaluator: Evaluator, tags: dict[str, str], allowed: bool) -> None:
    context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    decision = evaluator.decide(
        asked("bedrock:DeleteCustomModel", MODEL, context), MODEL, Policies((("own", policy(DELETE_OURS)),))
    )
    assert decision.allowed is allowed


def test_a_boundary_limits_what_the_role_s_policy_allows(evaluator: Evaluator) -> None:
    object_ = f"{BUCKET}/runs/1/x"
    decision = evaluator.decide(
        asked("s3:GetObject", object_), object_, Policies((("own", policy(READ_RUNS)),), boundary=policy(LIST_RUNS))
    )
    assert (decision.outcome, decision.refuser) == ("implicitDeny", BOUNDARY)


def test_a_key_s_own_policy_must_allow_the_account(evaluator: Evaluator) -> None:
    use = policy({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY})
    account = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    other = {**account, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}}
    request = asked("kms:Decrypt", KEY, {"kms:CallerAccount": ACCOUNT})
    assert evaluator.decide(request, KEY, Policies((("own", use),), resource=policy(account))).allowed
    refused = evaluator.decide(request, KEY, Policies((("own", use),), resource=policy(other)))
    assert (refused.outcome, refused.refuser) == ("implicitDeny", RESOURCE)


def test_condition_keys_that_the_action_does_not_have_are_told_and_not_looked_at(evaluator: Evaluator) -> None:
    allow = {**READ_RUNS, "Condition": {"StringEquals": {"s3:prefix": "runs/"}}}
    object_ = f"{BUCKET}/runs/1/x"
    decision = evaluator.decide(
        asked("s3:GetObject", object_, {"s3:prefix": "runs/"}), object_, Policies((("own", policy(allow)),))
    )
    assert not decision.allowed
    assert decision.ignored == ("s3:prefix",)


@pytest.mark.parametrize(("action", "resource"), [("s3:ReadObject", f"{BUCKET}/x"), ("s3:GetObject", MODEL)])
def test_what_iam_does_not_know_is_an_error(evaluator: Evaluator, action: str, resource: str) -> None:
    with pytest.raises(EvaluatorError, match=action):
        evaluator.decide(asked(action, resource), resource, Policies())


def test_an_invalid_policy_is_an_error(evaluator: Evaluator) -> None:
    with pytest.raises(EvaluatorError):
        evaluator.decide(
            asked("s3:GetObject", f"{BUCKET}/x"), f"{BUCKET}/x", Policies((("own", policy({"Effect": "Perhaps"})),))
        )


def test_the_role_of_a_session_is_known_by_its_name() -> None:
    assert session_of(ROLE, "f") == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/f"
    assert role_name(session_of(ROLE, "f")) == role_name(ROLE) == "reader"
    assert role_name(f"arn:aws:iam::{ACCOUNT}:user/x") == role_name("bedrock.amazonaws.com") == ""
