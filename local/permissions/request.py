"""What IAM is asked: whether a principal may do one action on some resources, under conditions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["function", "state machine", "rule", "bedrock", "person"]
# Of a condition key: one value, or several where the key has several, such as aws:TagKeys.
ContextValue = str | tuple[str, ...]


@dataclass(frozen=True)
class AccessRequest:
    """One IAM action; every one of its resources must be allowed.

    `principal_arn` is a role's session (`arn:aws:sts::…:assumed-role/<role>/<session>`), a role, a user, or a service
    such as `bedrock.amazonaws.com`. `origin` is what the principal works for.
    """

    principal_arn: str
    action: str
    resources: tuple[str, ...]
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    origin: Origin = "function"

    def account_of(self, resource: str) -> str:
        """The account that owns a resource: its ARN's, else the principal's, or who a service works for."""
        named = [arn.split(":")[4] for arn in (resource, self.principal_arn) if arn.count(":") > 4]
        return next((account for account in named if account.isdigit()), str(self.context.get("aws:SourceAccount", "")))


def session_of(role_arn: str, name: str) -> str:
    """The principal that works with a role under a session's name: for a function's role, the function's name."""
    account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    return f"arn:aws:sts::{account}:assumed-role/{role}/{name}"


def role_name(principal_arn: str) -> str:
    """The name of the role behind a session or a role's ARN; empty for a user or a service."""
    kind, _, name = principal_arn.rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        return name.partition("/")[0]
    return name.rpartition("/")[2] if kind == "role" else ""
