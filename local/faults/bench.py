"""What the trials share: the embedded AWS with its deployments, the bound that they prove, and the form of a result."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from local.deployment import DeployedEnvironment
from local.embedded_aws import EmbeddedAws
from local.faults.case import Kind
from local.faults.deployments import FurtherEnvironments
from local.faults.observer import POLL_SECONDS, Observer


class TrialsInterruptedError(Exception):
    """The whole is being stopped."""


@dataclass(frozen=True)
class Bound:
    """How long anything may outlive its run, in seconds of AWS's clock."""

    interval_seconds: float
    creation_seconds: float
    deletion_seconds: float

    @property
    def seconds(self) -> float:
        """One reconciliation interval, plus the deletion, which Bedrock refuses while it still creates."""
        return self.interval_seconds + self.creation_seconds + self.deletion_seconds


@dataclass
class Result:
    """A line of the report; `problems` are what fails the whole, `hits` how often each rule hit.

    `left` names what was left after the bound, which a control (`control`) must leave. `seconds_to_zero` is the longest
    of any kind, `seconds_to_zero_by_kind` has the kinds that there were. `refusals` and `lag_seconds` are the case's.
    """

    case: str
    fault: str
    status: str = "NOT_STARTED"
    error: str | None = None
    live_after: int = 0
    models_lost: int = 0
    left: list[str] = field(default_factory=list)
    control: bool = False
    seconds_to_zero: float = 0.0
    seconds_to_zero_by_kind: dict[Kind, float] = field(default_factory=dict)
    cause: str | None = None
    ended_in: str | None = None
    hits: list[int] = field(default_factory=list)
    refusals: str = "specific"
    lag_seconds: float = 0.0
    real_seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The line."""
        return asdict(self)


@dataclass
class Bench:
    """What all trials share."""

    aws: EmbeddedAws
    observer: Observer
    deployments: FurtherEnvironments
    shared: dict[str, DeployedEnvironment]
    bound: Bound
    # Of the deployments that take one case at a time.
    turns: dict[str, threading.Lock]
    # The settings of a deployment for one case alone, and for one where the slot is to be waited for.
    alone: Mapping[str, str]
    alone_with_one_slot: Mapping[str, str]
    # The deployments that nothing reconciles.
    unguarded: frozenset[str] = frozenset()
    interrupted: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        # For all trials: clients are thread-safe, and each one needs 10 MB.
        self.states = self.aws.client("stepfunctions")
        self.s3 = self.aws.client("s3")
        self.bedrock = self.aws.client("bedrock")

    def until(self, enough: Callable[[], Any], seconds: float, pause: float = POLL_SECONDS) -> Any:
        """The first true answer, or the last false one when the (real) seconds are over.

        Raises TrialsInterruptedError where everything is being stopped.
        """
        deadline = time.monotonic() + seconds
        while not (answer := enough()) and time.monotonic() < deadline:
            if self.interrupted.wait(pause):
                raise TrialsInterruptedError
        return answer
