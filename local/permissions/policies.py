"""The policies that are deployed on the embedded AWS: of roles, and of the buckets, keys and topics they use.

It runs in the emulator's process and reads ministack's state anew for each decision, so that a statement that is
removed while a run goes on counts at once.
"""

import json
from dataclasses import replace
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

from local.permissions.evaluator import Policies
from local.permissions.request import role_name

# What an ARN of a service may have a policy of its own for; the others' are about whom they let in from outside.
WITH_POLICIES = ("s3", "kms", "sns", "sqs", "lambda")
# What a role's trust policy is about.
ASSUME = "sts:AssumeRole"


class UnknownRoleError(Exception):
    """A principal's role is not deployed."""


def deployed(principal_arn: str, resource: str, action: str) -> Policies:
    """What decides on the principal's request for the resource. Raises UnknownRoleError."""
    of_resource = _trust_policy(resource) if action == ASSUME else _resource_policy(resource)
    # A user, or a service of AWS, has no policies of its own here.
    own = of_principal(principal_arn) if role_name(principal_arn) else Policies()
    return replace(own, resource=of_resource)


def of_principal(principal_arn: str) -> Policies:
    """What a role, or a session of it, may do by itself. Raises UnknownRoleError."""
    name = role_name(principal_arn)
    return Policies(identity=_of_role(name), boundary=_boundary(name))


def role_arn(name: str) -> str | None:
    """The ARN of a role, path included; None where there is none."""
    role = iam._roles.get(name)
    return str(role["Arn"]) if role else None


def _of_role(name: str) -> tuple[tuple[str, str], ...]:
    role = iam._roles.get(name)
    if role is None:
        raise UnknownRoleError(f"The embedded AWS has no role {name}: nothing is allowed with it.")
    inline = [(str(policy), _text(document)) for policy, document in (role.get("InlinePolicies") or {}).items()]
    attached = [
        (arn, iam_evaluator._resolve_managed_policy_document(arn, _account(role)))
        for arn in role.get("AttachedPolicies", [])
    ]
    return (*inline, *((str(arn), _text(document)) for arn, document in attached if document))


def _boundary(name: str) -> str | None:
    role = iam._roles.get(name) or {}
    arn = role.get("PermissionsBoundary")
    if not arn:
        return None
    document = iam_evaluator._resolve_managed_policy_document(arn, _account(role))
    # A boundary that is gone allows nothing.
    return _text(document) if document else json.dumps({"Version": "2012-10-17", "Statement": []})


def _account(role: dict[str, Any]) -> str:
    return str(role["Arn"].split(":")[4])


def _trust_policy(role_arn: str) -> str:
    name = role_name(role_arn)
    if name not in iam._roles:
        raise UnknownRoleError(f"The embedded AWS has no role {name}: nobody can assume it.")
    return _text(iam._roles[name]["AssumeRolePolicyDocument"])


def _resource_policy(resource: str) -> str | None:
    service = resource.split(":")[2] if resource.startswith("arn:") else ""
    if service not in WITH_POLICIES:
        return None
    # A bucket's policy is found by the bucket's ARN.
    found = iam_evaluator._resource_policy(service, resource.partition("/")[0] if service == "s3" else resource)
    return _text(found[0]) if found and found[0] else None


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document, sort_keys=True)
