"""What IAM and KMS tell of the roles and the key that a job uses."""

from collections.abc import Mapping, Sequence
from typing import Any

from lambdas.adapters.aws.service_errors import Refused, named_errors
from lambdas.domain.preflight.role import KeyState, Policy

_NO_SUCH = {"NoSuchEntity", "NoSuchEntityException", "NotFoundException"}


class Identity:
    """Roles and keys."""

    def __init__(self, iam: Any, kms: Any) -> None:
        self._iam = iam
        self._kms = kms

    def trust_policy(self, role_arn: str) -> Policy | None:
        """Who may assume the role; None where there is no such role. Raises ServiceBusy and Refused."""
        try:
            with named_errors("GetRole"):
                role = self._iam.get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
        except Refused as refusal:
            if refusal.code in _NO_SUCH:
                return None
            raise
        policy: Policy = role["AssumeRolePolicyDocument"]
        return policy

    def denied(
        self, role_arn: str, actions: Sequence[str], resources: Sequence[str], context: Mapping[str, str] | None = None
    ) -> list[str]:
        """What the role's policies do not allow of the actions: "s3:PutObject on arn:… (implicitDeny)".

        IAM simulates the role's own policies, its boundary and organisation policies, not those of buckets and keys.
        Raises ServiceBusy and Refused.
        """
        entries = [
            {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for name, value in (context or {}).items()
        ]
        with named_errors("SimulatePrincipalPolicy"):
            pages = self._iam.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=role_arn,
                ActionNames=list(actions),
                ResourceArns=list(resources),
                ContextEntries=entries,
            )
            results = [result for page in pages for result in page["EvaluationResults"]]
        return [refusal for result in results for refusal in _refusals(result)]

    def key_state(self, key_arn: str) -> KeyState | None:
        """A KMS key; None where there is none. Raises ServiceBusy and Refused."""
        try:
            with named_errors("DescribeKey"):
                key = self._kms.describe_key(KeyId=key_arn)["KeyMetadata"]
        except Refused as refusal:
            if refusal.code in _NO_SUCH:
                return None
            raise
        return KeyState(
            key["KeyState"], key.get("KeyUsage", "ENCRYPT_DECRYPT"), key.get("KeySpec", "SYMMETRIC_DEFAULT")
        )


def _refusals(result: Mapping[str, Any]) -> list[str]:
    """Of one action: where several resources were asked for, each has a decision of its own."""
    action = result["EvalActionName"]
    each = [
        (one["EvalResourceName"], one["EvalResourceDecision"]) for one in result.get("ResourceSpecificResults", [])
    ] or [(result.get("EvalResourceName", "*"), result["EvalDecision"])]
    return [f"{action} on {resource} ({decision})" for resource, decision in each if decision != "allowed"]
