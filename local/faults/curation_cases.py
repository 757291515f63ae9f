"""The cases of a run whose training set is curated: what its models, functions and people do to the two stages."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from local.bedrock.faults import Fault, FaultKind
from local.faults.case import (
    ABORTED,
    FAILED,
    SHARD_FUNCTION_SECONDS,
    SUCCEEDED,
    TIMED_OUT,
    Action,
    Breakpoint,
    Case,
    Target,
    each_operation,
    hold,
)
from local.faults.dataset import CURATED, DOUBTED

# What the names of judge, teacher and checker have, and no other model's here.
JUDGE, TEACHER, CHECKER = "claude-haiku-4-5", "claude-sonnet-4-6", "nova-pro"
CALLER = "ask_curator_shard"
# A function that is cut off has replies that it has not stored yet: these are asked for again.
CUT_OFF = (
    "function killed before the effect",
    "function killed after the effect",
    "slower than the function's timeout",
)
QUESTIONS = Target(
    "curation-questions",
    "Converse",
    CALLER,
    function_seconds=SHARD_FUNCTION_SECONDS,
    ends_as=SUCCEEDED,
    dataset=CURATED,
    fails=(
        "throttled once",
        "throttled for a minute",
        "throttled for an hour",
        "internal error",
        "dropped before the effect",
        "dropped after the effect",
        *CUT_OFF,
    ),
)
# State → the rules that keep a run there, and where its function is held.
STATES: Mapping[str, tuple[tuple[Fault, ...], Breakpoint | None]] = {
    "CurateTrainingSet": ((), "before"),
    "AskCurators": ((hold(QUESTIONS),), None),
}
# By whom, in which way for ever → the error that the run ends with; without one it goes on.
FOR_EVER: Mapping[str, tuple[str, FaultKind, str | None]] = {
    # Records that nobody has judged stay.
    "judge-is-denied": (JUDGE, FaultKind.ACCESS_DENIED, None),
    "judge-is-down": (JUDGE, FaultKind.MODEL_ERROR, None),
    "judge-is-throttled": (JUDGE, FaultKind.THROTTLE, None),
    "judge-refuses": (JUDGE, FaultKind.VALIDATION, None),
    # Nothing is written, or nothing of it is checked: the yield says so.
    "teacher-refuses": (TEACHER, FaultKind.VALIDATION, "YieldTooLow"),
    "teacher-is-denied": (TEACHER, FaultKind.ACCESS_DENIED, "YieldTooLow"),
    "checker-is-down": (CHECKER, FaultKind.MODEL_ERROR, "YieldTooLow"),
    "checker-has-no-quota-left": (CHECKER, FaultKind.SPENT, "YieldTooLow"),
}


# How the pause for the approval of a removal ends: the execution's status, and its error.
REMOVALS: Mapping[Action, tuple[frozenset[str], str | None]] = {
    Action.STOP: (ABORTED, None),
    Action.REJECT: (FAILED, "NotApproved"),
    Action.EXPIRE_APPROVAL: (FAILED, "NotApproved"),
    Action.TIME_OUT: (TIMED_OUT, None),
}


def curation_cases() -> Iterator[Case]:
    """Each failure of a question, each model that fails for ever, each end of the run in each state, and events."""
    for case in each_operation((QUESTIONS,)):
        yield replace(case, may_ask_again=case.fault.removeprefix("Converse ") in CUT_OFF)
    for words, (model, kind, error) in FOR_EVER.items():
        yield Case(
            f"curation/{words}",
            words.replace("-", " "),
            (Fault(operation="Converse", kind=kind, caller=CALLER, also=model),),
            injects=True,
            dataset=CURATED,
            error=error,
            buys_nothing=error is not None,
            ends_as=FAILED if error else SUCCEEDED,
        )
    ends = [(state, Action.STOP, ABORTED) for state in STATES]
    for state, action, ends_as in [*ends, ("AskCurators", Action.TIME_OUT, TIMED_OUT)]:
        rules, breakpoint_ = STATES[state]
        yield Case(
            f"curation/{action.replace(' ', '-')}-in-{state}",
            f"{action} in {state}",
            rules,
            action,
            state,
            breakpoint_,
            dataset=CURATED,
            buys_nothing=True,
            ends_as=ends_as,
        )
    yield Case(
        "curation/destroy-in-AskCurators",
        "destroy in AskCurators",
        (hold(QUESTIONS),),
        Action.DESTROY,
        "AskCurators",
        deployment="alone",
        dataset=CURATED,
        buys_nothing=True,
        ends_as=ABORTED,
    )
    # Two uploads are two runs, which ask for themselves: only of one is each question to be asked once.
    action = Action.DUPLICATE_EVENT
    yield Case("curation/duplicate-event", action, (), action, dataset=CURATED, ends_as=SUCCEEDED)
    for state in STATES:
        function = "AskCuratorShard" if state == "AskCurators" else state
        yield Case(
            f"curation/no-concurrency-for-{function}",
            f"Lambda refuses {function} three times",
            state=function,
            refused_calls=3,
            dataset=CURATED,
            ends_as=SUCCEEDED,
        )
    yield from _removals()


def _removals() -> Iterator[Case]:
    """Each way in which nothing is removed, because nobody says that so many records may go."""
    for action, (ends_as, error) in REMOVALS.items():
        yield Case(
            f"curation/removal-{'silence' if action is Action.EXPIRE_APPROVAL else action.replace(' ', '-')}",
            f"{'nobody answers' if action is Action.EXPIRE_APPROVAL else action} in RequestCurationApproval",
            (),
            action,
            "RequestCurationApproval",
            deployment="approval",
            dataset=DOUBTED,
            error=error,
            buys_nothing=True,
            ends_as=ends_as,
        )
