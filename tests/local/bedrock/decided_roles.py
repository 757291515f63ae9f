"""Roles of the simulated Bedrock by IAM's decisions on given policies, without an embedded AWS."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.bedrock.service_role import Context
from local.permissions.evaluator import Evaluator, Policies
from local.permissions.request import AccessRequest

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


@dataclass
class DecidedRoles:
    """Implements `local.bedrock.service_role.ServiceRoles`."""

    evaluator: Evaluator
    policies: Policies

    def may(self, principal: str, action: str, resource: str, context: Context) -> bool:
        request = AccessRequest(principal, action, (resource,), context)
        return self.evaluator.decide(request, resource, self.policies).allowed

    def s3(self, role_arn: str) -> "S3Client":
        raise AssertionError(f"Nothing here reads with {role_arn}.")


@contextmanager
def decided_by(policies: Policies) -> Iterator[DecidedRoles]:
    with Evaluator() as evaluator:
        yield DecidedRoles(evaluator, policies)


def document(*statements: Mapping[str, Any]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
