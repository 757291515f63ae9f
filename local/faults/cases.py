"""All cases, and those of a run with one job that is served by throughput: read this first."""

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from local.bedrock.faults import Fault, FaultKind
from local.faults.busy_cases import busy_cases
from local.faults.case import (
    ABORTED,
    MODEL_ERROR,
    OF_EACH_WAY,
    OF_QUESTIONS,
    PATIENT,
    SHARD_FUNCTION_SECONDS,
    SPENT,
    SUCCEEDED,
    TIMED_OUT,
    Action,
    Breakpoint,
    Case,
    Target,
    each_operation,
    hold,
)
from local.faults.dataset import LONG, ON_DEMAND, PLAIN, SWEEP
from local.faults.deployment_cases import deployment_cases
from local.faults.rules import (
    HISTORY_FULL,
    JOB_STUCK,
    STOPS_JOB,
    THROUGHPUT_STUCK,
    TOO_LARGE,
    TUNED_MODEL_DENIED,
    for_ever,
)
from local.faults.sweep_cases import sweep_cases

DELETION_CONFLICTS = Fault(operation="DeleteProvisionedModelThroughput", kind=FaultKind.CONFLICT)
# Not for the reconciler, so that it can end what the run leaves.
DELETION_CONFLICTS_IN_THE_RUN = DELETION_CONFLICTS.model_copy(update={"caller": "delete_throughput"})

CREATE_JOB = Target("CreateModelCustomizationJob", "CreateModelCustomizationJob", fails=PATIENT)
GET_JOB = Target(
    "GetModelCustomizationJob",
    "GetModelCustomizationJob",
    # A refusal that lasts is waited for, too (busy_cases.py).
    fails=[one for one in OF_QUESTIONS if one in PATIENT and one != "access denied"],
)
ASK_BASE = Target(
    "Converse-base",
    "Converse",
    "answer_baseline_shard",
    function_seconds=SHARD_FUNCTION_SECONDS,
    missing_arm="base",
    fails=(*OF_QUESTIONS, SPENT, MODEL_ERROR),
)
PURCHASE = Target(
    "CreateProvisionedModelThroughput",
    "CreateProvisionedModelThroughput",
    fails=[one for one in PATIENT if one != "quota exceeded"],
)
GET_THROUGHPUT = Target("GetProvisionedModelThroughput", "GetProvisionedModelThroughput", fails=OF_QUESTIONS)
ASK_TUNED = Target(
    "Converse-tuned", "Converse", ".answer_shard", function_seconds=SHARD_FUNCTION_SECONDS, fails=OF_QUESTIONS
)
DELETE = Target("DeleteProvisionedModelThroughput", "DeleteProvisionedModelThroughput", needed_to_delete=True)
STOP_JOB = Target(
    "StopModelCustomizationJob",
    "StopModelCustomizationJob",
    leads_there=STOPS_JOB,
    dataset=LONG,
    needed_to_delete=True,
    fails=("throttled once", *OF_EACH_WAY),
)

OF_A_RUN = (CREATE_JOB, GET_JOB, ASK_BASE, PURCHASE, GET_THROUGHPUT, ASK_TUNED, DELETE, STOP_JOB)

# The same calls, made by the reconciler for a run that has been stopped while its throughput was there.
AFTER_STOP: Mapping[str, Any] = {
    "leads_there": (THROUGHPUT_STUCK,),
    "action": Action.STOP,
    "state": "WaitForServing",
    "ends_as": ABORTED,
    "fails": OF_EACH_WAY,
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
        **{**AFTER_STOP, "fails": ("throttled for a minute", "access denied")},
    ),
)
# The deletion in the clean-up lane of a run whose answers failed.
IN_THE_LANE = (
    Target(
        "EvaluationFailed+Delete",
        "DeleteProvisionedModelThroughput",
        leads_there=(TUNED_MODEL_DENIED,),
        needed_to_delete=True,
        fails=OF_EACH_WAY,
    ),
)

