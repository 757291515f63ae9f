"""`fine-tune cancel`: stops a run, and waits until nothing of it bills; the reconciler is who deletes."""

import time
from dataclasses import dataclass, field

from cli.environment import Environment
from cli.execution import LONGEST_PAUSE_SECONDS, POLL_SECONDS, Snapshot, WatchedExecution
from cli.known_runs import execution_of
from cli.leftovers import Leftovers, leftovers
from cli.runs import read_claim
from lambdas.adapters.aws.service_errors import NotFound, named_errors
from lambdas.domain.core import run as runs
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import run_of_bedrock_name
from lambdas.domain.report.run_state import RunState
from lambdas.domain.serving.kinds import KINDS, noun

# So long the clean-up is waited for: the reconciler's one call takes a quarter of an hour at most.
PATIENCE_SECONDS = 1800
JOB = "unfinished customization job"


class NotCancelledError(Exception):
    """The run was not stopped; the message says why."""


class StillThereError(Exception):
    """The run is stopped, and something of it is still there; the message says what, and who goes on."""


@dataclass(frozen=True)
class RunningRun:
    """A run that is to be stopped, and what it had in Bedrock when it was looked at."""

    run_id: str
    arn: str
    snapshot: Snapshot
    had: Leftovers

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to stop."""
        return self.snapshot.is_over

    @property
    def keeps_job(self) -> bool:
        """Whether run.json lets its job train on."""
        plan = RunState.parse(self.snapshot.facts).plan
        return plan is not None and plan.keep_job


@dataclass
class Cleaned:
    """What of the run has gone, and what stays on purpose, by kind."""

    gone: Leftovers = field(default_factory=dict)
    kept_jobs: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)


def look(environment: Environment, run_id: str) -> RunningRun:
    """The run as it is. Raises UnknownRunError, NotCancelledError, Refused and ServiceBusy."""
    arn = execution_of(environment, run_id)
    try:
        with named_errors("Looking at the execution"):
            snapshot = WatchedExecution(environment, arn).look()
    except NotFound:
        raise NotCancelledError(
            f"Step Functions has forgotten the execution of {run_id}: it ended 90 days ago or more."
        ) from None
    return RunningRun(run_id, arn, snapshot, belongings(environment, run_id, snapshot))


def belongings(environment: Environment, run_id: str, snapshot: Snapshot) -> Leftovers:
    """What Bedrock has of the run that bills, by the names that it gives and by Bedrock's lists."""
    found = leftovers(environment.name, run_id, snapshot.facts, environment.adapters)
    for kind in KINDS:
        listed = environment.adapters.served_models.list_all(kind)
        arns = [one.arn for one in listed if run_of_bedrock_name(environment.name, one.name) == run_id]
        found[noun(kind)] = list(dict.fromkeys([*found.get(noun(kind), []), *arns]))
    return found


def stop(environment: Environment, run: RunningRun) -> None:
    """Stops the execution. Raises Refused and ServiceBusy."""
    caller = environment.account.caller
    environment.adapters.executions.stop(run.arn, "Cancelled", f"Cancelled by {caller} with fine-tune cancel.")


def wait_for_clean_up(environment: Environment, run: RunningRun) -> Cleaned:
    """Waits until nothing of the run bills, and its report is written. Raises StillThereError and Refused.

    The report is the last thing that the reconciler writes of a run that was stopped: a purchase that was under way has
    taken effect by then, or never will.
    """
    started, pause = time.monotonic(), POLL_SECONDS
    seen: Leftovers = {kind: list(arns) for kind, arns in run.had.items()}
    left, trouble = seen, ""
    while True:
        try:
            left, trouble = belongings(environment, run.run_id, run.snapshot), ""
            for kind, arns in left.items():
                seen[kind] = list(dict.fromkeys([*seen.get(kind, []), *arns]))
            if not _bills(run, left) and _is_reported(environment, run.run_id):
                return _cleaned(environment, run, seen, left)
        except ServiceBusy as busy:
            trouble = str(busy)
        if time.monotonic() - started >= PATIENCE_SECONDS:
            raise StillThereError(_still_there(environment, run, left, trouble))
        time.sleep(pause)
        pause = min(pause * 1.2, LONGEST_PAUSE_SECONDS)


def _bills(run: RunningRun, left: Leftovers) -> bool:
    return any(arns for kind, arns in left.items() if not (kind == JOB and run.keeps_job))


def _is_reported(environment: Environment, run_id: str) -> bool:
    """Nobody reports a run that was stopped before it had its claim: it has made nothing."""
    if read_claim(environment, run_id) is None:
        return True
    key = runs.report_key(runs.prefix(run_id))
    return environment.adapters.objects.read(environment.output_bucket, key) is not None


def _cleaned(environment: Environment, run: RunningRun, seen: Leftovers, left: Leftovers) -> Cleaned:
    gone = {kind: [arn for arn in arns if arn not in left.get(kind, [])] for kind, arns in seen.items()}
    listed = environment.adapters.bedrock.list_custom_models()
    models = [one.arn for one in listed if run_of_bedrock_name(environment.name, one.name) == run.run_id]
    return Cleaned({kind: arns for kind, arns in gone.items() if arns}, left.get(JOB, []), models)


def _still_there(environment: Environment, run: RunningRun, left: Leftovers, trouble: str) -> str:
    things = "; ".join(f"{kind} {', '.join(arns)}" for kind, arns in left.items() if arns)
    what = f"Still there: {things}." if things else "The reconciler has not reported the run's end yet."
    return (
        f"The run {run.run_id} is stopped, and its clean-up is not done after {PATIENCE_SECONDS // 60} minutes. {what} "
        f"{f'AWS was busy: {trouble} ' if trouble else ''}The reconciler goes on trying, and the topic tells what it "
        f"cannot delete. `{environment.command(f'status {run.run_id}')}` tells what is left."
    )
