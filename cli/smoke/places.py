"""Where the smoke test runs: on the caller's account, or on an embedded AWS that ends with it."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cli.account import Account
from cli.target import RequestedEnvironment
from local import deployment
from local.checkout import CHECKOUT
from local.embedded_aws import ACCOUNT, EmbeddedAws
from local.process import ProcessFailedError

# The person has confirmed before.
UNASKED = {"deploy": ("--require-approval", "never"), "destroy": ("--force",)}


class SmokePlace(Protocol):
    """An account, and the CDK CLI for it."""

    @property
    def account(self) -> Account:
        """Who is called."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What the environment's settings must be there."""

    @property
    def patience_seconds(self) -> float:
        """For how long AWS may not answer."""

    @property
    def pause_seconds(self) -> float:
        """Between two looks at what is being deleted."""

    def cdk(self, command: str, target: RequestedEnvironment) -> int:
        """The exit status of the CDK CLI's command on all stacks, without questions."""


@dataclass(frozen=True)
class CallersAccount:
    """The caller's own, which costs money."""

    account: Account
    settings: Mapping[str, str] = field(default_factory=dict)
    patience_seconds: float = 600
    pause_seconds: float = 15

    def cdk(self, command: str, target: RequestedEnvironment) -> int:
        """As `make deploy` and `make destroy` run it."""
        words = ["cdk", command, "--all", *UNASKED[command], *target.context]
        return subprocess.run(words, cwd=CHECKOUT, check=False).returncode


class Embedded:
    """The embedded AWS, which costs nothing."""

    patience_seconds: float = 0
    pause_seconds: float = 0.2

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self.account = Account(aws, aws.region, caller=f"arn:aws:iam::{ACCOUNT}:root")
        self.settings = deployment.host_settings(aws)

    def cdk(self, command: str, target: RequestedEnvironment) -> int:
        """Its output is in `logs/`."""
        try:
            deployment.run_cdk(self._aws, command, target.given, *UNASKED[command])
        except ProcessFailedError:
            return 1
        return 0
