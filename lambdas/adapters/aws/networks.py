"""What EC2 tells of a VPC's parts."""

from typing import Any

from lambdas.adapters.aws.service_errors import named_errors
from lambdas.domain.preflight.network import FoundNetwork, FoundSubnet
from lambdas.domain.training.network import JobNetwork


class Networks:
    """Subnets, security groups and endpoints of the account in this Region."""

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2

    def find(self, network: JobNetwork) -> FoundNetwork:
        """What there is of it. Filters, unlike ids, leave out what does not exist. Raises ServiceBusy and Refused."""
        with named_errors("DescribeSubnets"):
            subnets = tuple(
                FoundSubnet(each["SubnetId"], each["VpcId"], each["AvailabilityZone"], each["AvailableIpAddressCount"])
                for each in self._all("describe_subnets", "Subnets", {"subnet-id": network.subnet_ids})
            )
        with named_errors("DescribeSecurityGroups"):
            groups = self._all("describe_security_groups", "SecurityGroups", {"group-id": network.security_group_ids})
            vpcs = {each["GroupId"]: each["VpcId"] for each in groups}
        found = {each.vpc_id for each in subnets} | set(vpcs.values())
        with named_errors("DescribeVpcEndpoints"):
            of_s3 = {
                "vpc-id": tuple(found),
                "service-name": (f"com.amazonaws.{self._ec2.meta.region_name}.s3",),
                "vpc-endpoint-state": ("available",),
            }
            endpoints = self._all("describe_vpc_endpoints", "VpcEndpoints", of_s3) if found else []
            return FoundNetwork(subnets, vpcs, frozenset(each["VpcId"] for each in endpoints))

    def _all(self, operation: str, key: str, filters: dict[str, tuple[str, ...]]) -> list[dict[str, Any]]:
        asked = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
        return [each for page in self._ec2.get_paginator(operation).paginate(Filters=asked) for each in page[key]]
