"""What a run has cost: the estimate's lines with what was really used, and how far the two are apart.

Bedrock tells the tokens of answers and judgements and the epochs of a job. It does not tell the tokens that it trained
on: those stay estimated.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from lambdas.domain.cost.estimate import (
    Estimate,
    Line,
    amount,
    answer_lines,
    candidate_epochs,
    judging_lines,
    own_prices,
    price_source,
    storage_line,
    summed,
    throughput_line,
    training_line,
    units,
)
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.evaluation.answers import StoredLine, select_answers
from lambdas.domain.evaluation.judging.summary import JudgeSummary
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.training.summary import is_kept

_COUNTED = ("As Bedrock counted them.", "As Bedrock counted them.")


class Costs(NamedTuple):
    """The prices that count for the run, and what it was estimated to cost before it began.

    `epochs` has how many each job ran, by the candidate's number, as far as Bedrock recorded them.
    """

    prices: Prices
    estimate: Estimate
    epochs: Mapping[int, int] = MappingProxyType({})


def report_cost(
    state: Mapping[str, Any],
    answers: Mapping[str, Sequence[StoredLine]],
    judges: Sequence[JudgeSummary],
    billed_seconds: float | None,
    costs: Costs,
) -> dict[str, Any]:
    """The report's `cost`: `{"prices", "estimate", "actual", "difference": {"lines", "known_usd", "total_usd"}}`.

    Where run.json has prices of its own, `prices` names in `own` the models that they are of. `billed_seconds` is the
    throughput's, null where there was none.
    """
    plan, prices = state["plan"], costs.prices
    candidates = (state.get("jobs") or {}).get("candidates") or []
    lines = [_training(plan, candidates, costs)]
    if billed_seconds and plan["serving"] != ON_DEMAND:
        note = (
            f"In service for {billed_seconds:,.0f} s, begun billing steps counted whole, times {units(plan)}; whether "
            "AWS bills the creation, too, is not documented."
        )
        lines.append(throughput_line(plan, prices, billed_seconds, note))
    for name, answered in answers.items():
        lines += answer_lines(plan, prices, name, _tokens(answered), _COUNTED)
    for judge in judges:
        used = (judge.input_tokens, judge.output_tokens)
        lines += judging_lines(judge.model_id, used, prices, _COUNTED)
    note = "Billed each month until the model is deleted."
    lines.append(storage_line(prices, plan["base_model"], sum(map(is_kept, candidates)), note))
    cost = compared(costs.estimate, summed(lines, price_source(prices)))
    own = own_prices(plan)
    return cost | {"prices": cost["prices"] | {"own": own}} if own else cost


def compared(estimated: Estimate, actual: Estimate) -> dict[str, Any]:
    """The report's `cost` of an estimate and of what was used."""
    return {
        "prices": actual.prices.model_dump(),
        "estimate": estimated.model_dump(exclude={"prices"}),
        "actual": actual.model_dump(exclude={"prices"}),
        "difference": _difference(estimated, actual),
    }


def _training(plan: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]], costs: Costs) -> Line:
    """Each started job's epochs as they were run, or as planned where Bedrock recorded none."""
    planned, epochs = candidate_epochs(plan), costs.epochs
    started = {each["number"] for each in candidates if each["arn"]} or set(planned)
    counted = {number: epochs.get(number, planned[number]) for number in sorted(started)}
    unrecorded = [number for number in counted if number not in epochs]
    tokens, total = plan["tokens"]["train"], sum(counted.values())
    note = f"About {tokens:,} training tokens times {total} epochs as they were run{_of_jobs(counted)}."
    if unrecorded == list(counted):
        note = (
            f"About {tokens:,} training tokens times {total} epochs{_of_jobs(counted)} as planned: no losses recorded."
        )
    elif unrecorded:
        note = f"{note} No losses were recorded of job {', '.join(map(str, unrecorded))}: counted as planned."
    return training_line(plan, costs.prices, tokens * total, note)


def _of_jobs(counted: Mapping[int, int]) -> str:
    return "" if len(counted) == 1 else f" by {len(counted)} jobs"


def _tokens(answered: Sequence[StoredLine]) -> tuple[int, int]:
    answers = select_answers(answered)
    return sum(line.input_tokens for line in answers), sum(line.output_tokens for line in answers)


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
    """What a run has cost, for people: what is not known first, where a price is missing."""
    actual, as_of = cost["actual"], cost["prices"]["as_of"]
    own = cost["prices"].get("own")
    theirs = f" and run.json's own of {', '.join(own)}, which no cap and no approval counted with" if own else ""
    known = f"{amount(actual['known_usd'])} USD by the prices of {as_of}{theirs}"
    foreseen = f"estimated: {amount(cost['estimate']['known_usd'])} USD"
    would = " would have" if simulated else ""
    run = "a real run" if simulated else "the run"
    if actual["unknown"]:
        missing = "; ".join(actual["unknown"])
        return f"What {run}{would} cost is unknown: no price for {missing}. The rest{would} cost {known} ({foreseen})."
    return f"{run.capitalize()}{would} cost {known} ({foreseen})."
