"""What a run that failed has used of its estimate: training was billed, whatever came after it.

The unit prices are those of the estimate. What such a run does not count, and what AWS does not document, is unknown,
never nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lambdas.domain.cost.actual import RunCost, compare
from lambdas.domain.cost.estimate import Estimate
from lambdas.domain.cost.lines import (
    CURATION_PREFIX,
    JUDGING_PREFIX,
    OTHER_CANDIDATES_PREFIX,
    STORAGE,
    THROUGHPUT,
    TRAINING,
    CostLine,
    answers_prefix,
    leases_text,
    planned_epochs,
    token_epochs,
    token_epochs_text,
    unit_hours,
)
from lambdas.domain.cost.uncounted_batches import curation_lines_of, line_of, uncounted_curation
from lambdas.domain.curation.token_use import CurationUse
from lambdas.domain.evaluation.arms import needing_throughput
from lambdas.domain.plan.plan import Plan

_UNCOUNTED = "Not counted in a run that failed; at most about this."


@dataclass(frozen=True)
class FailedUsage:
    """How far a run got that failed.

    `started_jobs` are the numbers of the candidates whose jobs Bedrock knows, and `completed` says that all of these
    ran to their end. `jobs_unknown` says that Bedrock did not answer which jobs there are. `leases` are the seconds in
    service of each candidate's throughput or deployment that was purchased, None where they are not known. `curation`
    has the tokens of the replies that cleaned and wrote records, None where they are not known.
    """

    started_jobs: Sequence[int] = ()
    completed: bool = False
    leases: Sequence[float | None] = ()
    models_left: int = 0
    jobs_unknown: bool = False
    curation: Sequence[CurationUse] | None = ()


def failed_cost(plan: Plan, estimate: Estimate, usage: FailedUsage) -> RunCost:
    """The report's `cost` of a run that failed."""
    return compare(estimate, list(_used(plan, estimate, usage)), estimate.prices)


def _used(plan: Plan, estimate: Estimate, usage: FailedUsage) -> Iterator[CostLine]:
    # Curation is counted by its replies; before anything serves the tuned model only the baselines are asked besides.
    tuned = map(answers_prefix, needing_throughput(plan.arms))
    not_asked = CURATION_PREFIX if usage.leases else (CURATION_PREFIX, *tuned, OTHER_CANDIDATES_PREFIX, JUDGING_PREFIX)
    trained = bool(usage.started_jobs) or usage.jobs_unknown
    yield from _curation(plan, estimate, usage.curation)
    for line in estimate.lines:
        if line.id == TRAINING:
            if usage.started_jobs:
                yield _training(line, plan, usage)
            elif usage.jobs_unknown:
                note = "It is not known which jobs have trained; at most this."
                yield _changed(line, line.quantity, note, known=False)
        elif line.id == THROUGHPUT:
            if usage.leases:
                yield _throughput(line, plan, estimate.throughput_billing_seconds, usage.leases)
        elif line.id == STORAGE:
            if usage.models_left:
                yield _changed(line, usage.models_left, line.note)
        elif trained and not line.id.startswith(not_asked):
            yield _changed(line, line.quantity, _UNCOUNTED, known=False)


def _curation(plan: Plan, estimate: Estimate, used: Sequence[CurationUse] | None) -> Iterator[CostLine]:
    """What models were asked before the training, which their replies tell; and what nobody has read."""
    lines = curation_lines_of(estimate)
    if used is None:
        yield from (_changed(line, line.quantity, _UNCOUNTED, known=False) for line in lines.values())
        return
    for each in used:
        for side, tokens in (("input", each.input_tokens), ("output", each.output_tokens)):
            line = line_of(each.part, each.model, side, lines, in_batch=each.in_batch)
            if line is not None:
                yield _changed(line, tokens / 1000, "As Bedrock counted them.")
    yield from uncounted_curation(estimate, plan.curation)


def _training(line: CostLine, plan: Plan, usage: FailedUsage) -> CostLine:
    planned = planned_epochs(plan)
    epochs = {number: planned[number] for number in usage.started_jobs}
    quantity = token_epochs(plan, epochs) / 1000
    counted = f"{token_epochs_text(plan, epochs)}, as planned".capitalize()
    if usage.completed:
        return _changed(line, quantity, f"{counted}, the most that can have been run.")
    note = f"A job ended before its time: AWS bills what it has trained, at most this. {counted}."
    return _changed(line, quantity, note, known=False)


def _throughput(line: CostLine, plan: Plan, step: int, leases: Sequence[float | None]) -> CostLine:
    known = [seconds for seconds in leases if seconds is not None]
    if len(known) < len(leases):
        which = "Its time in service is" if len(leases) == 1 else "The time in service of some is"
        note = f"{which} not known; whether AWS bills the creation is not documented."
        return _changed(line, line.quantity, note, known=False)
    return _changed(line, unit_hours(plan, known, step), f"{leases_text(plan, known)}.")


def _changed(line: CostLine, quantity: float, note: str, *, known: bool = True) -> CostLine:
    usd = quantity * line.unit_price_usd if known and line.unit_price_usd is not None else None
    return line.model_copy(update={"quantity": quantity, "usd": usd, "note": note})
