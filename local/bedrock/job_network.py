"""What a job's role must be allowed in EC2 where the job runs in a VPC.

The actions and conditions are those of "Protect your model customization jobs using a VPC" (Bedrock user guide).
"""

from collections.abc import Iterator, Mapping

from local.bedrock.errors import ValidationError
from local.bedrock.service_role import Context, ServiceRoles
from local.bedrock.settings import SimulationSettings

DESCRIBED = ("NetworkInterfaces", "Vpcs", "DhcpOptions", "Subnets", "SecurityGroups")
ON_INTERFACES = ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission")
MANAGED, JOB_TAG = "BedrockManaged", "BedrockModelCustomizationJobArn"


def check_network(
    roles: ServiceRoles, network: Mapping[str, list[str]], role_arn: str, job_arn: str, settings: SimulationSettings
) -> None:
    """Raises ValidationError that names what the role may not do."""
    denied = [
        f"{action} on {resource}"
        for action, resource, context in _calls(network, job_arn, settings)
        if not roles.may(role_arn, action, resource, context)
    ]
    if denied:
        raise ValidationError(
            f"The role {role_arn} cannot be used with a vpcConfig: it is not allowed {', '.join(denied)}."
        )


def _calls(
    network: Mapping[str, list[str]], job_arn: str, settings: SimulationSettings
) -> Iterator[tuple[str, str, Context]]:
    """What Bedrock does for the job in the role's name."""
    ec2 = f"arn:aws:ec2:{settings.region}:{settings.account_id}"
    tags = {MANAGED: "true", JOB_TAG: job_arn}
    requested: Context = {**{f"aws:RequestTag/{name}": value for name, value in tags.items()}, "aws:TagKeys": (*tags,)}
    tagged = {f"ec2:ResourceTag/{name}": value for name, value in tags.items()}
    interface = f"{ec2}:network-interface/eni-1"
    subnets = [f"{ec2}:subnet/{each}" for each in network["subnetIds"]]
    for kind in DESCRIBED:
        yield f"ec2:Describe{kind}", "*", {}
    for resource in (*subnets, *(f"{ec2}:security-group/{each}" for each in network["securityGroupIds"])):
        yield "ec2:CreateNetworkInterface", resource, {}
    yield "ec2:CreateNetworkInterface", interface, requested
    yield "ec2:CreateTags", interface, {**requested, "ec2:CreateAction": "CreateNetworkInterface"}
    for subnet in subnets:
        for action in ON_INTERFACES:
            yield f"ec2:{action}", interface, {**tagged, "ec2:Subnet": subnet}