# State → the rules that lead a run into it and keep it there; where none do, a breakpoint does.
STATES: Mapping[str, tuple[Fault, ...]] = {
    "ClaimRun": (),
    "ValidateDataset": (),
    "RunPreflight": (),
    "StartJobs": (hold(CREATE_JOB),),
    "WaitForJobs": (JOB_STUCK,),
    "CheckJobs": (hold(GET_JOB),),
    "AnswerBaselines": (hold(ASK_BASE),),
    "AcquireSlot": (),
    "PurchaseThroughputOrDeploy": (hold(PURCHASE),),
    "WaitForServing": (THROUGHPUT_STUCK,),
    "CheckServing": (hold(GET_THROUGHPUT),),
    "AnswerTestSet": (hold(ASK_TUNED),),
    "DeleteThroughputOrDeployment": (hold(DELETE),),
    "WaitForDeletion": (DELETION_CONFLICTS_IN_THE_RUN,),
    "CollectAnswers": (),
    "EvaluateAndReport": (),
    "StopJobs": (hold(STOP_JOB), *STOPS_JOB),
    "ExplainFailure": STOPS_JOB,
}
# A run that is stopped before it has claimed its data set has nothing to tell.
BREAKPOINTS: Mapping[str, Breakpoint] = {
    "ClaimRun": "after",
    "ValidateDataset": "before",
    "RunPreflight": "before",
    "AcquireSlot": "before",
    "CollectAnswers": "before",
    "EvaluateAndReport": "before",
    "ExplainFailure": "before",
}
# While the job trains: it must be stopped, and not have ended by itself.
TRAINING = frozenset(
    {
        "StartJobs",
        "WaitForJobs",
        "CheckJobs",
        "AnswerBaselines",
        "StopJobs",
    }
)
WAITING: Mapping[str, tuple[Fault, ...]] = {
    "WaitForJobs": (JOB_STUCK,),
    "WaitForSlot": (),
    "WaitForServing": (THROUGHPUT_STUCK,),
    "WaitForDeletion": (DELETION_CONFLICTS,),
}


def stops() -> Iterator[Case]:
    """StopExecution in each state that takes time."""
    for state, rules in STATES.items():
        yield Case(
            f"StopExecution/{state}",
            f"StopExecution in {state}",
            rules,
            Action.STOP,
            state,
            BREAKPOINTS.get(state),
            dataset=LONG if state in TRAINING else PLAIN,
            ends_as=ABORTED,
        )
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
            Action.TIME_OUT,
            state,
            deployment="single" if slot else "shared",
            holder=slot,
            lifts=state == "WaitForDeletion",
            ends_as=TIMED_OUT,
        )


def histories() -> Iterator[Case]:
    """The execution's history is full while it waits."""
    for state in ("WaitForJobs", "WaitForServing"):
        yield Case(
            f"history/{state}",
            f"the execution's history is full in {state}",
            WAITING[state],
            Action.FILL_HISTORY,
            state,
            dataset=LONG if state in TRAINING else PLAIN,
            error=HISTORY_FULL,
            ends_as=frozenset({"FAILED"}),
        )


def destroys() -> Iterator[Case]:
    """The deletion of the pipeline's stack while a run is in each state."""
    for state, rules in {**STATES, "WaitForSlot": ()}.items():
        yield Case(
            f"destroy/{state}",
            f"stack deleted in {state}",
            rules,
            Action.DESTROY,
            state,
            BREAKPOINTS.get(state),
            deployment="alone",
            holder=state == "WaitForSlot",
            dataset=LONG if state in TRAINING else PLAIN,
            ends_as=ABORTED,
        )


