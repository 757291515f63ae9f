"""What EC2 tells of a job's network."""

import boto3
import pytest
from moto import mock_aws

from lambdas.adapters.aws.networks import Networks
from lambdas.domain.preflight.network import usable_network
from lambdas.domain.training.network import JobNetwork


def test_subnets_groups_and_the_endpoint_of_s3_are_found_and_what_is_missing_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An id that does not exist is a finding, not an error of EC2's."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        ec2 = boto3.Session(region_name="us-east-1").client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="us-east-1a")
        subnet = made["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)["GroupId"]
        network = JobNetwork((subnet,), (group,))
        found = Networks(ec2).find(network)
        assert [(each.subnet_id, each.vpc_id, each.zone) for each in found.subnets] == [(subnet, vpc, "us-east-1a")]
        assert (found.vpc_by_group, found.vpcs_with_s3) == ({group: vpc}, frozenset())
        ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")
        assert usable_network(network, Networks(ec2).find(network)).status == "passed"
        missing = Networks(ec2).find(JobNetwork(("subnet-0123456789abcdef0",), ("sg-0123456789abcdef0",)))
        assert (missing.subnets, missing.vpc_by_group) == ((), {})
