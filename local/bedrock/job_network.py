"""What a job's role must be allowed in EC2 where the job runs in a VPC, by its policies in the emulated IAM.

The actions and conditions are those of "Protect your model customization jobs using a VPC" (Bedrock user guide).
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator

from local.bedrock import neighbours
from local.bedrock.errors import ValidationError
from local.bedrock.settings import SimulationSettings

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

DESCRIBED = ("NetworkInterfaces", "Vpcs", "DhcpOptions", "Subnets", "SecurityGroups")
ON_INTERFACES = ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission")
MANAGED, JOB_TAG = "BedrockManaged", "BedrockModelCustomizationJobArn"


def check_network(
    network: Mapping[str, list[str]], role_arn: str, job_arn: str, settings: SimulationSettings, s3: "S3Client"
) -> None:
    """Raises ValidationError that names what the role may not do."""
    policies = list(_policies(neighbours.client("iam", s3), role_arn.rpartition("/")[2]))
    denied = [
        f"{context.action} on {context.resource_arn}"
        for context in _calls(network, role_arn, job_arn, settings)
        if iam_evaluator.evaluate(context, policies).decision != "Allow"
    ]
    if denied:
        raise ValidationError(
            f"The role {role_arn} cannot be used with a vpcConfig: it is not allowed {', '.join(denied)}."
        )


def _calls(
    network: Mapping[str, list[str]], role_arn: str, job_arn: str, settings: SimulationSettings
) -> Iterator[iam_evaluator.EvalContext]:
    """What Bedrock does for the job in the role's name."""
    ec2 = f"arn:aws:ec2:{settings.region}:{settings.account_id}"
    tags = {MANAGED: "true", JOB_TAG: job_arn}
    interface = f"{ec2}:network-interface/eni-1"
    subnets = [f"{ec2}:subnet/{each}" for each in network["subnetIds"]]

    def call(action: str, resource: str, **more: Any) -> iam_evaluator.EvalContext:
        return iam_evaluator.EvalContext(
            principal_arn=role_arn,
            principal_type="AssumedRole",
            principal_account=settings.account_id,
            action=f"ec2:{action}",
            resource_arn=resource,
            region=settings.region,
            **more,
        )

    for kind in DESCRIBED:
        yield call(f"Describe{kind}", "*")
    for resource in (*subnets, *(f"{ec2}:security-group/{each}" for each in network["securityGroupIds"])):
        yield call("CreateNetworkInterface", resource)
    yield call("CreateNetworkInterface", interface, request_tags=tags)
    created = {"ec2:createaction": "CreateNetworkInterface"}
    yield call("CreateTags", interface, request_tags=tags, tag_keys=list(tags), service_context=created)
    tagged = {f"ec2:resourcetag/{name.lower()}": value for name, value in tags.items()}
    for subnet in subnets:
        for action in ON_INTERFACES:
            yield call(action, interface, service_context={"ec2:subnet": subnet, **tagged})


def _policies(iam: Any, role: str) -> Iterator[list[iam_evaluator.ParsedStatement]]:
    """The role's inline policies: the stacks make no others."""
    try:
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    except iam.exceptions.NoSuchEntityException:
        raise ValidationError(f"There is no role {role}.") from None
    for name in names:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        yield iam_evaluator.parse_policy_document(json.dumps(document))
