"""SimulatePrincipalPolicy as AWS answers it: each action on each resource, with the conditions' keys that are given.

ministack looks at the first resource only and knows no context keys, so that a statement with a condition never
allows. The decisions are those of `local.permissions.evaluator`, on a role's own policies: IAM does not look at those
of buckets and keys here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any
from xml.sax.saxutils import escape

from ministack.core import iam_evaluator
from ministack.services import iam

from local import patches
from local.permissions import policies
from local.permissions.evaluator import Evaluator, EvaluatorError, Policies
from local.permissions.request import AccessRequest, ContextValue

OPERATION = "SimulatePrincipalPolicy"
Context = Mapping[str, ContextValue]


def apply(evaluator: Evaluator) -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    patches._require(OPERATION in iam._IAM_HANDLERS, "iam._IAM_HANDLERS", OPERATION)
    iam._IAM_HANDLERS[OPERATION] = partial(simulate, evaluator)


def simulate(evaluator: Evaluator, parameters: dict[str, Any]) -> Any:
    """The operation: parameters of the query protocol to a response. Users have no policies here: roles are asked."""
    source = iam._p(parameters, "PolicySourceArn")
    try:
        own = policies.of_principal(source)
    except policies.UnknownRoleError:
        return iam._error(404, "NoSuchEntity", f"The entity for {source} cannot be found.", ns="iam")
    given = tuple(("given", text) for text in _members(parameters, "PolicyInputList"))
    own = replace(own, identity=(*own.identity, *given))
    context = dict(_context(parameters))
    actions = list(_members(parameters, "ActionNames"))
    resources = list(_members(parameters, "ResourceArns")) or ["*"]
    try:
        results = "".join(
            _result(evaluator, AccessRequest(source, action, (resource,), context, "person"), own)
            for action, resource in product(actions, resources)
        )
    except EvaluatorError as error:
        return iam._error(400, "InvalidInput", str(error), ns="iam")
    result = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
    return iam._xml(200, f"{OPERATION}Response", f"<{OPERATION}Result>{result}</{OPERATION}Result>", ns="iam")


def _result(evaluator: Evaluator, request: AccessRequest, own: Policies) -> str:
    [resource] = request.resources
    decision = evaluator.decide(request, resource, _with_open_key(request, own)).outcome
    keys = "".join(f"<member>{escape(key)}</member>" for key in _missing(request, own))
    missing = f"<MissingContextValues>{keys}</MissingContextValues>"
    # "If you include a list of resources, then any missing context values are instead included under the
    # ResourceSpecificResults section" (EvaluationResult, IAM's API reference).
    specific = (
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalResourceDecision>{decision}</EvalResourceDecision>{missing}"
    )
    where = (
        missing
        if resource == "*"
        else f"<ResourceSpecificResults><member>{specific}</member></ResourceSpecificResults>"
    )
    return (
        f"<member><EvalActionName>{escape(request.action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{decision}</EvalDecision><MatchedStatements></MatchedStatements>{where}</member>"
    )


def _with_open_key(request: AccessRequest, own: Policies) -> Policies:
    """A key's policy, at which IAM does not look, must not refuse."""
    if not request.action.startswith("kms:"):
        return own
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{request.principal_arn.split(':')[4]}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return replace(own, resource=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def _missing(request: AccessRequest, own: Policies) -> list[str]:
    """The keys that conditions of the action's statements ask for and that nobody gave."""
    asked = {
        key
        for _, policy in own.identity
        for statement in iam_evaluator.parse_policy_document(policy)
        if iam_evaluator._action_matches(request.action, statement.actions, statement.not_actions)
        for keys in statement.conditions.values()
        for key in keys
    }
    given = {key.lower() for key in request.context}
    return sorted(key for key in asked if key.lower() not in given)


def _context(parameters: dict[str, Any]) -> Iterator[tuple[str, ContextValue]]:
    """The given keys and their values."""
    number = 1
    while key := iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyName"):
        values = list(_members(parameters, f"ContextEntries.member.{number}.ContextKeyValues"))
        yield key, values[0] if len(values) == 1 else tuple(values)
        number += 1


def _members(parameters: dict[str, Any], name: str) -> Iterator[str]:
    number = 1
    while value := iam._p(parameters, f"{name}.member.{number}"):
        yield value
        number += 1
