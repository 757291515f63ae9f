"""The cases: what fails, where, and what a run does then. Every case is a run of its own on a data set of its own."""

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local.bedrock.faults import Fault, FaultKind
from local.function_timeout import scaled_timeout

# What a Lambda function may take, on AWS's clock: its state's timeout less five seconds.
FUNCTION_SECONDS = 115
SHARD_FUNCTION_SECONDS = 895
# Longer than it takes to notice that a state was entered and to stop it there, shorter than a function's timeout.
HOLD_SECONDS = 60


class Action(StrEnum):
    """What else happens to a run, beside the fault rules."""

    NONE = "none"
    STOP = "stop"
    DESTROY = "destroy"
    # The same event is delivered a second time.
    DUPLICATE_EVENT = "duplicate event"
    # The data set is uploaded twice, and both events are delivered again, the newer one first.
    REORDERED_EVENTS = "reordered events"
    # train.jsonl arrives before its siblings.
    LATE_SIBLINGS = "late siblings"


@dataclass(frozen=True)
class Case:
    """One run with its faults.

    `rules` get the run's own `match` when they are set, unless their `caller` names a deployment. `action` happens as
    soon as `state` is entered. `deployment` is the one that the run is started on: "shared", "alone" (one of its own),
    or a variant's name; `holder` is whether another run has its throughput slot before. `injects` says that the first
    rule is the fault itself, not what keeps the run in `state`. Rules that make the deletion impossible `lift` once the
    execution has ended and told so: nobody could get to zero before.
    """

    name: str
    fault: str
    rules: tuple[Fault, ...] = ()
    action: Action = Action.NONE
    state: str | None = None
    deployment: str = "shared"
    holder: bool = False
    injects: bool = False
    lifts: bool = False
    ends_as: frozenset[str] = frozenset({"SUCCEEDED", "FAILED"})


@dataclass(frozen=True)
class Target:
    """An operation of a run, as one caller of it uses it; `leads_there` are the rules that make a run call it."""

    name: str
    operation: str
    caller: str | None = None
    leads_there: tuple[Fault, ...] = ()
    action: Action = Action.NONE
    state: str | None = None
    deployment: str = "shared"
    function_seconds: float = FUNCTION_SECONDS
    needed_to_delete: bool = False
    ends_as: frozenset[str] = frozenset({"SUCCEEDED", "FAILED"})

    def rule(self, kind: FaultKind, **how: Any) -> Fault:
        """A fault rule for this operation."""
        return Fault(operation=self.operation, kind=kind, caller=self.caller, **how)


def in_real_seconds(case: Case, time_scale: float) -> list[Fault]:
    """The case's rules with their delays as they pass here: those beyond a function's timeout are so here, too."""

    def real(seconds: float) -> float:
        if seconds < FUNCTION_SECONDS:
            return seconds * time_scale
        return scaled_timeout(seconds, time_scale) * 1.2

    return [
        rule.model_copy(update={"delay_seconds": real(rule.delay_seconds)}) if rule.delay_seconds else rule
        for rule in case.rules
    ]


BASE_MODEL_DENIED = Fault(operation="Converse", kind=FaultKind.ACCESS_DENIED, caller="answer_baseline_shard")
TUNED_MODEL_DENIED = Fault(operation="Converse", kind=FaultKind.ACCESS_DENIED, caller=".answer_shard")
JOB_STUCK = Fault(operation="GetModelCustomizationJob", kind=FaultKind.STUCK, caller="check_customization")
THROUGHPUT_STUCK = Fault(operation="GetProvisionedModelThroughput", kind=FaultKind.STUCK, caller="check_throughput")
DELETION_CONFLICTS = Fault(operation="DeleteProvisionedModelThroughput", kind=FaultKind.CONFLICT)

ABORTED = frozenset({"ABORTED"})
TIMED_OUT = frozenset({"TIMED_OUT"})

