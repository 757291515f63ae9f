"""The form of a case: what fails, where, and what a run does then. Each case is a run on a data set of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from local.bedrock.faults import Fault, FaultKind
from local.bedrock.settings import UndocumentedRefusals
from local.faults.dataset import PLAIN, DataSet

# What a Lambda function may take, on AWS's clock: its state's timeout less five seconds.
FUNCTION_SECONDS = 115
SHARD_FUNCTION_SECONDS = 895

# What can be left of a run: a throughput, a custom model deployment, a running job, a model that was not chosen.
Kind = Literal["throughput", "deployment", "job", "batch job", "model"]
Breakpoint = Literal["before", "after"]
SUCCEEDED = frozenset({"SUCCEEDED"})
ENDED = frozenset({"SUCCEEDED", "FAILED"})
FAILED = frozenset({"FAILED"})
ABORTED = frozenset({"ABORTED"})
TIMED_OUT = frozenset({"TIMED_OUT"})

SPENT = "quota of the day used up"
MODEL_ERROR = "the model's own error twice"
FAILURES: Mapping[str, tuple[FaultKind, Mapping[str, Any]]] = {
    "throttled once": (FaultKind.THROTTLE, {"last": 1}),
    "throttled for a minute": (FaultKind.THROTTLE, {"duration_seconds": 60}),
    "throttled for an hour": (FaultKind.THROTTLE, {"duration_seconds": 3600}),
    "throttled for hours": (FaultKind.THROTTLE, {"duration_seconds": 3 * 3600}),
    "throttled for ever": (FaultKind.THROTTLE, {}),
    "access denied": (FaultKind.ACCESS_DENIED, {}),
    "access denied for an hour": (FaultKind.ACCESS_DENIED, {"duration_seconds": 3600}),
    "validation error": (FaultKind.VALIDATION, {}),
    "quota exceeded": (FaultKind.QUOTA, {}),
    # More often than boto3 repeats a call by itself.
    "internal error": (FaultKind.INTERNAL, {"last": 5}),
    "dropped before the effect": (FaultKind.DROP_BEFORE, {"last": 1}),
    "dropped after the effect": (FaultKind.DROP_AFTER, {"last": 1}),
    "function killed before the effect": (FaultKind.KILL_BEFORE, {"last": 1}),
    "function killed after the effect": (FaultKind.KILL_AFTER, {"last": 1}),
    "slower than the function's timeout": (FaultKind.TIMEOUT_AFTER, {"last": 1}),
    SPENT: (FaultKind.SPENT, {}),
    MODEL_ERROR: (FaultKind.MODEL_ERROR, {"last": 2}),
}
# For an hour or more it is only waited for (busy_cases.py).
FOR_HOURS = ("throttled for an hour", "throttled for hours", "access denied for an hour")
OF_INFERENCE = (SPENT, MODEL_ERROR)
ALL = tuple(name for name in FAILURES if name not in (*FOR_HOURS, *OF_INFERENCE))
# Of calls that are waited for for as long as a run may take.
PATIENT = tuple(name for name in ALL if name != "throttled for ever")
# Of calls that change nothing, where before and after the effect are the same.
OF_QUESTIONS = (
    "throttled for a minute",
    "throttled for ever",
    "access denied",
    "internal error",
    "function killed before the effect",
    "slower than the function's timeout",
)
# One of each way that a call ends: later, never, refused, without an answer, without the function.
OF_EACH_WAY = (
    "throttled for a minute",
    "access denied",
    "dropped after the effect",
    "function killed before the effect",
    "function killed after the effect",
)


class Action(StrEnum):
    """What else happens to a run, beside the fault rules."""

    NONE = "none"
    STOP = "stop"
    DESTROY = "destroy"
    # The same event is delivered a second time.
    DUPLICATE_EVENT = "duplicate event"
    # The data set is uploaded twice, and both events are delivered again, the newer one first.
    REORDERED_EVENTS = "reordered events"
    # Somebody starts an execution with the input of a run that has failed.
    NEW_EXECUTION = "new execution of a failed run"
    # train.jsonl arrives before its siblings.
    LATE_SIBLINGS = "late siblings"
    # The run that has the slot which this one waits for is stopped.
    STOP_HOLDER = "stop the holder"
    # Somebody starts an execution with the input of a run that has succeeded.
    NEW_EXECUTION_OF_SUCCESS = "new execution of a run that succeeded"
    # run.json arrives after the data set was read.
    LATE_SETTINGS = "late settings"
    # The execution's own timeout is over.
    TIME_OUT = "time out"
    # The execution's history is full: it fails, and no state of it cleans up.
    FILL_HISTORY = "fill history"
    # Nobody answers the request for approval until its timeout is over.
    EXPIRE_APPROVAL = "expire approval"
    # The tag that ends the lease is set to the past while the run goes on.
    EXPIRE_LEASE = "expire lease"
    # The stored choice of a sweep is deleted, and the execution is stopped.
    LOSE_CHOICE = "lose choice"
    # The slots of the run are deleted, and it is let go on.
    LOSE_SLOTS = "lose slots"
    # A function that is held takes all of Lambda's concurrency, until many calls of others have been refused.
    STARVE = "starve"
    # The same, and the execution is stopped meanwhile.
    STARVE_AND_STOP = "starve and stop"
    # A person answers the request for approval.
    APPROVE = "approve"
    REJECT = "reject"
    # Somebody answers by hand: yes, with more than the state has room for, or no, with all that it has room for.
    APPROVE_AT_LENGTH = "approve at length"
    REJECT_AT_LENGTH = "reject at length"


@dataclass(frozen=True)
class Case:
    """One run with its faults.

    `rules` get the run's own `match` when they are set, unless their `caller` names a deployment. `action` happens as
    soon as `state` is entered; with a `breakpoint` the run is held there before its function runs, or after.
    `deployment` is the one that the run is started on: "shared", "alone" (one of its own), or a variant's name;
    `holder` is whether another run has its throughput slot before. Lambda refuses `refused_calls` of the function of
    `state`, as where no concurrency is left. A run that failed with its model trained `goes_on` in a second run, as its
    message says. What its Tasks put out `shows` a text. `injects` says that the first rule is the fault itself, not
    what keeps the run in `state`. Rules that make the deletion impossible `lift` once the execution has ended and told
    so: nobody could get to zero before. `error` is the name that a failed run must end with, `missing_arm` the one arm
    that the report of a run that succeeded must tell as missing; it may tell those of `may_miss`. A curation whose
    function is cut off `may_ask_again` what that has not stored. A case that `must_leak` is a control: what it names is
    left for certain, and must be seen to be.

    `refusals` is the code of the refusals that no document tells; a case whose outcome rests on them is run
    `either_way`. Bedrock's lists and tags lag behind by `lag_seconds`, on AWS's clock, of what the run has.
    """

    name: str
    fault: str
    rules: tuple[Fault, ...] = ()
    action: Action = Action.NONE
    state: str | None = None
    breakpoint: Breakpoint | None = None
    deployment: str = "shared"
    holder: bool = False
    refused_calls: int = 0
    goes_on: bool = False
    shows: str | None = None
    injects: bool = False
    lifts: bool = False
    dataset: DataSet = PLAIN
    error: str | None = None
    buys_nothing: bool = False
    missing_arm: str | None = None
    may_miss: frozenset[str] = frozenset()
    may_ask_again: bool = False
    must_leak: Kind | None = None
    either_way: bool = False
    refusals: UndocumentedRefusals = "specific"
    lag_seconds: float = 0
    ends_as: frozenset[str] = ENDED


@dataclass(frozen=True)
class Target:
    """An operation of a run, as one caller of it uses it, and how it `fails`, with some failures `either_way`.

    `leads_there` are the rules that make a run call it. A run goes on without its `missing_arm` if it fails for ever,
    and may go on without those of `may_miss`. `also` is a text that the call must name besides.
    """

    name: str
    operation: str
    caller: str | None = None
    leads_there: tuple[Fault, ...] = ()
    action: Action = Action.NONE
    state: str | None = None
    deployment: str = "shared"
    function_seconds: float = FUNCTION_SECONDS
    needed_to_delete: bool = False
    ends_as: frozenset[str] = ENDED
    dataset: DataSet = PLAIN
    missing_arm: str | None = None
    may_miss: frozenset[str] = frozenset()
    also: str | None = None
    fails: Sequence[str] = ALL
    either_way: Sequence[str] = ()

    def rule(self, kind: FaultKind, **how: Any) -> Fault:
        """A fault rule for this operation."""
        return Fault(operation=self.operation, kind=kind, caller=self.caller, also=self.also, **how)


def in_real_seconds(case: Case, time_scale: float) -> list[Fault]:
    """The case's rules with their delays as they pass here."""
    return [rule.model_copy(update={"delay_seconds": rule.delay_seconds * time_scale}) for rule in case.rules]


