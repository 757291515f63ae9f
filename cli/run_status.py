"""`fine-tune status`: where a run is, what it waits for, what of it bills now, and what it has cost so far."""

from collections.abc import Iterator, Sequence

from pydantic import Field, ValidationError

from cli.environment import Environment
from cli.execution import Snapshot, WatchedExecution
from cli.known_runs import execution_of
from cli.progress import describe, is_done, shown_steps
from cli.result import reason
from cli.run_table import price_texts
from cli.runs import ListedRun, find_run, read_claim
from lambdas.adapters.aws.service_errors import NotFound, named_errors
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import prefix
from lambdas.domain.core.timestamps import now, seconds_between, timestamp
from lambdas.domain.cost.actual import RunCost
from lambdas.domain.cost.estimate import amount
from lambdas.domain.report.assemble import assemble_failure
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.report.run_state import RunState
from lambdas.domain.serving.lease import RUNNING
from lambdas.domain.serving.leases import EndedLease, Servings
from local.terminal import Console

# What ends each wait; the states that are not listed work themselves.
WAITED_FOR = {
    "WaitForJobs": "Bedrock trains the model, which takes from half an hour to days. Nothing is to be done.",
    "WaitForSlot": "Another run, or another model, has what serves models (max_throughputs), or a quota is used up.",
    "WaitForServing": "Bedrock creates what serves the model: a throughput takes 20 to 30 minutes.",
    "WaitForDeletion": "Bedrock deletes what served the model.",
    "WaitForPurchases": "A purchase that was cut off may still take effect; then it is deleted.",
    "RequestApproval": "A person decides about the purchase.",
}


class CurrentStep(Fact):
    """A state that the run is in: its name in words with how far it is, since when, and what it waits for."""

    step: str
    since: str
    waits_for: str | None = None


class RunStatus(Fact):
    """A run as it is now. `run.left` is what Bedrock has of it; `run.cost_usd` is what it has cost so far.

    `execution` is null, and `now` empty, where Step Functions has forgotten the execution. `cause` is a failed run's.
    """

    run: ListedRun
    execution: str | None
    seconds: float | None
    now: list[CurrentStep] = Field(default=[])
    cause: str | None = None


def status_of(environment: Environment, run_id: str, model_unit_price_per_hour: float | None) -> RunStatus:
    """The run as it is. Raises UnknownRunError, Refused and ServiceBusy."""
    arn = execution_of(environment, run_id)
    claim = read_claim(environment, run_id)
    snapshot = _look(environment, arn)
    started_at = timestamp(snapshot.started_at) if snapshot and snapshot.started_at else None
    if claim is not None:
        run = find_run(environment, claim, model_unit_price_per_hour)
    else:
        status = snapshot.status.lower().replace("_", " ") if snapshot else "unknown"
        error = snapshot.error if snapshot else None
        run = ListedRun(run_id=run_id, started_at=started_at or "", status=status, error=error)
    if snapshot is None:
        return RunStatus(run=run, execution=None, seconds=None)
    if run.cost_usd is None and (cost := _cost_so_far(environment, run_id, snapshot)):
        run = run.model_copy(update={"cost_usd": cost.actual.known_usd, "cost_unknown": cost.actual.unknown})
    return RunStatus(
        run=run,
        execution=arn,
        seconds=seconds_between(started_at, now()) if started_at and snapshot.status == RUNNING else None,
        now=[] if snapshot.is_over else [*_current_steps(snapshot)],
        cause=reason(snapshot.cause) if snapshot.cause else None,
    )


def _look(environment: Environment, arn: str) -> Snapshot | None:
    """The execution now; None where Step Functions knows none of this ARN any more."""
    try:
        with named_errors("Looking at the execution"):
            return WatchedExecution(environment, arn).look()
    except NotFound:
        return None


def _current_steps(snapshot: Snapshot) -> Iterator[CurrentStep]:
    for step in shown_steps(snapshot):
        if not is_done(step):
            yield CurrentStep(
                step=describe(step, snapshot, coarse=True),
                since=timestamp(step.entered_at),
                waits_for=WAITED_FOR.get(step.name),
            )


def _cost_so_far(environment: Environment, run_id: str, snapshot: Snapshot) -> RunCost | None:
    """As the report of a run that failed here and now would have it; None before its preflight."""
    state = RunState.parse(snapshot.facts)
    try:
        preflight = environment.adapters.preflight_documents.read(environment.output_bucket, prefix(run_id))
    except ValidationError:
        return None
    facts = RunFacts(
        run_id,
        plan=state.plan,
        jobs=state.jobs,
        model=state.model,
        servings=state.servings or _servings_so_far(snapshot, state),
        preflight=preflight,
    )
    return assemble_failure(facts, "", "").cost


def _servings_so_far(snapshot: Snapshot, state: RunState) -> Servings | None:
    """The leases as they are, as if each of them ended now; None where none has begun."""
    numbers = [one.number for one in state.model.served] if state.model else []
    leases = [EndedLease.parse(snapshot.leases[number]) for number in numbers if number in snapshot.leases]
    return Servings(leases=[_ended_now(lease) for lease in leases]) if leases else None


def _ended_now(lease: EndedLease) -> EndedLease:
    serving = lease.serving
    if serving is None or not serving.in_service_at or serving.deleted_at:
        return lease
    return lease.model_copy(update={"serving": serving.model_copy(update={"deleted_at": now()})})


def tell_status(console: Console, status: RunStatus) -> None:
    """The run in a few lines: what a person looks for first stands first."""
    run = status.run
    outcome = [run.status, *([run.error] if run.error else []), *([run.verdict] if run.verdict else [])]
    console.write_line(f"Run {run.run_id}: {', '.join(outcome)}", "bold")
    started = f"Started {run.started_at[:16].replace('T', ' ')} UTC" if run.started_at else "Never claimed"
    going_on = f", {_duration(status.seconds)} ago" if status.seconds is not None else ""
    console.write_line(f"{started}{going_on}{f', tunes {run.model}' if run.model else ''}.")
    for step in status.now:
        console.write_line(f"Now: {step.step} (since {step.since[11:16]} UTC).")
        if step.waits_for:
            console.write_line(f"  {step.waits_for}")
    if status.execution is None:
        console.write_line("Step Functions has forgotten the execution, which it does 90 days after its end.")
    if run.gain is not None:
        console.write_line(f"Gain over the base model: {run.metric} {run.gain:+.1f}")
    if status.cause:
        console.write_lines(status.cause)
    bills = price_texts(run.left)
    console.write_line(f"Exists in Bedrock: {'; '.join(bills)}." if bills else "Nothing of it exists in Bedrock.")
    for thing in run.left:
        console.write_line(f"  {thing.kind} {thing.arn}")
    console.write_line(_cost_text(run))


def _cost_text(run: ListedRun) -> str:
    if run.cost_usd is None:
        return "What it has cost is not known: it has no estimate yet, or no report."
    so_far = "" if run.status == "succeeded" else " so far"
    unknown = f"; not counted, or of unknown price: {'; '.join(run.cost_unknown)}" if run.cost_unknown else ""
    return f"It has cost{so_far}: {amount(run.cost_usd)} USD{unknown}."


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    parts: Sequence[tuple[int, str]] = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "less than a minute"