CREATE_JOB = Target("CreateModelCustomizationJob", "CreateModelCustomizationJob")
GET_JOB = Target("GetModelCustomizationJob", "GetModelCustomizationJob")
ASK_BASE = Target("Converse-base", "Converse", "answer_baseline_shard", function_seconds=SHARD_FUNCTION_SECONDS)
PURCHASE = Target("CreateProvisionedModelThroughput", "CreateProvisionedModelThroughput")
GET_THROUGHPUT = Target("GetProvisionedModelThroughput", "GetProvisionedModelThroughput")
ASK_TUNED = Target("Converse-tuned", "Converse", ".answer_shard", function_seconds=SHARD_FUNCTION_SECONDS)
DELETE = Target("DeleteProvisionedModelThroughput", "DeleteProvisionedModelThroughput", needed_to_delete=True)
# The job seems to train still, however late the base model's refusal comes.
STOPS_JOB = (BASE_MODEL_DENIED, JOB_STUCK.model_copy(update={"caller": None}))
STOP_JOB = Target("StopModelCustomizationJob", "StopModelCustomizationJob", leads_there=STOPS_JOB)

OF_A_RUN = (CREATE_JOB, GET_JOB, ASK_BASE, PURCHASE, GET_THROUGHPUT, ASK_TUNED, DELETE, STOP_JOB)

# The same calls, made by the reconciler for a run that has been stopped while its throughput was there.
AFTER_STOP: Mapping[str, Any] = {
    "leads_there": (THROUGHPUT_STUCK,),
    "action": Action.STOP,
    "state": "WaitForThroughput",
    "ends_as": ABORTED,
}
BY_THE_RECONCILER = (
    Target("StopExecution+Delete", "DeleteProvisionedModelThroughput", needed_to_delete=True, **AFTER_STOP),
    Target("StopExecution+Get", "GetProvisionedModelThroughput", "reconcile_throughput", **AFTER_STOP),
    Target("StopExecution+ListTags", "ListTagsForResource", **AFTER_STOP),
    # A list names no run: these hit all calls of one deployment, which has one case at a time.
    Target(
        "StopExecution+List",
        "ListProvisionedModelThroughputs",
        "listing.reconcile_throughput",
        deployment="listing",
        needed_to_delete=True,
        **AFTER_STOP,
    ),
)
# The deletion in the clean-up lane of a run whose answers failed.
IN_THE_LANE = (
    Target(
        "EvaluationFailed+Delete",
        "DeleteProvisionedModelThroughput",
        leads_there=(TUNED_MODEL_DENIED,),
        needed_to_delete=True,
    ),
)

Kind = tuple[FaultKind, Mapping[str, Any]]
KINDS: Mapping[str, Kind] = {
    "throttled once": (FaultKind.THROTTLE, {"last": 1}),
    "throttled for a minute": (FaultKind.THROTTLE, {"duration_seconds": 60}),
    "throttled for ever": (FaultKind.THROTTLE, {}),
    "access denied": (FaultKind.ACCESS_DENIED, {}),
    "validation error": (FaultKind.VALIDATION, {}),
    "quota exceeded": (FaultKind.QUOTA, {}),
    # More often than boto3 repeats a call by itself.
    "internal error": (FaultKind.INTERNAL, {"last": 5}),
    "dropped before the effect": (FaultKind.DROP_BEFORE, {"last": 1}),
    "dropped after the effect": (FaultKind.DROP_AFTER, {"last": 1}),
    "function killed before the effect": (FaultKind.KILL_BEFORE, {"last": 1}),
    "function killed after the effect": (FaultKind.KILL_AFTER, {"last": 1}),
    "slower than the function's timeout": (FaultKind.SLOW_AFTER, {"last": 1}),
}


def each_operation(targets: Sequence[Target]) -> Iterator[Case]:
    """Every operation of a run with every kind of fault."""
    for target in targets:
        for words, (kind, how) in KINDS.items():
            if kind is FaultKind.SLOW_AFTER:
                how = {**how, "delay_seconds": target.function_seconds}  # noqa: PLW2901 - the one that waits
            yield Case(
                name=f"{target.name}/{words.replace(' ', '-')}",
                fault=f"{target.operation} {words}",
                rules=(target.rule(kind, **how), *target.leads_there),
                action=target.action,
                state=target.state,
                deployment=target.deployment,
                injects=True,
                lifts=target.needed_to_delete and "last" not in how and "duration_seconds" not in how,
                ends_as=target.ends_as,
            )


