"""The cases of batch jobs: what Bedrock and people do to the job that asks a curation's questions."""

from collections.abc import Iterator

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
)
from local.faults.dataset import BATCHED

CALLER = "curate_training_set"
START = Target(
    "batch-start",
    "CreateModelInvocationJob",
    CALLER,
    ends_as=SUCCEEDED,
    dataset=BATCHED,
    fails=(*OF_EACH_WAY, "quota exceeded", "validation error", "slower than the function's timeout"),
)
# Whoever may not look at its job has no answers; the reconciler stops it.
LOOK = Target("batch-look", "GetModelInvocationJob", CALLER, dataset=BATCHED, fails=OF_EACH_WAY)
# A job that lasts until somebody stops it.
UNENDING = Fault(operation=START.operation, kind=FaultKind.ENDLESS)


def batch_cases() -> Iterator[Case]:
    """Each failure of the calls, a job that gives no answers, and an end of the run while one is under way."""
    yield from each_operation((START, LOOK))
    for kind, status in ((FaultKind.ENDLESS, "Stopped"), (FaultKind.STALLED, "Stopped"), (FaultKind.BROKEN, "Failed")):
        yield Case(
            f"batch/{kind}-job",
            f"the batch job is {kind}",
            (Fault(operation=START.operation, kind=kind),),
            shows=f'"status": "{status}"',
            deployment="impatient",
            dataset=BATCHED,
            ends_as=SUCCEEDED,
        )
    for action, ends_as in ((Action.STOP, ABORTED), (Action.TIME_OUT, TIMED_OUT)):
        yield _cut_off(action, ends_as)
    yield _cut_off(Action.DESTROY, ABORTED, deployment="alone")
    yield _cut_off(Action.STOP, ABORTED, Fault(operation="StopModelInvocationJob", kind=FaultKind.THROTTLE, last=3))
    yield Case(
        "batch/look-denied-for-ever",
        "the run fails while its job is under way",
        (UNENDING, Fault(operation=LOOK.operation, kind=FaultKind.ACCESS_DENIED, caller=CALLER)),
        dataset=BATCHED,
        buys_nothing=True,
        ends_as=FAILED,
    )


def _cut_off(action: Action, ends_as: frozenset[str], *rules: Fault, deployment: str = "shared") -> Case:
    words = " and ".join([f"{action} in WaitForBatch", *(f"{each.operation} {each.kind}d" for each in rules)])
    return Case(
        f"batch/{words.replace(' ', '-')}",
        words,
        (UNENDING, *rules),
        action,
        "WaitForBatch",
        deployment=deployment,
        dataset=BATCHED,
        buys_nothing=True,
        ends_as=ends_as,
    )
