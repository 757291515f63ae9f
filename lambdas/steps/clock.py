"""Time, as far as a step reads it or lets it pass; tests give a step a clock of their own."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lambdas.domain.core import timestamps


@dataclass(frozen=True)
class Clock:
    """The machine's clock; `now` is a timestamp, `sleep` takes seconds."""

    now: Callable[[], str] = timestamps.now
    sleep: Callable[[float], None] = time.sleep
