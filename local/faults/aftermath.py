"""What is to be said about a run that has ended: what is left of it, how long it was there, and what was told."""

import time
from collections.abc import Mapping

from lambdas.domain.core import errors
from local.faults.case import Action, Kind
from local.faults.observer import Seen
from local.faults.rules import HISTORY_FULL, TOO_LARGE
from local.faults.run import SECONDS_TO_END, FaultRun

NAMES = {
    name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
}
# Names of our own that a person must never read as the last word.
NOT_FINAL = {"ServiceBusy"}
# After the end: longer than a reconciliation that was called by it takes to look.
SECONDS_OF_GRACE = 2.0
# How many reconciliations remove each kind: Bedrock refuses the deletion of a model that is still served.
RECONCILIATIONS_NEEDED: Mapping[Kind, int] = {"throughput": 1, "deployment": 1, "job": 1, "batch job": 1, "model": 2}
# An event comes to a function that fails three times.
DELIVERIES = 3
# The reconciler tells of a run that could not tell of itself.
TOLD_BY_RECONCILER = {"ABORTED": ("RunAborted",), "TIMED_OUT": ("RunTimedOut",)}
# An answer that is too long ends the run where no state can tell it, or behind the one that has written the report; a
# full history ends it anywhere.
UNTOLD = {TOO_LARGE: ("UnexplainedFailure", "NotApproved"), HISTORY_FULL: ("UnexplainedFailure",)}
# Step Functions' own words begin with what happened.
SHOWN_OF_CAUSE = 1_000
# A run that is stopped here may have its report already.
AFTER_REPORT = ("EvaluateAndReport", "ExplainFailure")


def wait_for_zero(run: FaultRun, execution: str, ended_at: float) -> None:
    """Follow what the run has left until it is gone for good, or the bound is passed, and note what was seen."""
    # A function that was called goes on behind the end of its execution, and what it does then counts, too.
    run.bench.until(lambda: not run.control.calls(execution), SECONDS_TO_END)
    settled_at = time.time() + SECONDS_OF_GRACE
    run.bench.until(lambda: run.bench.observer.now.at > settled_at, SECONDS_TO_END)
    wait_until_gone(run, ended_at)
    _note(run, ended_at)


def wait_until_gone(run: FaultRun, since: float) -> None:
    """Until nothing is left of the run, or all of it was left by who should have removed it."""
    bound = run.bench.bound.seconds

    def is_judged() -> bool:
        # Nobody looks after a deployment that has been deleted: its deletion itself leads to zero.
        if run.case.action is Action.DESTROY:
            return True
        at = run.bench.observer.now.at
        return all(is_overdue(run, seen, since, at, bound) for seen in run.left())

    run.bench.until(is_judged, SECONDS_TO_END)


def is_overdue(run: FaultRun, seen: Seen, since: float, at: float, seconds: float) -> bool:
    """Whether `at` is so many `seconds` after `since`, and who should have removed it has had its turn by then.

    How long a reconciliation takes depends on the machine, so the time alone proves nothing. One that began when
    nothing stood in its way any more, and ended without a failure, should have removed it. Where nobody looks after
    the deployment the time alone counts.
    """
    bound, scale = run.bench.bound, run.bench.aws.time_scale
    lag = run.case.lag_seconds
    if at <= since + (seconds + lag) * scale:
        return False
    if run.deployment_name in run.bench.unguarded:
        return True
    looked_at, needed = (
        max(since, seen.first) + (bound.creation_seconds + lag) * scale,
        RECONCILIATIONS_NEEDED[seen.thing.kind],
    )
    for one in run.reconciliations():
        if one.succeeded and one.source and one.began > looked_at:
            looked_at, needed = one.ended, needed - 1
            if needed == 0:
                return at > looked_at + bound.deletion_seconds * scale
    return False


