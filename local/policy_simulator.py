"""SimulatePrincipalPolicy as AWS answers it: each action on each resource, with the conditions' keys that are given.

ministack looks at the first resource only and knows no context keys, so that a statement with a condition never
allows. Policies are found and evaluated by its own `iam_evaluator`; resource policies and policy variables are not.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any
from xml.sax.saxutils import escape

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

from local import patches

OPERATION = "SimulatePrincipalPolicy"
DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny", "ImplicitDeny": "implicitDeny"}
Policies = list[list[iam_evaluator.ParsedStatement]]
Context = Mapping[str, str | list[str]]


def apply() -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    for name in ("_gather_role_policies", "_gather_user_policies", "_permissions_boundary", "evaluate"):
        patches._expect(iam_evaluator, name)
    patches._require(OPERATION in iam._IAM_HANDLERS, "iam._IAM_HANDLERS", OPERATION)
    iam._IAM_HANDLERS[OPERATION] = simulate


def simulate(parameters: dict[str, Any]) -> Any:
    """The operation: parameters of the query protocol to a response."""
    source = iam._p(parameters, "PolicySourceArn")
    kind, _, path = source.partition(":iam::")[2].partition(":")[2].partition("/")
    name = path.rpartition("/")[2]
    stores = {
        "role": (iam._roles, iam_evaluator._gather_role_policies),
        "user": (iam._users, iam_evaluator._gather_user_policies),
    }
    store, gather = stores.get(kind, ({}, None))
    if gather is None or name not in store:
        return iam._error(404, "NoSuchEntity", f"The entity for {source} cannot be found.", ns="iam")
    policies = gather(name, get_account_id())
    policies += [iam_evaluator.parse_policy_document(text) for text in _members(parameters, "PolicyInputList")]
    limits = iam_evaluator._permissions_boundary(store, name, get_account_id())
    context = dict(_context(parameters))
    actions = list(_members(parameters, "ActionNames"))
    resources = list(_members(parameters, "ResourceArns")) or ["*"]
    results = "".join(
        _result(source, action, resource, context, policies, limits) for action, resource in product(actions, resources)
    )
    result = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
    return iam._xml(200, f"{OPERATION}Response", f"<{OPERATION}Result>{result}</{OPERATION}Result>", ns="iam")


def _result(
    source: str, action: str, resource: str, context: Context, policies: Policies, limits: list[Policies]
) -> str:
    request = iam_evaluator.EvalContext(
        principal_arn=source,
        principal_type="AssumedRole" if ":role/" in source else "User",
        principal_account=get_account_id(),
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context=dict(context),
    )
    decision = DECISIONS[iam_evaluator.evaluate(request, policies, *limits).decision]
    keys = "".join(f"<member>{escape(key)}</member>" for key in _missing(action, context, policies))
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
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{decision}</EvalDecision><MatchedStatements></MatchedStatements>{where}</member>"
    )


def _missing(action: str, context: Context, policies: Policies) -> list[str]:
    """The keys that conditions of the action's statements ask for and that nobody gave."""
    asked = {
        key
        for statement in (one for policy in policies for one in policy)
        if iam_evaluator._action_matches(action, statement.actions, statement.not_actions)
        for keys in statement.conditions.values()
        for key in keys
    }
    return sorted(key for key in asked if key.lower() not in context)


def _context(parameters: dict[str, Any]) -> Iterator[tuple[str, str | list[str]]]:
    """The given keys in lower case, as the evaluator looks them up, and their values."""
    number = 1
    while key := iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyName"):
        values = list(_members(parameters, f"ContextEntries.member.{number}.ContextKeyValues"))
        yield key.lower(), values[0] if len(values) == 1 else values
        number += 1


def _members(parameters: dict[str, Any], name: str) -> Iterator[str]:
    number = 1
    while value := iam._p(parameters, f"{name}.member.{number}"):
        yield value
        number += 1
