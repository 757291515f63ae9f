"""The cases of runs that serve several candidates: each has its own lease, one after another or side by side."""

from collections.abc import Iterator, Mapping
from typing import Any

from local.bedrock.faults import Fault, FaultKind
from local.faults.case import (
    ABORTED,
    FAILED,
    OF_EACH_WAY,
    SUCCEEDED,
    TIMED_OUT,
    Action,
    Case,
    Target,
    each_operation,
    hold,
)
from local.faults.dataset import ALL_SERVED, ALL_SERVED_ON_DEMAND
from local.faults.rules import HISTORY_FULL, QUOTA_IN_USE, THROUGHPUT_STUCK

# What the names of the second candidate's model and of what serves it end with.
SECOND = "-c2"
# Whichever candidate is chosen: the faults hit the second one, without which a run that chose another one goes on.
MAY_MISS = frozenset({"candidate-2"})
OF_THE_SECOND: Mapping[str, Any] = {"dataset": ALL_SERVED, "also": SECOND, "may_miss": MAY_MISS}
ON_DEMAND_SECOND: Mapping[str, Any] = {**OF_THE_SECOND, "dataset": ALL_SERVED_ON_DEMAND}
BRIEFLY = ("throttled for a minute", "access denied", "function killed before the effect")
PURCHASE = Target("served-purchase", "CreateProvisionedModelThroughput", fails=OF_EACH_WAY, **OF_THE_SECOND)
GET = Target(
    "served-check",
    "GetProvisionedModelThroughput",
    "check_serving",
    fails=BRIEFLY,
    **OF_THE_SECOND,
)
ASK = Target("served-questions", "Converse", ".answer_shard", fails=BRIEFLY, **OF_THE_SECOND)
DELETE = Target(
    "served-deletion",
    "DeleteProvisionedModelThroughput",
    needed_to_delete=True,
    fails=OF_EACH_WAY,
    **OF_THE_SECOND,
)
CREATE_DEPLOYMENT = Target(
    "served-deployment",
    "CreateCustomModelDeployment",
    fails=("access denied", "function killed after the effect"),
    **ON_DEMAND_SECOND,
)
DELETE_DEPLOYMENT = Target(
    "served-deletion-of-a-deployment",
    "DeleteCustomModelDeployment",
    needed_to_delete=True,
    fails=("access denied", "function killed after the effect"),
    **ON_DEMAND_SECOND,
)
# The state of the second lease → the call that keeps it there.
STATES: Mapping[str, Target] = {
    "PurchaseThroughputOrDeploy": PURCHASE,
    "CheckServing": GET,
    "AnswerTestSet": ASK,
    "DeleteThroughputOrDeployment": DELETE,
}
SECOND_STUCK = THROUGHPUT_STUCK.model_copy(update={"also": SECOND})
# One lease at a time, and all side by side.
AT_A_TIME = {"one-by-one": "shared", "side-by-side": "beside"}


def served_cases() -> Iterator[Case]:
    """Each call of the second lease, an end of the run in each of its states, and what stands in a lease's way."""
    yield from each_operation((PURCHASE, GET, ASK, DELETE, CREATE_DEPLOYMENT, DELETE_DEPLOYMENT))
    for words, deployment in AT_A_TIME.items():
        for state, target in STATES.items():
            yield _ended("StopExecution", words, state, (hold(target),), Action.STOP, deployment, ABORTED)
        yield _ended("timeout", words, "WaitForServing", (SECOND_STUCK,), Action.TIME_OUT, deployment, TIMED_OUT)
        yield _case(f"served/second-is-denied-{words}", "the second purchase is denied", (_denied(),), deployment)
    yield _ended(
        "history",
        "side-by-side",
        "WaitForServing",
        (THROUGHPUT_STUCK,),
        Action.FILL_HISTORY,
        "beside",
        FAILED,
        error=HISTORY_FULL,
    )
    yield _ended("destroy", "one-by-one", "CheckServing", (hold(GET),), Action.DESTROY, "alone", ABORTED)
    yield _case("served/no-fault-side-by-side", "none", (), "beside", ends_as=SUCCEEDED)
    yield _case("served/one-slot", "none, with one slot and as many leases as candidates", (), "crowded")
    # The next candidate must not wait for the slot that is never given back.
    yield _case(
        "served/deletion-is-denied-with-one-slot",
        "every deletion is denied, with one slot",
        (Fault(operation=DELETE.operation, kind=FaultKind.ACCESS_DENIED),),
        "single",
        injects=True,
        lifts=True,
        error="ThroughputNotDeleted",
        ends_as=FAILED,
    )
    # The chosen one is the first to be bought: the run fails, and buys nothing for the others.
    yield _case(
        "served/denied-purchase-of-the-chosen",
        "the first purchase is denied",
        (Fault(operation=PURCHASE.operation, kind=FaultKind.ACCESS_DENIED, last=1),),
        "shared",
        injects=True,
        buys_nothing=True,
        error="ThroughputFailed",
        ends_as=FAILED,
    )
    yield _case("served/quota-in-use", "a quota is in use for half an hour", (QUOTA_IN_USE,), "beside", injects=True)
    yield Case(
        "served/slots-lost",
        "the slots are lost before a purchase",
        (),
        Action.LOSE_SLOTS,
        "PurchaseThroughputOrDeploy",
        "before",
        dataset=ALL_SERVED,
        ends_as=SUCCEEDED,
    )


def _denied() -> Fault:
    return Fault(operation="CreateProvisionedModelThroughput", kind=FaultKind.ACCESS_DENIED, also=SECOND)


def _case(
    name: str, fault: str, rules: tuple[Fault, ...], deployment: str, *, injects: bool = False, **how: Any
) -> Case:
    return Case(
        name, fault, rules, deployment=deployment, dataset=ALL_SERVED, injects=injects, may_miss=MAY_MISS, **how
    )


def _ended(
    group: str,
    words: str,
    state: str,
    rules: tuple[Fault, ...],
    action: Action,
    deployment: str,
    ends_as: frozenset[str],
    *,
    error: str | None = None,
) -> Case:
    return Case(
        f"{group}/served-{state}-{words}",
        f"{action} in {state} of the second lease, {words}",
        rules,
        action,
        state,
        deployment=deployment,
        dataset=ALL_SERVED,
        error=error,
        ends_as=ends_as,
    )
