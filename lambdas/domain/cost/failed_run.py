"""What a run that failed has used of its estimate: training was billed, whatever came after it.

The unit prices are those of the estimate. What such a run does not count, and what AWS does not document, is unknown,
never nothing.
"""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from lambdas.domain.cost.actual import compared
from lambdas.domain.cost.estimate import (
    SECONDS_PER_HOUR,
    STORAGE_ITEM,
    THROUGHPUT_ITEM,
    TRAINING_ITEM,
    Estimate,
    Line,
    candidate_epochs,
    summed,
    units,
)
from lambdas.domain.evaluation.arms import TUNED
from lambdas.domain.serving.serving import served_seconds
from lambdas.domain.training.customization import COMPLETED

# Before anything serves the tuned model only the baselines are asked.
_AFTER_THE_PURCHASE = (f"answers of {TUNED}", "judging")
_UNCOUNTED = "Not counted in a run that failed; at most about this."


def failed_cost(state: Mapping[str, Any], models_left: int) -> dict[str, Any] | None:
    """The report's `cost` of a run's whole state with its stored preflight.json; null where that has no estimate."""
    stored = (state.get("preflight") or {}).get("estimate")
    if not stored:
        return None
    made = Estimate.model_validate(stored)
    return compared(made, summed(list(_used(made, state, models_left)), made.prices))


def _used(made: Estimate, state: Mapping[str, Any], models_left: int) -> Iterator[Line]:
    started, facts = _started(state), state.get("serving") or {}
    # Without an answer to the stop nobody knows which jobs have trained.
    untold = "stop_failure" in state
    for line in made.lines:
        if line.item == TRAINING_ITEM:
            if started:
                yield _training(line, state, started)
            elif untold:
                yield _of(line, line.quantity, "It is not known which jobs have trained; at most this.", known=False)
        elif line.item == THROUGHPUT_ITEM:
            if facts.get("arn"):
                yield _throughput(line, state["plan"], facts)
        elif line.item == STORAGE_ITEM:
            if models_left:
                yield _of(line, models_left, line.note)
        elif (started or untold) and (facts.get("arn") or not line.item.startswith(_AFTER_THE_PURCHASE)):
            yield _of(line, line.quantity, _UNCOUNTED, known=False)


def _started(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The run's jobs that Bedrock knows."""
    return [one for one in (state.get("jobs") or {}).get("candidates") or () if one["arn"]]


def _training(line: Line, state: Mapping[str, Any], started: list[Mapping[str, Any]]) -> Line:
    plan = state["plan"]
    planned = candidate_epochs(plan)
    epochs = sum(planned[one["number"]] for one in started)
    quantity = plan["tokens"]["train"] * epochs / 1000
    if all(one["status"] == COMPLETED for one in started):
        return _of(line, quantity, f"{epochs} epochs as planned, the most that can have been run.")
    note = f"A job ended before its time: AWS bills what it has trained, at most the {epochs} epochs planned."
    return _of(line, quantity, note, known=False)


def _throughput(line: Line, plan: Mapping[str, Any], facts: Mapping[str, Any]) -> Line:
    served = served_seconds(facts.get("in_service_at"), facts.get("deleted_at"))
    if served is None:
        note = "Its time in service is not known; whether AWS bills the creation is not documented."
        return _of(line, line.quantity, note, known=False)
    hours = ceil(served / SECONDS_PER_HOUR)
    note = f"In service for {served:,.0f} s, begun hours counted whole, times {units(plan)}."
    return _of(line, hours * plan["model_units"], note)


def _of(line: Line, quantity: float, note: str, *, known: bool = True) -> Line:
    usd = quantity * line.unit_price_usd if known and line.unit_price_usd is not None else None
    return line.model_copy(update={"quantity": quantity, "usd": usd, "note": note})
