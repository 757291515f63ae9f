"""Faults on demand: which calls of which operation fail, and how."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from local.bedrock.clock import SimulationClock
from local.bedrock.contract import QUOTA_OPERATIONS
from local.bedrock.errors import (
    SPENT_FOR_TODAY,
    TOO_MANY_REQUESTS,
    BedrockError,
    ConflictError,
    DeniedError,
    InternalError,
    ModelFailedError,
    ModelTimedOutError,
    QuotaError,
    ThrottledError,
    ValidationError,
)


class FaultKind(StrEnum):
    """What happens to a call: an error, a dropped connection, a killed caller, or a late or stale answer.

    `…_after` is after the call's effect, everything else before it. `kill_…` ends the Lambda worker that called, and
    `timeout_after` ends it as its function's timeout does. `hold` keeps a call until the set of the rule is released.
    `endless`, `stalled` and `broken` are no failures of the call: a job that is created trains until it is stopped,
    never begins to train, or fails with an internal error after minutes of training, whatever else happens to the call.
    A deployment's update, too, is `endless` or `broken`: it never ends, or fails after its time.
    `stuck` lets a Get answer that a job is still InProgress, a throughput or a deployment still Creating, `failed` that
    it has Failed; what is there bills all the same. `spent` says that the quota of the day is used up.
    `lagging` and `validation_refusals` are no failures either: lists and tags show what was there `delay_seconds` ago,
    and a refusal whose code no document tells is a ValidationException.
    """

    THROTTLE = "throttle"
    SPENT = "spent"
    ACCESS_DENIED = "access_denied"
    VALIDATION = "validation"
    QUOTA = "quota"
    CONFLICT = "conflict"
    INTERNAL = "internal"
    MODEL_ERROR = "model_error"
    MODEL_TIMEOUT = "model_timeout"
    ERROR_AFTER = "error_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    KILL_BEFORE = "kill_before"
    KILL_AFTER = "kill_after"
    SLOW = "slow"
    SLOW_AFTER = "slow_after"
    TIMEOUT_AFTER = "timeout_after"
    HOLD = "hold"
    ENDLESS = "endless"
    STALLED = "stalled"
    BROKEN = "broken"
    STUCK = "stuck"
    FAILED = "failed"
    LAGGING = "lagging"
    VALIDATION_REFUSALS = "validation_refusals"


# Of a job that a call creates, or of an update, not of the call.
OF_WHAT_BEGINS = (FaultKind.ENDLESS, FaultKind.STALLED, FaultKind.BROKEN)
# No call fails by these: they say what becomes of jobs, or how calls that would be answered anyway are answered.
NO_FAILURES = (*OF_WHAT_BEGINS, FaultKind.LAGGING, FaultKind.VALIDATION_REFUSALS)


class Fault(BaseModel):
    """A rule: the calls number `first` to `last` (from 1; none = for ever) of `operation` (`*` = every one) fail.

    `match` is a text that must occur in the request's path or body, or in the name of the resource that it is about,
    and so is `also`;
    `caller` one that must occur in the caller's name. Only the calls that fit both are counted, for each operation
    apart. With `duration_seconds` the rule holds for that long after its first hit, in the simulation's (scaled)
    clock. `delay_seconds`, in real seconds, is how long a `slow`, `slow_after` or `timeout_after` call waits, and how
    far reads lag; of those, `match` is a text in a resource's name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: str
    kind: FaultKind
    first: Annotated[int, Field(ge=1)] = 1
    last: Annotated[int, Field(ge=1)] | None = None
    duration_seconds: Annotated[float, Field(gt=0)] | None = None
    delay_seconds: Annotated[float, Field(ge=0)] = 0
    match: Annotated[str, Field(min_length=1)] | None = None
    also: Annotated[str, Field(min_length=1)] | None = None
    caller: Annotated[str, Field(min_length=1)] | None = None


FAULT_LIST = TypeAdapter(list[Fault])


@dataclass(frozen=True)
class Call:
    """What the rules see of a call: the operation, all texts that a `match` may occur in, and who calls."""

    operation: str
    text: str = ""
    caller: str = ""


def error_of(fault: Fault, operation: str) -> BedrockError | None:
    """The error that a fault answers with, or None where it is no answer at all."""
    match fault.kind:
        case FaultKind.THROTTLE:
            return ThrottledError(TOO_MANY_REQUESTS)
        case FaultKind.SPENT:
            return ThrottledError(SPENT_FOR_TODAY)
        case FaultKind.ACCESS_DENIED:
            action = f"{'servicequotas' if operation in QUOTA_OPERATIONS else 'bedrock'}:{operation}"
            return DeniedError(
                f"User is not authorized to perform: {action} "
                f"because no identity-based policy allows the {action} action"
            )
        case FaultKind.VALIDATION:
            return ValidationError("The request was refused by a fault rule of the simulation.")
        case FaultKind.QUOTA:
            return QuotaError("The request exceeds your account's quota (a fault rule of the simulation).")
        case FaultKind.MODEL_ERROR:
            return ModelFailedError("The model returned an unexpected error. Try your request again.")
        case FaultKind.MODEL_TIMEOUT:
            return ModelTimedOutError("Model has timed out in processing the request. Try your request again.")
        case FaultKind.CONFLICT:
            return ConflictError("The resource is in use (a fault rule of the simulation). Try later.")
        case FaultKind.INTERNAL | FaultKind.ERROR_AFTER:
            return InternalError(
                "The system encountered an unexpected error during processing. Try your request again."
            )
    return None


