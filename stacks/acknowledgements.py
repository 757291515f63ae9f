"""Findings of cdk-nag that stay, each with its exact id and the reason, declared beside the construct they concern."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledges findings on the construct and what it holds: `{"AwsSolutions::AwsSolutions-S1": reason}`."""
    cdk.Validations.of(construct).acknowledge(
        *(cdk.Acknowledgment(id=identifier, reason=reason) for identifier, reason in reasons.items())
    )
