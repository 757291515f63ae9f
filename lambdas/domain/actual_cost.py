"""What a run has cost: the estimate's lines with what was really used, and how far the two are apart.

Bedrock tells the tokens of answers and judgements and the epochs of a job. It does not tell the tokens that it trained
on: those stay estimated.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lambdas.domain.cost import (
    Estimate,
    Line,
    answer_lines,
    candidate_epochs,
    judging_lines,
    storage_line,
    summed,
    throughput_line,
    training_line,
)
from lambdas.domain.prices import Prices
from lambdas.domain.responses import Line as Answer
from lambdas.domain.serving import ON_DEMAND

_COUNTED = ("As Bedrock counted them.", "As Bedrock counted them.")


class Costs(NamedTuple):
    """The prices that count for the run, and what it was estimated to cost before it began."""

    prices: Prices
    estimate: Estimate


def report_cost(
    state: Mapping[str, Any],
    answers: Mapping[str, Sequence[Answer]],
    judging: Mapping[str, Any],
    epochs: Sequence[Mapping[str, Any]],
    billed_seconds: float | None,
    costs: Costs,
) -> dict[str, Any]:
    """The report's `cost`: `{"prices", "estimate", "actual", "difference": {"lines", "known_usd", "total_usd"}}`.

    `epochs` are those that the served model's job ran, `billed_seconds` the throughput's, null where there was none.
    """
    plan, prices = state["plan"], costs.prices
    lines = [_training(plan, state.get("job") or {}, epochs, prices)]
    if billed_seconds and plan["serving"] != ON_DEMAND:
        note = (
            f"In service for {billed_seconds:,.0f} s, begun billing steps counted whole; {plan['model_units']} units."
        )
        lines.append(throughput_line(plan, prices, billed_seconds, note))
    for name, answered in answers.items():
        lines += answer_lines(plan, prices, name, _tokens(answered), _COUNTED)
    for judge in judging["judges"]:
        used = (judge["input_tokens"], judge["output_tokens"])
        lines += judging_lines(judge["model_id"], used, prices, _COUNTED)
    note = "Billed each month until the model is deleted."
    lines.append(storage_line(plan, prices, note))
    actual = summed(lines, prices)
    return {
        "prices": actual.prices.model_dump(),
        "estimate": costs.estimate.model_dump(exclude={"prices"}),
        "actual": actual.model_dump(exclude={"prices"}),
        "difference": _difference(costs.estimate, actual),
    }


def _training(
    plan: Mapping[str, Any], job: Mapping[str, Any], epochs: Sequence[Mapping[str, Any]], prices: Prices
) -> Line:
    """The served model's epochs as they were run, those of a sweep's other jobs as planned."""
    planned = candidate_epochs(plan)
    ran = max((int(epoch["epoch"]) for epoch in epochs), default=None)
    served = next((each["number"] for each in job.get("candidates", []) if each["name"] == job["name"]), min(planned))
    counted = {**planned, **({} if ran is None else {served: ran})}
    tokens = plan["tokens"]["train"]
    source = "as planned, since Bedrock recorded no losses" if ran is None else "as they were run"
    others = "" if len(planned) == 1 else f", the other {len(planned) - 1} jobs' as planned"
    note = f"About {tokens:,} training tokens times {sum(counted.values())} epochs {source}{others}."
    return training_line(plan, prices, tokens * sum(counted.values()), note)


def _tokens(answered: Sequence[Answer]) -> tuple[int, int]:
    lines = [line for line in answered if "error" not in line]
    return sum(line["input_tokens"] for line in lines), sum(line["output_tokens"] for line in lines)


def _difference(estimated: Estimate, actual: Estimate) -> dict[str, Any]:
    """Actual minus estimated: of each line that either has, and of the totals; null where a price is unknown."""
    before = {line.item: line for line in estimated.lines}
    after = {line.item: line for line in actual.lines}
    lines = [_line(item, before.get(item), after.get(item)) for item in dict.fromkeys([*before, *after])]
    return {
        "lines": lines,
        "known_usd": sum(line["usd"] for line in lines if line["usd"] is not None),
        "total_usd": _minus(actual.total_usd, estimated.total_usd),
    }


def _line(item: str, before: Line | None, after: Line | None) -> dict[str, Any]:
    """A line that only one side has counts as 0 on the other: it was not foreseen, or was not used."""
    (known, *_) = [line for line in (after, before) if line]
    estimated = before.usd if before else 0.0
    used = after.usd if after else 0.0
    return {
        "item": item,
        "unit": known.unit,
        "unit_price_usd": known.unit_price_usd,
        "estimated_quantity": before.quantity if before else 0.0,
        "actual_quantity": after.quantity if after else 0.0,
        "estimated_usd": estimated,
        "actual_usd": used,
        "usd": _minus(used, estimated),
    }


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def cost_sentence(cost: Mapping[str, Any], *, simulated: bool) -> str:
    """What a run has cost, for people; as far as it is known."""
    actual, as_of = cost["actual"], cost["prices"]["as_of"]
    verb = "A real run would have cost" if simulated else "The run cost"
    more = f" and what is not known: {'; '.join(actual['unknown'])}" if actual["unknown"] else ""
    foreseen = f"estimated were {cost['estimate']['known_usd']:,.2f} USD"
    return f"{verb} {actual['known_usd']:,.2f} USD by the prices of {as_of}{more}; {foreseen}."
