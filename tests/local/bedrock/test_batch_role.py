"""The role of batch jobs: the simulated Bedrock asks for what it must be allowed, as the stack grants it."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from lambdas.domain.batch.batch_job import batch_input_key, batch_output_key, batch_output_prefix
from local.bedrock.batch_requests import check_batch_role
from local.bedrock.errors import ValidationError
from local.bedrock.service_role import Context
from local.bedrock.settings import SimulationSettings
from local.permissions.evaluator import Policies
from local.permissions.request import AccessRequest
from stacks.batch_role import BatchRole
from tests.local.bedrock.decided_roles import DecidedRoles, decided_by, document

ACCOUNT = "123456789012"
SIMULATION = SimulationSettings(region="us-east-1", account_id=ACCOUNT)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
JOB = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:model-invocation-job/abcdefghijkl"
BUCKET, PREFIX = "arn:aws:s3:::outputs", "runs/sales-0123456789ab/"
PROFILE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


@pytest.fixture(scope="module")
def granted() -> list[dict[str, Any]]:
    """The statements of the stack's role."""
    app = cdk.App(context={"@aws-cdk/core:enablePartitionLiterals": True})
    stack = cdk.Stack(app, "data", env=cdk.Environment(account=ACCOUNT, region="us-east-1"))
    BatchRole(stack, "Batch", bucket=s3.Bucket(stack, "Outputs", bucket_name="outputs"), key=None)
    [policy] = [each for each in stack.node.find_all() if isinstance(each, iam.Policy)]
    return [
        {
            **each,
            "Resource": BUCKET + text.partition("Arn]}")[2] if (text := _text(each["Resource"])) else each["Resource"],
        }
        for each in stack.resolve(policy.document.to_json())["Statement"]
    ]


def _text(resource: Any) -> str:
    """An ARN of the bucket, which is known only once it is deployed; empty for any other."""
    if isinstance(resource, dict) and "Fn::GetAtt" in resource:
        return "Arn]}"
    if isinstance(resource, dict) and "Fn::Join" in resource:
        return "Arn]}" + str(resource["Fn::Join"][1][-1])
    return ""


class WithoutStorage(DecidedRoles):
    """Its files are looked at apart."""

    def s3(self, role_arn: str) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda **_: None


def check(statements: list[dict[str, Any]], model: str) -> None:
    with decided_by(Policies(identity=(("own", document(*statements)),))) as roles:
        trusting = WithoutStorage(roles.evaluator, roles.policies)
        allowed = trusting.may

        def may(principal: str, action: str, resource: str, context: Context) -> bool:
            return action == "sts:AssumeRole" or allowed(principal, action, resource, context)

        trusting.may = may  # type: ignore[method-assign] # who trusts whom is another test's
        request = {
            "roleArn": ROLE,
            "modelId": model,
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://outputs/x.jsonl"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://outputs/out/"}},
        }
        check_batch_role(trusting, request, JOB, SIMULATION)


def test_the_role_may_ask_models_through_profiles(granted: list[dict[str, Any]]) -> None:
    check(granted, PROFILE)
    check(granted, "amazon.nova-lite-v1:0")
    without = [each for each in granted if each["Action"] != "bedrock:InvokeModel"]
    check(without, "amazon.nova-lite-v1:0")
    with pytest.raises(ValidationError, match="InvokeModel"):
        check(without, PROFILE)


def test_the_role_reaches_the_files_of_batch_jobs_alone(granted: list[dict[str, Any]]) -> None:
    questions, answers = batch_input_key(PREFIX, 3), batch_output_key(PREFIX, 3, JOB)
    written = f"{batch_output_prefix(PREFIX, 3)}.write_access_check_file.temp"
    with decided_by(Policies(identity=(("own", document(*granted)),))) as roles:

        def may(action: str, key: str) -> bool:
            resource = f"{BUCKET}/{key}"
            request = AccessRequest(ROLE, action, (resource,), {})
            return roles.evaluator.decide(request, resource, roles.policies).allowed

        assert may("s3:GetObject", questions)
        assert not may("s3:PutObject", questions)
        assert all(may("s3:PutObject", key) and may("s3:GetObject", key) for key in (answers, written))
        for key in (f"{PREFIX}dataset/train.jsonl", f"{PREFIX}customization/c1/x", f"{PREFIX}report.json"):
            assert not may("s3:GetObject", key)
            assert not may("s3:PutObject", key)
