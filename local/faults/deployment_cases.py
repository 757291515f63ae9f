"""The cases of a run whose model is served on demand, by a custom model deployment, mirroring those of throughput."""

from collections.abc import Iterator, Mapping
from typing import Any

from local.bedrock.faults import Fault, FaultKind
from local.faults.case import (
    ABORTED,
    OF_EACH_WAY,
    OF_QUESTIONS,
    PATIENT,
    TIMED_OUT,
    Action,
    Case,
    Target,
    each_operation,
    hold,
)
from local.faults.dataset import ON_DEMAND
from local.faults.rules import DEPLOYMENT_STUCK, TUNED_MODEL_DENIED

DELETION_REFUSED = Fault(operation="DeleteCustomModelDeployment", kind=FaultKind.VALIDATION)

CREATE = Target(
    "CreateCustomModelDeployment",
    "CreateCustomModelDeployment",
    dataset=ON_DEMAND,
    fails=[one for one in PATIENT if one != "quota exceeded"],
    either_way=("validation error", "dropped after the effect", "function killed after the effect"),
)
GET = Target("GetCustomModelDeployment", "GetCustomModelDeployment", dataset=ON_DEMAND, fails=OF_QUESTIONS)
DELETE = Target(
    "DeleteCustomModelDeployment",
    "DeleteCustomModelDeployment",
    dataset=ON_DEMAND,
    needed_to_delete=True,
    either_way=OF_EACH_WAY,
)
IN_THE_LANE = Target(
    "EvaluationFailed+DeleteDeployment",
    "DeleteCustomModelDeployment",
    leads_there=(TUNED_MODEL_DENIED,),
    dataset=ON_DEMAND,
    needed_to_delete=True,
    fails=("access denied", "function killed after the effect"),
)
AFTER_STOP: Mapping[str, Any] = {
    "leads_there": (DEPLOYMENT_STUCK,),
    "action": Action.STOP,
    "state": "WaitForServing",
    "ends_as": ABORTED,
    "dataset": ON_DEMAND,
}
BY_THE_RECONCILER = (
    Target(
        "StopExecution+DeleteDeployment",
        "DeleteCustomModelDeployment",
        needed_to_delete=True,
        fails=OF_EACH_WAY,
        either_way=OF_EACH_WAY,
        **AFTER_STOP,
    ),
    # A list names no run: these hit all calls of one deployment, which has one case at a time.
    Target(
        "StopExecution+ListDeployments",
        "ListCustomModelDeployments",
        "listing.reconcile_throughput",
        deployment="listing",
        needed_to_delete=True,
        fails=("throttled for a minute", "access denied"),
        **AFTER_STOP,
    ),
)
STATES: Mapping[str, tuple[Fault, ...]] = {
    "PurchaseThroughputOrDeploy": (hold(CREATE),),
    "WaitForServing": (DEPLOYMENT_STUCK,),
    "CheckServing": (hold(GET),),
    "AnswerTestSet": (Fault(operation="Converse", kind=FaultKind.HOLD, last=1, caller=".answer_shard"),),
    "DeleteThroughputOrDeployment": (hold(DELETE),),
    "WaitForDeletion": (DELETION_REFUSED.model_copy(update={"caller": "delete_throughput"}),),
}
DESTROYED_IN = ("PurchaseThroughputOrDeploy", "WaitForServing", "DeleteThroughputOrDeployment")


def deployment_cases() -> Iterator[Case]:
    """Each operation, each state with the deployment in it, the timeout, the stack's deletion, the lease."""
    yield from each_operation((CREATE, GET, DELETE, IN_THE_LANE, *BY_THE_RECONCILER))
    for state, rules in STATES.items():
        yield _case("StopExecution", state, rules, Action.STOP, "shared")
    for state in DESTROYED_IN:
        yield _case("destroy", state, STATES[state], Action.DESTROY, "alone")
    yield Case(
        "timeout/deployment-WaitForServing",
        "the execution's timeout in WaitForServing, with a deployment",
        (DEPLOYMENT_STUCK,),
        Action.TIME_OUT,
        "WaitForServing",
        dataset=ON_DEMAND,
        ends_as=TIMED_OUT,
    )
    yield Case(
        "lease/deployment",
        "the lease of a deployment ends while its run waits",
        (DEPLOYMENT_STUCK,),
        Action.EXPIRE_LEASE,
        "WaitForServing",
        dataset=ON_DEMAND,
        error="ThroughputFailed",
    )


def _case(group: str, state: str, rules: tuple[Fault, ...], action: Action, deployment: str) -> Case:
    return Case(
        f"{group}/deployment-{state}",
        f"{action} in {state}, with a deployment",
        rules,
        action,
        state,
        deployment=deployment,
        dataset=ON_DEMAND,
        ends_as=ABORTED,
    )
