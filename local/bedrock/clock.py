"""The time that all state derives from."""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class SimulationClock(Protocol):
    """Tells the time in epoch seconds."""

    def now(self) -> float:
        """Epoch seconds."""
        ...


class WallClock:
    """The machine's time."""

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()


class ManualClock:
    """A time that stands still until somebody moves it: state transitions without waiting."""

    def __init__(self, start: float = 1_795_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Epoch seconds."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        with self._lock:
            self._now += seconds


def as_datetime(epoch_seconds: float) -> datetime:
    """The same moment as an aware UTC datetime, cut to milliseconds as the service answers it."""
    return datetime.fromtimestamp(int(epoch_seconds * 1000) / 1000, UTC)
