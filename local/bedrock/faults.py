"""Faults on demand: which calls of which operation fail, and how."""

import threading
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from local.bedrock.clock import Clock
from local.bedrock.errors import (
    BedrockError,
    DeniedError,
    InternalError,
    QuotaError,
    ThrottledError,
    ValidationError,
)


class FaultKind(StrEnum):
    """What happens to a call. Errors come before the effect; `drop_after` and `error_after` come after it."""

    THROTTLE = "throttle"
    ACCESS_DENIED = "access_denied"
    VALIDATION = "validation"
    QUOTA = "quota"
    INTERNAL = "internal"
    ERROR_AFTER = "error_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    SLOW = "slow"


class Fault(BaseModel):
    """A rule: the calls number `first` to `last` (from 1; none = for ever) of `operation` (`*` = every one) fail.

    With `duration_seconds` the rule holds for that long after its first hit, in the simulation's (scaled) clock.
    `delay_seconds`, in real seconds, is how long a `slow` call takes before it is served as usual.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: str
    kind: FaultKind
    first: Annotated[int, Field(ge=1)] = 1
    last: Annotated[int, Field(ge=1)] | None = None
    duration_seconds: Annotated[float, Field(gt=0)] | None = None
    delay_seconds: Annotated[float, Field(ge=0)] = 0


FAULT_LIST = TypeAdapter(list[Fault])


def error_of(fault: Fault, operation: str) -> BedrockError | None:
    """The error that a fault answers with, or None where it is no answer at all."""
    match fault.kind:
        case FaultKind.THROTTLE:
            return ThrottledError("Too many requests, please wait before trying again.")
        case FaultKind.ACCESS_DENIED:
            return DeniedError(
                "User is not authorized to perform: "
                f"bedrock:{operation} because no identity-based policy allows the bedrock:{operation} action"
            )
        case FaultKind.VALIDATION:
            return ValidationError("The request was refused by a fault rule of the simulation.")
        case FaultKind.QUOTA:
            return QuotaError("The request exceeds your account's quota (a fault rule of the simulation).")
        case FaultKind.INTERNAL | FaultKind.ERROR_AFTER:
            return InternalError(
                "The system encountered an unexpected error during processing. Try your request again."
            )
    return None


class Faults:
    """The rules in force and how often each operation was called since they were set."""

    def __init__(self, clock: Clock, time_scale: float, rules: list[Fault] | None = None) -> None:
        self._clock = clock
        self._time_scale = time_scale
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._calls: dict[str, int] = {}
        self._first_hit: dict[int, float] = {}
        self.replace(rules or [])

    @property
    def rules(self) -> list[Fault]:
        """The rules in force."""
        with self._lock:
            return list(self._rules)

    def replace(self, rules: list[Fault]) -> None:
        """Put new rules in force and count the calls from 1 again."""
        with self._lock:
            self._rules = list(rules)
            self._calls.clear()
            self._first_hit.clear()

    def count(self, operation: str) -> Fault | None:
        """Count one call and return the first rule that hits it."""
        now = self._clock.now()
        with self._lock:
            number = self._calls[operation] = self._calls.get(operation, 0) + 1
            for index, rule in enumerate(self._rules):
                if rule.operation in ("*", operation) and self._hits(index, rule, number, now):
                    return rule
        return None

    def _hits(self, index: int, rule: Fault, number: int, now: float) -> bool:
        if number < rule.first or (rule.last is not None and number > rule.last):
            return False
        if rule.duration_seconds is None:
            return True
        return now - self._first_hit.setdefault(index, now) < rule.duration_seconds * self._time_scale