def _note(run: FaultRun, ended_at: float) -> None:
    result, bound, scale = run.result, run.bench.bound, run.bench.aws.time_scale
    interval_and_deletion = bound.interval_seconds + bound.deletion_seconds
    left = run.leftovers()
    result.live_after, result.left = len(left), sorted(map(str, left))
    for seen in run.seen():
        seconds = round(max(0.0, seen.last - ended_at) / scale, 1)
        known = result.seconds_to_zero_by_kind.get(seen.thing.kind, 0.0)
        result.seconds_to_zero_by_kind[seen.thing.kind] = max(known, seconds)
    result.seconds_to_zero = max(result.seconds_to_zero_by_kind.values(), default=0.0)
    if run.case.must_leak:
        kinds = {thing.kind for thing in left}
        if run.case.must_leak not in kinds:
            result.problems.append(
                f"the control leaks a {run.case.must_leak}, but {sorted(kinds) or 'nothing'} was seen"
            )
    elif left:
        result.problems.append(f"{', '.join(result.left)} left after {bound.seconds:.0f} s")
    elif any(is_overdue(run, seen, ended_at, seen.last, interval_and_deletion) for seen in run.seen()):
        result.problems.append("zero took longer than a reconciliation interval and a deletion")
    if run.case.buys_nothing and any(seen.thing.kind in ("throughput", "deployment") for seen in run.seen()):
        result.problems.append("something was bought")


def check_words(run: FaultRun) -> None:
    """Every failure ends with a name of ours and a cause for a person, and so does the report."""
    result = run.result
    cause = result.cause or ""
    told = f"; its cause: {cause[:SHOWN_OF_CAUSE]!r}"
    if result.status == "FAILED":
        if result.error not in (NAMES - NOT_FINAL) | {TOO_LARGE, run.case.error}:
            result.problems.append(f"the error {result.error} is none of the named ones{told}")
        if len(cause) < 20 or "Traceback" in cause or "States.TaskFailed" in cause or cause.startswith("{"):
            result.problems.append(f"the cause is nothing to act on: {cause[:SHOWN_OF_CAUSE]!r}")
    if run.case.error and result.error != run.case.error:
        result.problems.append(f"the error is {result.error}, not {run.case.error}{told}")


def check_report(run: FaultRun, execution: str) -> None:
    """`report.json` tells how the run ended, also where no state of it could; a run without a claim has none."""
    result = run.result
    told_by_reconciler = UNTOLD.get(str(result.error)) or TOLD_BY_RECONCILER.get(result.status)
    # What is deleted with its deployment is told by CloudFormation's event.
    if run.case.action is Action.DESTROY or (told_by_reconciler and run.case.state in AFTER_REPORT):
        return
    if run.stored("claim.json") is None:
        return
    if told_by_reconciler:
        run.bench.until(lambda: run.stored("report.json") or run.has_been_told(execution, DELIVERIES), SECONDS_TO_END)
    report = run.stored("report.json")
    if not report:
        result.problems.append("there is no report.json")
        return
    expected = told_by_reconciler or ((result.error,) if result.status == "FAILED" else (None,))
    told = (report.get("error") or {}).get("name")
    if told not in expected:
        names = " or ".join(str(name or "a success") for name in expected)
        result.problems.append(f"report.json tells {told or report['status']}, not {names}")
    missing = [arm for arm, figures in (report.get("arms") or {}).items() if figures.get("missing")]
    expected_arms = {arm for arm in [run.case.missing_arm] if arm}
    if result.status == "SUCCEEDED" and not expected_arms <= set(missing) <= expected_arms | run.case.may_miss:
        result.problems.append(f"report.json tells {missing} as missing, not {run.case.missing_arm}")
    decision = {Action.APPROVE: "approved", Action.REJECT: "rejected"}.get(run.case.action)
    if decision and (report.get("approval") or {}).get("decision") != decision:
        result.problems.append(f"report.json does not say that the purchase was {decision}")


def check_models(run: FaultRun) -> None:
    """A model that the run is to leave is there: its training was paid for."""
    made = {seen.thing for seen in run.bench.observer.seen_of(run.marker) if seen.thing.kind == "model"}
    lost = [thing for thing in made if run.is_kept(thing) and thing not in run.bench.observer.live_of(run.marker)]
    run.result.models_lost = len(lost)
    if lost:
        run.result.problems.append(f"{', '.join(map(str, lost))} was trained and is lost")