def each_operation(targets: Sequence[Target]) -> Iterator[Case]:
    """Every operation with every failure that it is to have."""
    for target in targets:
        for words in target.fails:
            kind, how = FAILURES[words]
            if kind is FaultKind.TIMEOUT_AFTER:
                how = {**how, "delay_seconds": target.function_seconds}
            is_lasting = "last" not in how and "duration_seconds" not in how
            missing_arm = target.missing_arm if is_lasting else None
            yield Case(
                name=f"{target.name}/{words.replace(' ', '-')}",
                fault=f"{target.operation} {words}",
                rules=(target.rule(kind, **how), *target.leads_there),
                action=target.action,
                state=target.state,
                deployment=target.deployment,
                injects=True,
                lifts=target.needed_to_delete and is_lasting,
                missing_arm=missing_arm,
                may_miss=target.may_miss,
                ends_as=SUCCEEDED if missing_arm else target.ends_as,
                dataset=target.dataset,
                either_way=words in target.either_way,
            )


def about_the_run(case: Case, time_scale: float) -> list[Fault]:
    """How the simulated Bedrock answers the case's run, whatever fails."""
    rules = []
    if case.refusals == "validation":
        rules.append(Fault(operation="*", kind=FaultKind.VALIDATION_REFUSALS))
    if case.lag_seconds:
        rules.append(Fault(operation="*", kind=FaultKind.LAGGING, delay_seconds=case.lag_seconds * time_scale))
    return rules


def hold(target: Target) -> Fault:
    """A rule that keeps the target's first call, and so its state, before the effect until it is let go on."""
    return target.rule(FaultKind.HOLD, last=1)
