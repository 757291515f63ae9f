"""The cases of a sweep: three jobs, of whose models one is chosen and the others are deleted."""

from collections.abc import Iterator, Mapping

from local.bedrock.faults import Fault, FaultKind
from local.faults.case import (
    ABORTED,
    OF_EACH_WAY,
    SUCCEEDED,
    Action,
    Breakpoint,
    Case,
    Target,
    each_operation,
    hold,
)
from local.faults.dataset import LONG_SWEEP, SWEEP
from local.faults.rules import (
    BASE_MODEL_DENIED,
    BROKEN,
    ENDLESS,
    JOB_STUCK,
    STOPS_JOB,
    THROUGHPUT_STUCK,
    TUNED_MODEL_DENIED,
    for_ever,
)

CREATE_JOB = Target(
    "sweep-CreateModelCustomizationJob", "CreateModelCustomizationJob", dataset=SWEEP, fails=OF_EACH_WAY
)
STOP_JOB = Target(
    "sweep-StopModelCustomizationJob",
    "StopModelCustomizationJob",
    leads_there=STOPS_JOB,
    dataset=LONG_SWEEP,
    needed_to_delete=True,
    fails=("throttled for a minute", "access denied", "function killed after the effect"),
    either_way=("function killed after the effect",),
)
# Denied for ever, it stays to the reconciler.
DISCARD = Target(
    "sweep-DeleteCustomModel",
    "DeleteCustomModel",
    dataset=SWEEP,
    needed_to_delete=True,
    fails=(*OF_EACH_WAY, "internal error"),
    either_way=OF_EACH_WAY,
)
# The second of the three jobs: one trains already, one has not been asked for.
SECOND_HELD = Fault(operation="CreateModelCustomizationJob", kind=FaultKind.HOLD, first=2, last=2)
# State → the rules that keep a sweep there, and whether its jobs train meanwhile.
STATES: Mapping[str, tuple[tuple[Fault, ...], bool]] = {
    "StartJobs": ((SECOND_HELD,), True),
    "WaitForJobs": ((JOB_STUCK,), True),
    "ChooseModel": ((), False),
    "WaitForServing": ((THROUGHPUT_STUCK,), False),
    "DiscardModels": ((hold(DISCARD),), False),
    "StopJobs": ((hold(STOP_JOB), *STOPS_JOB), True),
}
BREAKPOINTS: Mapping[str, Breakpoint] = {"ChooseModel": "before"}
# In the first, the function that was cut off starts two more jobs behind the stop.
DESTROYED_IN = ("StartJobs", "WaitForJobs", "DiscardModels")
# What the names of the second job and of its model end with.
SECOND_JOB = "-c2"
QUOTA = Fault(operation="CreateModelCustomizationJob", kind=FaultKind.QUOTA, first=2)


def sweep_cases() -> Iterator[Case]:
    """Each operation that a sweep adds, each of its states, failures around it, and a quota in the middle."""
    yield from each_operation((CREATE_JOB, STOP_JOB, DISCARD))
    for state, (rules, trains) in STATES.items():
        yield _case("StopExecution", state, rules, Action.STOP, "shared", trains=trains)
    for state in DESTROYED_IN:
        rules, trains = STATES[state]
        yield _case("destroy", state, rules, Action.DESTROY, "alone", trains=trains)
    yield Case(
        "sweep/choice-lost",
        "the stored choice is lost, and the execution is stopped",
        (THROUGHPUT_STUCK,),
        Action.LOSE_CHOICE,
        "WaitForServing",
        dataset=SWEEP,
        ends_as=ABORTED,
    )
    yield Case(
        "sweep/baselines-fail",
        "the base model is denied while three jobs train",
        (BASE_MODEL_DENIED,),
        dataset=SWEEP,
        missing_arm="base",
        ends_as=SUCCEEDED,
    )
    yield Case("sweep/answers-fail", "the tuned model is denied", (TUNED_MODEL_DENIED,), dataset=SWEEP)
    yield Case(
        "sweep/no-throughput",
        "the purchase is denied",
        (for_ever("CreateProvisionedModelThroughput"),),
        dataset=SWEEP,
        error="ThroughputFailed",
    )
    yield Case(
        "sweep/quota-in-the-middle",
        "for a while the quota of jobs holds for one job only",
        (QUOTA.model_copy(update={"duration_seconds": 240.0}),),
        dataset=SWEEP,
        injects=True,
    )
    yield Case(
        "sweep/second-job-fails",
        "the second job fails in its training, when others are complete",
        (BROKEN.model_copy(update={"also": SECOND_JOB}),),
        dataset=SWEEP,
        shows='"status": "Failed"',
        ends_as=SUCCEEDED,
    )
    yield Case(
        "sweep/all-jobs-fail",
        "all three jobs fail in their training",
        (BROKEN,),
        dataset=SWEEP,
        error="CustomizationFailed",
        buys_nothing=True,
        ends_as=frozenset({"FAILED"}),
    )
    yield Case(
        "sweep/second-job-told-as-failed",
        "Bedrock tells of the second job that it has failed, while it trains on",
        (
            Fault(operation="GetModelCustomizationJob", kind=FaultKind.FAILED, caller="check_jobs", also=SECOND_JOB),
            ENDLESS.model_copy(update={"also": SECOND_JOB}),
        ),
        dataset=SWEEP,
        injects=True,
        ends_as=SUCCEEDED,
    )
    yield Case(
        "sweep/quota-and-stop",
        "StopExecution while two of three jobs wait for room",
        (QUOTA,),
        Action.STOP,
        "WaitForJobs",
        dataset=LONG_SWEEP,
        injects=True,
        ends_as=ABORTED,
    )


def _case(group: str, state: str, rules: tuple[Fault, ...], action: Action, deployment: str, *, trains: bool) -> Case:
    return Case(
        f"{group}/sweep-{state}",
        f"{action} in {state}, in a sweep",
        rules,
        action,
        state,
        BREAKPOINTS.get(state),
        deployment=deployment,
        dataset=LONG_SWEEP if trains else SWEEP,
        ends_as=ABORTED,
    )