@dataclass
class _Rule:
    """A rule in force: how often it could have hit by operation, how often it did, and when first.

    `released` lets the calls go on that it holds, and ends a rule that holds calls.
    """

    fault: Fault
    calls: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    first_hit: float | None = None
    released: threading.Event = field(default_factory=threading.Event)

    def fits(self, call: Call) -> bool:
        """Whether the rule is about this call at all."""
        fault = self.fault
        return (
            fault.operation in ("*", call.operation)
            and (fault.match is None or fault.match in call.text)
            and (fault.also is None or fault.also in call.text)
            and (fault.caller is None or fault.caller in call.caller)
        )


class Faults:
    """The rules in force, in sets by name, and how often each could have hit since it was set."""

    def __init__(self, clock: SimulationClock, time_scale: float, rules: list[Fault] | None = None) -> None:
        self._clock = clock
        self._time_scale = time_scale
        self._lock = threading.Lock()
        self._sets: dict[str, list[_Rule]] = {}
        self.replace(rules or [])

    @property
    def rules(self) -> list[Fault]:
        """The rules in force."""
        with self._lock:
            return [rule.fault for rules in self._sets.values() for rule in rules]

    def hits(self, name: str) -> list[int]:
        """How many calls each rule of a set has hit, in the set's order."""
        with self._lock:
            return [rule.hits for rule in self._sets.get(name, [])]

    def replace(self, rules: list[Fault]) -> None:
        """Put new rules in force instead of all others; their calls are counted from 1."""
        with self._lock:
            for name in [*self._sets]:
                self._release(name)
            self._sets = {"": [_Rule(fault) for fault in rules]}

    def put(self, name: str, rules: list[Fault]) -> None:
        """Put the rules of one set in force and leave the other sets and their counts alone; no rules: no set."""
        with self._lock:
            self._release(name)
            self._sets.pop(name, None)
            if rules:
                self._sets[name] = [_Rule(fault) for fault in rules]

    def release(self, name: str) -> None:
        """Let the calls go on that a set holds; it holds no more of them, and its other rules stay in force."""
        with self._lock:
            self._release(name)

    def wait_until_released(self, fault: Fault) -> None:
        """Return when the set of this rule, which `count` has returned, is released or gone."""
        with self._lock:
            held = [rule for rules in self._sets.values() for rule in rules if rule.fault is fault]
        for rule in held:
            rule.released.wait()

    def of_what_begins(self, call: Call) -> set[FaultKind]:
        """What becomes of the job or update that this call begins: endless, stalled, broken, or none of it."""
        with self._lock:
            rules = [rule for rules in self._sets.values() for rule in rules]
        return {rule.fault.kind for rule in rules if rule.fault.kind in OF_WHAT_BEGINS and rule.fits(call)}

    def lag_of(self, name: str) -> float:
        """How far lists and tags lag behind for what has this name, in real seconds."""
        with self._lock:
            rules = [rule.fault for rules in self._sets.values() for rule in rules]
        lagging = (rule for rule in rules if rule.kind is FaultKind.LAGGING)
        return max((rule.delay_seconds for rule in lagging if rule.match is None or rule.match in name), default=0)

    def refuses_as_validation(self, call: Call) -> bool:
        """Whether a rule says that a refusal of this call, where its code is not documented, is a validation error."""
        with self._lock:
            rules = [rule for rules in self._sets.values() for rule in rules]
        return any(rule.fault.kind is FaultKind.VALIDATION_REFUSALS and rule.fits(call) for rule in rules)

    def count(self, call: Call) -> Fault | None:
        """Count one call and return the first rule that hits it."""
        now = self._clock.now()
        hit: _Rule | None = None
        with self._lock:
            for rule in [rule for rules in self._sets.values() for rule in rules if rule.fits(call)]:
                rule.calls[call.operation] += 1
                if hit is None and self._hits(rule, rule.calls[call.operation], now):
                    rule.hits += 1
                    hit = rule
        return hit.fault if hit else None

    def _release(self, name: str) -> None:
        for rule in self._sets.get(name, []):
            rule.released.set()

    def _hits(self, rule: _Rule, number: int, now: float) -> bool:
        fault = rule.fault
        if fault.kind in NO_FAILURES or (fault.kind is FaultKind.HOLD and rule.released.is_set()):
            return False
        if number < fault.first or (fault.last is not None and number > fault.last):
            return False
        if fault.duration_seconds is None:
            return True
        if rule.first_hit is None:
            rule.first_hit = now
        return now - rule.first_hit < fault.duration_seconds * self._time_scale
