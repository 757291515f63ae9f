"""Check of the run's time: whether curation, waits and serving can end before its execution is cut off."""

from math import ceil
from typing import NamedTuple

from lambdas.domain.batch.batch_waits import STOP_PATIENCE_SECONDS
from lambdas.domain.core.counted import counted
from lambdas.domain.cost.curation_cost import asking_seconds, batch_turns
from lambdas.domain.cost.planned_serving import planned_leases
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served import most_served
from lambdas.domain.preflight.checks import Check, fail, warn

TIME = "time-limit"
_TOLD_HOURS = 0.1
BATCH_JOBS = "batch jobs of its curation and its judges (longest_batch_hours)"

_SERVE_FEWER = (
    "Serve fewer candidates (serve in run.json), or set a higher max_throughputs or longest_run_hours in cdk.json and "
    "deploy again."
)
_ASK_LESS = (
    "Take a judge or synthesis out of run.json, or set a higher max_concurrency or longest_run_hours in cdk.json and "
    "deploy again."
)
_NO_BATCH = (
    'Set "batch" in run.json to "never", or set a lower longest_batch_hours or a higher longest_run_hours in cdk.json '
    "and deploy again."
)


class RunTime(NamedTuple):
    """The environment's settings: how long an execution, what serves a model, an approval and a batch job may take."""

    longest_run_hours: float
    longest_lease_hours: float
    approval_hours: float | None
    longest_batch_hours: float


class _Wait(NamedTuple):
    """For how long a run may wait for something, beside what serves its candidates."""

    hours: float
    what: str


def _longest_waits(plan: Plan, limits: RunTime) -> list[_Wait]:
    """A line for each wait that the settings bound; those beside the training are no part of it."""
    batch_hours = limits.longest_batch_hours + STOP_PATIENCE_SECONDS / 3600
    waits = [
        _Wait(limits.approval_hours or 0 if plan.needs_approval else 0, "an approval (approval_hours)"),
        _Wait(limits.approval_hours or 0 if _may_ask_about_removal(plan) else 0, "that of a removal (approval_hours)"),
        _Wait((batch_turns(plan) + bool(plan.batches.judges)) * batch_hours, BATCH_JOBS),
    ]
    return [each for each in waits if each.hours]


def _may_ask_about_removal(plan: Plan) -> bool:
    """Whether a person may be asked before many training records are left out."""
    clean = plan.curation.clean if plan.curation else None
    return plan.needs_approval and clean is not None and clean.mode == "remove"


def enough_time(plan: Plan, slots: int, limits: RunTime) -> Check:
    """An error where serving is not expected to end in time, a warning where it would not if each took its longest.

    Only so many candidates are served at a time as there are slots; the time to train is not known before.
    """
    served = most_served(plan)
    turns = ceil(served / slots)
    curated = asking_seconds(plan) / 3600
    waits = _longest_waits(plan, limits)
    expected = turns * max(planned_leases(plan)) / 3600 + curated
    longest = turns * limits.longest_lease_hours + curated + sum(each.hours for each in waits)
    candidates = f"The run serves {counted(served, 'candidate')}, {slots} at a time (max_throughputs)"
    if curated >= _TOLD_HOURS:
        candidates += f", and asks models about its training data for about {curated:.1f} hours before"
    has = (
        f"an execution may take {counted(limits.longest_run_hours, 'hour')}, its training included (longest_run_hours)"
    )
    if expected >= limits.longest_run_hours:
        message = f"{candidates}: that takes about {expected:.1f} hours, and {has}. It would be cut off after it paid."
        return fail(TIME, message, _SERVE_FEWER if curated < expected / 2 else _ASK_LESS)
    if longest >= limits.longest_run_hours:
        told = " and ".join(f"up to {_told(each.hours)} for {each.what}" for each in waits)
        message = (
            f"{candidates}, each for up to {counted(limits.longest_lease_hours, 'hour')} (longest_lease_hours)"
            f"{f', after {told}' if told else ''}: that may take {_told(longest)}, and {has}."
        )
        in_batch = sum(each.hours for each in waits if each.what == BATCH_JOBS)
        remedy = _SERVE_FEWER if curated < expected / 2 else _ASK_LESS
        return warn(TIME, message, _NO_BATCH if in_batch > longest / 2 else remedy)
    return Check(TIME)


def _told(hours: float) -> str:
    return counted(float(f"{hours:.3g}"), "hour")
