"""Check of the run's time: whether all candidates that it serves can be served before its execution is cut off."""

from math import ceil
from typing import NamedTuple

from lambdas.domain.core.counted import counted
from lambdas.domain.cost.curation_cost import asking_seconds
from lambdas.domain.cost.planned_serving import planned_leases
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served import most_served
from lambdas.domain.preflight.checks import Check, fail, warn

TIME = "time-limit"
_TOLD_HOURS = 0.1


class RunTime(NamedTuple):
    """The environment's settings: how long an execution, what serves a model and the wait for an approval may take."""

    longest_run_hours: float
    longest_lease_hours: float
    approval_hours: float | None


def enough_time(plan: Plan, slots: int, limits: RunTime) -> Check:
    """An error where serving is not expected to end in time, a warning where it would not if each took its longest.

    Only so many candidates are served at a time as there are slots; the time to train is not known before.
    """
    served = most_served(plan)
    turns = ceil(served / slots)
    approval = limits.approval_hours or 0 if plan.needs_approval else 0
    curated = asking_seconds(plan) / 3600
    expected = turns * max(planned_leases(plan)) / 3600 + curated
    longest = turns * limits.longest_lease_hours + approval + curated
    candidates = f"The run serves {counted(served, 'candidate')}, {slots} at a time (max_throughputs)"
    if curated >= _TOLD_HOURS:
        candidates += f", and asks models about its training data for about {curated:.1f} hours before"
    most = counted(limits.longest_run_hours, "hour")
    has = f"an execution may take {most}, its training included (longest_run_hours)"
    remedy = (
        "Serve fewer candidates (serve in run.json), or set a higher max_throughputs or longest_run_hours in cdk.json "
        "and deploy again."
        if curated < expected / 2
        else "Take a judge or synthesis out of run.json, or set a higher max_concurrency or longest_run_hours in "
        "cdk.json and deploy again."
    )
    if expected >= limits.longest_run_hours:
        message = f"{candidates}: that takes about {expected:.1f} hours, and {has}. It would be cut off after it paid."
        return fail(TIME, message, remedy)
    if longest >= limits.longest_run_hours:
        waits = f", after up to {counted(approval, 'hour')} for an approval (approval_hours)" if approval else ""
        message = (
            f"{candidates}, each for up to {counted(limits.longest_lease_hours, 'hour')} (longest_lease_hours){waits}: "
            f"that may take {counted(float(f'{longest:.3g}'), 'hour')}, and {has}."
        )
        return warn(TIME, message, remedy)
    return Check(TIME)
