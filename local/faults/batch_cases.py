"""The cases of batch jobs: what Bedrock and people do to the job that asks a curation's questions, or a test set's."""

from collections.abc import Iterator
from dataclasses import replace

from local.bedrock.faults import Fault, FaultKind
from local.faults.case import (
    ABORTED,
    FAILED,
    FUNCTION_SECONDS,
    OF_EACH_WAY,
    SUCCEEDED,
    TIMED_OUT,
    Action,
    Case,
    Target,
    each_operation,
)
from local.faults.dataset import BATCHED, BATCHED_TEST

CALLER = "curate_training_set"
START = Target(
    "batch-start",
    "CreateModelInvocationJob",
    CALLER,
    ends_as=SUCCEEDED,
    dataset=BATCHED,
    fails=(*OF_EACH_WAY, "quota exceeded", "validation error", "slower than the function's timeout"),
)
# Whoever may not look at its job has no answers; the run stops it, which bills for each record.
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
    yield from _failures_beside_a_job()
    yield from _evaluation_cases()


def _evaluation_cases() -> Iterator[Case]:
    """The baselines' job goes beside the training, the judges' behind the deletion; no failure of one ends a run."""
    for caller, state in (
        ("ask_baselines_in_batch", "WaitForBatchOfBaselines"),
        ("ask_judges_in_batch", "WaitForBatchOfJudges"),
    ):
        start = replace(START, caller=caller)
        unending = start.rule(FaultKind.ENDLESS)
        name = caller.split("_")[1]
        for kind, words in (
            (FaultKind.BROKEN, "fails"),
            (FaultKind.DROP_AFTER, "is started, and its answer is lost"),
            (FaultKind.ACCESS_DENIED, "is refused"),
        ):
            last = 1 if kind is FaultKind.DROP_AFTER else None
            yield Case(
                f"batch-of-{name}/{kind}",
                f"the batch job of the {name} {words}",
                (start.rule(kind, last=last),),
                shows='"status": "Failed"' if kind is FaultKind.BROKEN else '"jobs": []' if last is None else None,
                dataset=BATCHED_TEST,
                ends_as=SUCCEEDED,
            )
        yield Case(
            f"batch-of-{name}/stop-in-{state}",
            f"stop in {state}",
            (unending,),
            Action.STOP,
            state,
            dataset=BATCHED_TEST,
            buys_nothing=name == "baselines",
            ends_as=ABORTED,
        )


def _failures_beside_a_job() -> Iterator[Case]:
    """CurateTrainingSet fails until its retries end, while its job goes on; the run stops the job, or the reconciler.

    Where its function is cut off behind the start, nobody has recorded the job.
    """
    denied = Fault(operation=LOOK.operation, kind=FaultKind.ACCESS_DENIED, caller=CALLER)
    no_stop = Fault(operation="StopModelInvocationJob", kind=FaultKind.ACCESS_DENIED, caller="stop_jobs")
    # Before the function's client gives the call up and asks again.
    too_slow = START.rule(FaultKind.TIMEOUT_AFTER, delay_seconds=FUNCTION_SECONDS)
    for name, words, rules in (
        ("look-denied-for-ever", "the run may not look at its job", (denied,)),
        ("look-and-stop-denied-for-ever", "the run may neither look at its job nor stop it", (denied, no_stop)),
        ("killed-behind-each-start", "the function is killed behind each start", (START.rule(FaultKind.KILL_AFTER),)),
        ("too-slow-behind-each-start", "the function runs out of time behind each start", (too_slow,)),
        ("killed-at-each-look", "the function is killed at each look", (LOOK.rule(FaultKind.KILL_BEFORE),)),
    ):
        yield Case(
            f"batch/{name}",
            words,
            (UNENDING, *rules),
            dataset=BATCHED,
            error="CurationFailed",
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
