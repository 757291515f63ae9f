"""A job in a VPC: the simulated Bedrock asks for what its role must be allowed, as the stack grants it."""

from typing import Any

import aws_cdk as cdk
import pytest

from local.bedrock.errors import ValidationError
from local.bedrock.job_network import check_network
from local.bedrock.settings import SimulationSettings
from local.permissions.evaluator import Policies
from stacks.customization_role import in_vpc
from stacks.settings import Settings
from tests.local.bedrock.decided_roles import decided_by, document

ACCOUNT = "123456789012"
SUBNETS, GROUPS = ("subnet-1", "subnet-2"), ("sg-1",)
NETWORK = {"subnetIds": [*SUBNETS], "securityGroupIds": [*GROUPS]}
SIMULATION = SimulationSettings(region="us-east-1", account_id=ACCOUNT)
JOB = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:model-customization-job/m/abcdefghijkl"


def granted() -> list[dict[str, Any]]:
    """The statements of the stack's role."""
    stack = cdk.Stack(
        cdk.App(context={"@aws-cdk/core:enablePartitionLiterals": True}),
        "data",
        env=cdk.Environment(account=ACCOUNT, region="us-east-1"),
    )
    settings = Settings(vpc_subnet_ids=SUBNETS, vpc_security_group_ids=GROUPS)
    return [dict(stack.resolve(each.to_statement_json())) for each in in_vpc(stack, settings)]


def check(statements: list[dict[str, Any]], network: dict[str, list[str]] = NETWORK) -> None:
    with decided_by(Policies(identity=(("own", document(*statements)),))) as roles:
        check_network(roles, network, f"arn:aws:iam::{ACCOUNT}:role/customization", JOB, SIMULATION)


def test_the_role_of_the_stack_suffices() -> None:
    """On AWS a job would fail without, after its data was prepared."""
    check(granted())


@pytest.mark.assumption("job-in-a-vpc-needs-network-permissions")
@pytest.mark.parametrize("without", range(5))
def test_each_statement_is_needed(without: int) -> None:
    """Nothing is granted that Bedrock does not ask for."""
    statements = granted()
    del statements[without]
    with pytest.raises(ValidationError, match="ec2:"):
        check(statements)


def test_another_subnet_than_the_set_ones_is_out_of_reach() -> None:
    """The role is no way into other networks of the account."""
    with pytest.raises(ValidationError, match="subnet-3"):
        check(granted(), {**NETWORK, "subnetIds": ["subnet-3"]})
