"""What is to be said about a run that has ended: what is left of it, how long it was there, and what was told."""

import time

from lambdas.domain.core import errors
from local.bedrock.faults import FaultKind
from local.faults.case import Action, in_real_seconds
from local.faults.run import Run

NAMES = {
    name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
}
# Names of our own that a person must never read as the last word.
NOT_FINAL = {"ServiceBusy"}
# After the end: longer than a reconciliation that was called by it takes to look.
SECONDS_OF_GRACE = 2.0
# The reconciler tells of a run that could not tell of itself.
TOLD_BY_RECONCILER = {"ABORTED": "RunAborted", "TIMED_OUT": "RunTimedOut"}
# A run that is stopped here may have its report already.
AFTER_REPORT = ("EvaluateAndReport", "ExplainFailure")


def wait_for_zero(run: Run, ended_at: float) -> None:
    """Follow what the run has left until it is gone for good, or the bound is passed, and note what was seen."""
    scale, bound = run.bench.aws.time_scale, run.bench.bound
    rules = in_real_seconds(run.case, scale)
    late = max((rule.delay_seconds for rule in rules if rule.kind is FaultKind.SLOW), default=0)
    settled_at = time.time() + SECONDS_OF_GRACE + late
    # Nobody looks after a deployment that has been deleted: its deletion itself leads to zero.
    after = 0 if run.case.action is Action.DESTROY else bound.seconds * scale
    deadline = max(ended_at, settled_at) + after
    run.bench.until(
        lambda: run.bench.observer.now.at > settled_at and not run.leftovers(), max(0.1, deadline - time.time())
    )
    _note(run, ended_at)


def _note(run: Run, ended_at: float) -> None:
    result, bound, scale = run.result, run.bench.bound, run.bench.aws.time_scale
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
    elif result.seconds_to_zero > bound.interval_seconds + bound.deletion_seconds:
        result.problems.append("zero took longer than a reconciliation interval and a deletion")
    if run.case.buys_nothing and any(seen.thing.kind in ("throughput", "deployment") for seen in run.seen()):
        result.problems.append("something was bought")


def check_words(run: Run) -> None:
    """Every failure ends with a name of ours and a cause for a person, and so does the report."""
    result = run.result
    if result.status == "FAILED":
        if result.error not in NAMES - NOT_FINAL:
            result.problems.append(f"the error {result.error} is none of the named ones")
        cause = result.cause or ""
        if len(cause) < 20 or "Traceback" in cause or "States.TaskFailed" in cause or cause.startswith("{"):
            result.problems.append(f"the cause is nothing to act on: {cause[:200]!r}")
    if run.case.error and result.error != run.case.error:
        result.problems.append(f"the error is {result.error}, not {run.case.error}")


def check_report(run: Run) -> None:
    """`report.json` tells how the run ended, also where no state of it could; a run without a claim has none."""
    result = run.result
    told_by_reconciler = TOLD_BY_RECONCILER.get(result.status)
    # What is deleted with its deployment is told by CloudFormation's event.
    if run.case.action is Action.DESTROY or (told_by_reconciler and run.case.state in AFTER_REPORT):
        return
    if run.stored("claim.json") is None:
        return
    report = run.bench.until(lambda: run.stored("report.json"), run.bench.bound.seconds * run.bench.aws.time_scale)
    if not report:
        result.problems.append("there is no report.json")
        return
    expected = told_by_reconciler or (result.error if result.status == "FAILED" else None)
    told = (report.get("error") or {}).get("name")
    if told != expected:
        result.problems.append(f"report.json tells {told or report['status']}, not {expected or 'a success'}")
    decision = {Action.APPROVE: "approved", Action.REJECT: "rejected"}.get(run.case.action)
    if decision and (report.get("approval") or {}).get("decision") != decision:
        result.problems.append(f"report.json does not say that the purchase was {decision}")