def hold(target: Target) -> Fault:
    """A rule that keeps the target's first call, and so its state, busy for a while before the effect."""
    return target.rule(FaultKind.SLOW, last=1, delay_seconds=HOLD_SECONDS)


# State → the rules that lead a run into it and keep it there long enough; none where it stays long enough by itself.
STATES: Mapping[str, tuple[Fault, ...]] = {
    "ClaimRun": (),
    "PrepareDataset": (),
    "StartCustomization": (hold(CREATE_JOB),),
    "WaitForCustomization": (JOB_STUCK,),
    "CheckCustomization": (hold(GET_JOB),),
    "GenerateBaselineResponses": (hold(ASK_BASE),),
    "AcquireSlot": (),
    "PurchaseThroughput": (hold(PURCHASE),),
    "WaitForThroughput": (THROUGHPUT_STUCK,),
    "CheckThroughput": (hold(GET_THROUGHPUT),),
    "GenerateResponses": (hold(ASK_TUNED),),
    "DeleteThroughput": (hold(DELETE),),
    "WaitForDeletion": (DELETION_CONFLICTS.model_copy(update={"last": 1}),),
    "CollectResponses": (),
    "WriteReport": (),
    "StopCustomization": (hold(STOP_JOB), *STOPS_JOB),
    "ExplainFailure": (BASE_MODEL_DENIED,),
}
WAITING: Mapping[str, tuple[Fault, ...]] = {
    "WaitForCustomization": (JOB_STUCK,),
    "WaitForSlot": (),
    "WaitForThroughput": (THROUGHPUT_STUCK,),
    "WaitForDeletion": (DELETION_CONFLICTS,),
}


def stops() -> Iterator[Case]:
    """StopExecution in each state that takes time."""
    for state, rules in STATES.items():
        yield Case(f"StopExecution/{state}", f"StopExecution in {state}", rules, Action.STOP, state, ends_as=ABORTED)
    yield Case(
        "StopExecution/WaitForSlot",
        "StopExecution in WaitForSlot",
        (),
        Action.STOP,
        "WaitForSlot",
        deployment="single",
        holder=True,
        ends_as=ABORTED,
    )


def timeouts() -> Iterator[Case]:
    """The execution's own timeout in each state that waits."""
    for state, rules in WAITING.items():
        slot = state == "WaitForSlot"
        yield Case(
            f"timeout/{state}",
            f"the execution's timeout in {state}",
            rules,
            state=state,
            deployment="briefsingle" if slot else "brief",
            holder=slot,
            lifts=state == "WaitForDeletion",
            ends_as=TIMED_OUT,
        )


def destroys() -> Iterator[Case]:
    """The deletion of the pipeline's stack while a run is in each state."""
    for state, rules in STATES.items():
        yield Case(
            f"destroy/{state}",
            f"stack deleted in {state}",
            rules,
            Action.DESTROY,
            state,
            deployment="alone",
            ends_as=ABORTED,
        )


def events() -> Iterator[Case]:
    """What S3 and EventBridge may do, and what two users may do."""
    for action in (Action.DUPLICATE_EVENT, Action.REORDERED_EVENTS, Action.LATE_SIBLINGS):
        yield Case(f"events/{action.replace(' ', '-')}", action, (), action)
    succeeds = frozenset({"SUCCEEDED"})
    yield Case("events/two-runs-at-once", "two runs, one slot", (), deployment="single", holder=True, ends_as=succeeds)


def all_cases() -> list[Case]:
    """Every case, each with a name of its own.

    Those on a deployment that few share are spread evenly: there, each function starts for the first time, or one case
    waits for the other.
    """
    targets = (*OF_A_RUN, *IN_THE_LANE, *BY_THE_RECONCILER)
    cases = [*timeouts(), *destroys(), *stops(), *events(), *each_operation(targets)]
    spread = [case for case in cases if case.deployment == "shared"]
    slow = [case for case in cases if case.deployment != "shared"]
    every = len(spread) // len(slow)
    for number, case in enumerate(slow):
        spread.insert(number * (every + 1), case)
    return spread


def chosen(pattern: str | None) -> list[Case]:
    """The cases whose name has the pattern, in which `*` stands for anything."""
    return [
        case for case in all_cases() if pattern is None or fnmatch.fnmatch(case.name.lower(), f"*{pattern.lower()}*")
    ]
