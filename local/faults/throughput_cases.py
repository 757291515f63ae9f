"""The cases of a run with one job whose model is served by throughput: each operation, each state."""

from collections.abc import Iterator, Mapping
from typing import Any

from local.bedrock.faults import Fault, FaultKind
from local.faults.case import (
    ABORTED,
    MODEL_ERROR,
    OF_EACH_WAY,
    OF_QUESTIONS,
    PATIENT,
    SHARD_FUNCTION_SECONDS,
    SPENT,
    TIMED_OUT,
    Action,
    Breakpoint,
    Case,
    Target,
    each_operation,
    hold,
)
from local.faults.dataset import LONG, PLAIN
from local.faults.rules import (
    HISTORY_FULL,
    JOB_STUCK,
    STOPS_JOB,
    THROUGHPUT_STUCK,
    TUNED_MODEL_DENIED,
)

DELETION_CONFLICTS = Fault(operation="DeleteProvisionedModelThroughput", kind=FaultKind.CONFLICT)
# Not for the reconciler, so that it can end what the run leaves.
DELETION_CONFLICTS_IN_THE_RUN = DELETION_CONFLICTS.model_copy(update={"caller": "delete_throughput"})

# What may have been made, or not: it is looked for by its name.
ADOPTED = ("validation error", "dropped after the effect", "function killed after the effect")
CREATE_JOB = Target("CreateModelCustomizationJob", "CreateModelCustomizationJob", fails=PATIENT, either_way=ADOPTED)
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
    either_way=ADOPTED,
)
GET_THROUGHPUT = Target("GetProvisionedModelThroughput", "GetProvisionedModelThroughput", fails=OF_QUESTIONS)
ASK_TUNED = Target(
    "Converse-tuned", "Converse", ".answer_shard", function_seconds=SHARD_FUNCTION_SECONDS, fails=OF_QUESTIONS
)
DELETE = Target(
    "DeleteProvisionedModelThroughput",
    "DeleteProvisionedModelThroughput",
    needed_to_delete=True,
    either_way=OF_EACH_WAY,
)
STOP_JOB = Target(
    "StopModelCustomizationJob",
    "StopModelCustomizationJob",
    leads_there=STOPS_JOB,
    dataset=LONG,
    needed_to_delete=True,
    fails=("throttled once", *OF_EACH_WAY),
    either_way=OF_EACH_WAY,
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
# While it is Creating, or is being deleted: in which words the second deletion is refused.
TWICE: Mapping[str, Any] = {"needed_to_delete": True, "either_way": OF_EACH_WAY}
BY_THE_RECONCILER = (
    Target("StopExecution+Delete", "DeleteProvisionedModelThroughput", **TWICE, **AFTER_STOP),
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
        fails=OF_EACH_WAY,
        **TWICE,
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
# While something serves the model, or is about to: the reconciler may ask for its deletion more than once.
SERVING = frozenset(
    {
        "PurchaseThroughputOrDeploy",
        "WaitForServing",
        "CheckServing",
        "AnswerTestSet",
        "DeleteThroughputOrDeployment",
        "WaitForDeletion",
    }
)
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


def throughput_cases() -> Iterator[Case]:
    """Each operation of a run and of its clean-up, and whatever may happen to it in each of its states."""
    yield from timeouts()
    yield from histories()
    yield from destroys()
    yield from stops()
    yield from leases()
    yield from each_operation((*OF_A_RUN, *IN_THE_LANE, *BY_THE_RECONCILER))


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
            either_way=state in SERVING,
            ends_as=ABORTED,
        )
    yield Case(
        "StopExecution/AcquireSlot-with-the-slot",
        "StopExecution in AcquireSlot, once the run has its slot",
        (),
        Action.STOP,
        "AcquireSlot",
        "after",
        buys_nothing=True,
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
