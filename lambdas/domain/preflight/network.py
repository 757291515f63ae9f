"""Check of the VPC in which customization jobs run, where the environment names one."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lambdas.domain.core.finding import Finding, Severity
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.checks import Check, report_unknown
from lambdas.domain.training.network import JobNetwork

NETWORK = "job-network"
NO_VPC = "Jobs run in no VPC of the account."
_SET = 'Correct "vpc_subnet_ids" and "vpc_security_group_ids" in cdk.json, and deploy.'


class FoundSubnet(NamedTuple):
    """A subnet that exists."""

    subnet_id: str
    vpc_id: str
    zone: str
    free_addresses: int


class FoundNetwork(NamedTuple):
    """What there is of a network: its subnets, its security groups with their VPCs, and the VPCs with a way to S3."""

    subnets: tuple[FoundSubnet, ...]
    vpc_by_group: Mapping[str, str]
    vpcs_with_s3: frozenset[str]


def usable_network(wanted: JobNetwork, found: FoundNetwork | Unknown) -> Check:
    """The check `job-network`: a job that reaches no data fails after its start."""
    if isinstance(found, Unknown):
        remedy = "Allow ec2:DescribeSubnets, ec2:DescribeSecurityGroups and ec2:DescribeVpcEndpoints."
        return report_unknown(NETWORK, found, "warning", remedy)
    return Check(NETWORK, tuple(_findings(wanted, found)))


def _findings(wanted: JobNetwork, found: FoundNetwork) -> Iterator[Finding]:
    there = {each.subnet_id for each in found.subnets} | found.vpc_by_group.keys()
    missing = [each for each in (*wanted.subnet_ids, *wanted.security_group_ids) if each not in there]
    if missing:
        yield _finding("error", f"{', '.join(missing)} does not exist in this account and Region.", _SET)
    vpcs = sorted({each.vpc_id for each in found.subnets} | set(found.vpc_by_group.values()))
    if len(vpcs) > 1:
        yield _finding("error", f"The subnets and security groups are of several VPCs: {', '.join(vpcs)}.", _SET)
    full = [each.subnet_id for each in found.subnets if each.free_addresses < 1]
    if full:
        remedy = "Free some of its addresses, or name another subnet."
        yield _finding("error", f"{', '.join(full)} has no free address for a job's network interface.", remedy)
    zones = [each.zone for each in found.subnets]
    if twice := sorted({zone for zone in zones if zones.count(zone) > 1}):
        remedy = 'Name one subnet of each zone in "vpc_subnet_ids".'
        yield _finding("warning", f"Several subnets are in one Availability Zone: {', '.join(twice)}.", remedy)
    if cut_off := [vpc for vpc in vpcs if vpc not in found.vpcs_with_s3]:
        message = f"{', '.join(cut_off)} has no endpoint of S3: a job reaches its data only by another way out."
        remedy = "Create a gateway endpoint of S3 for the subnets' route tables, or make sure of that way."
        yield _finding("warning", message, remedy)


def _finding(severity: Severity, message: str, remedy: str) -> Finding:
    return Finding(check=NETWORK, severity=severity, message=message, remedy=remedy)