def events() -> Iterator[Case]:
    """What S3 and EventBridge may do, and what two users may do."""
    for action in (Action.DUPLICATE_EVENT, Action.REORDERED_EVENTS, Action.LATE_SIBLINGS):
        yield Case(f"events/{action.replace(' ', '-')}", action, (), action)
    yield Case(
        "events/new-execution-of-a-failed-run",
        Action.NEW_EXECUTION,
        (for_ever("CreateModelCustomizationJob"),),
        Action.NEW_EXECUTION,
        error="CustomizationFailed",
    )
    yield Case(
        "events/late-settings",
        "run.json arrives after the data set was read",
        (),
        Action.LATE_SETTINGS,
        "RunPreflight",
        "before",
        error="PreflightFailed",
        buys_nothing=True,
        ends_as=frozenset({"FAILED"}),
    )
    yield Case("events/two-runs-at-once", "two runs, one slot", (), deployment="single", holder=True, ends_as=SUCCEEDED)


def leases() -> Iterator[Case]:
    """A run that goes on beyond its lease: the reconciler ends what it has, and the run notices."""
    yield Case(
        "lease/throughput",
        "the lease of a throughput ends while its run waits",
        (THROUGHPUT_STUCK,),
        Action.EXPIRE_LEASE,
        "WaitForServing",
        error="ThroughputFailed",
    )


def approvals() -> Iterator[Case]:
    """Every way that a request for approval can end."""
    for action, ends_as, error in (
        (Action.APPROVE, "SUCCEEDED", None),
        (Action.REJECT, "FAILED", "NotApproved"),
        (Action.STOP, "ABORTED", None),
        (Action.EXPIRE_APPROVAL, "FAILED", "NotApproved"),
        (Action.APPROVE_AT_LENGTH, "FAILED", TOO_LARGE),
        (Action.REJECT_AT_LENGTH, "FAILED", TOO_LARGE),
    ):
        yield Case(
            f"approval/{'silence' if action is Action.EXPIRE_APPROVAL else action.replace(' ', '-')}",
            f"{'nobody answers' if action is Action.EXPIRE_APPROVAL else action} in RequestApproval",
            (),
            action,
            "RequestApproval",
            deployment="approval",
            error=error,
            buys_nothing=action is not Action.APPROVE,
            ends_as=frozenset({ends_as}),
        )


def controls() -> Iterator[Case]:
    """What must leak, since nobody is allowed to remove it and the reconciler is switched off."""
    yield Case(
        "control/throughput",
        "the deletion is denied, and nothing reconciles",
        (for_ever("DeleteProvisionedModelThroughput"),),
        deployment="unguarded",
        must_leak="throughput",
        error="ThroughputNotDeleted",
    )
    yield Case(
        "control/deployment",
        "the deletion is denied, and nothing reconciles",
        (for_ever("DeleteCustomModelDeployment"),),
        deployment="unguarded",
        dataset=ON_DEMAND,
        must_leak="deployment",
        error="ThroughputNotDeleted",
    )
    yield Case(
        "control/job",
        "StopModelCustomizationJob is denied, and nothing reconciles",
        (for_ever("StopModelCustomizationJob"), *STOPS_JOB),
        deployment="unguarded",
        dataset=LONG,
        must_leak="job",
        error="CustomizationFailed",
    )
    yield Case(
        "control/model",
        "the deletion of the other models is denied, and nothing reconciles",
        (for_ever("DeleteCustomModel"),),
        deployment="unguarded",
        dataset=SWEEP,
        must_leak="model",
    )


def all_cases() -> list[Case]:
    """Every case, each with a name of its own.

    Those on a deployment that few share are spread evenly: there, each function starts for the first time, or one case
    waits for the other.
    """
    targets = (*OF_A_RUN, *IN_THE_LANE, *BY_THE_RECONCILER)
    cases = [
        *timeouts(),
        *histories(),
        *destroys(),
        *stops(),
        *events(),
        *leases(),
        *approvals(),
        *controls(),
        *each_operation(targets),
        *deployment_cases(),
        *sweep_cases(),
        *busy_cases(),
    ]
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
