"""How often what takes minutes is looked at, how long it is waited for, and by which clock."""

import time
from dataclasses import dataclass
from typing import Protocol


class Time(Protocol):
    """A clock that one can wait by."""

    def now(self) -> float:
        """Seconds."""

    def sleep(self, seconds: float) -> None:
        """Comes back that much later."""


class RealTime:
    """The machine's."""

    def now(self) -> float:
        """Seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Comes back that much later."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Pace:
    """Seconds: between two looks; the longest waits for a job, a deployment, a role, a list and a clean-up.

    `settle` is how long a request that was interrupted may still take effect.
    """

    # A job queues for hours at times, a deployment takes minutes.
    poll: float = 30
    job: float = 6 * 3600
    deployment: float = 3600
    role: float = 90
    lag: float = 300
    cleanup: float = 3600
    settle: float = 60
