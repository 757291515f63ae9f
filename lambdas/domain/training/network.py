"""Where a customization job runs, where that is a VPC of the account."""

from typing import NamedTuple


class JobNetwork(NamedTuple):
    """The subnets and security groups of a job's network interfaces."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
