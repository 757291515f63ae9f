"""What a run has cost: the estimate's lines with what was really used, and how far the two are apart.

Bedrock tells the tokens of answers and judgements and the epochs of a job. It does not tell the tokens that it trained
on: those stay estimated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.by_candidate import CandidateCost
from lambdas.domain.cost.curation_cost import used_curation_lines
from lambdas.domain.cost.estimate import (
    CostTotal,
    Estimate,
    PriceSource,
    add_up,
    amount,
    own_prices,
    price_source,
    unconfirmed_text,
)
from lambdas.domain.cost.lines import (
    UNKNOWN_THROUGHPUT,
    CostLine,
    TokenNotes,
    TokensUsed,
    answer_lines,
    judging_lines,
    leases_text,
    other_candidate_lines,
    planned_epochs,
    storage_line,
    throughput_line,
    token_epochs,
    token_epochs_text,
    training_line,
)
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.cost.uncounted_batches import curation_lines_of, uncounted_curation
from lambdas.domain.curation.token_use import CurationUse
from lambdas.domain.evaluation.answer_figures import AnswerFigures, drop_unknown
from lambdas.domain.evaluation.judging.summary import JudgeSummary
from lambdas.domain.plan.plan import Plan
from lambdas.domain.serving.kinds import ON_DEMAND

_COUNTED = TokenNotes("As Bedrock counted them.", "As Bedrock counted them.")


@dataclass(frozen=True)
class Costs:
    """The prices that count for the run, and what it was estimated to cost before it began.

    `epochs` has how many each job ran, by the candidate's number, as far as Bedrock recorded them.
    """

    prices: Prices
    estimate: Estimate
    epochs: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """What a run has used.

    `started_jobs` are the numbers of the candidates whose jobs were started, `kept_models` says how many custom models
    are left. `leases` are the seconds for which each throughput was in service, None where they are not
    known. `answers` are those of all arms and of
    the served candidates beside the chosen one. `curation` has the tokens of models that cleaned and wrote records.
    """

    started_jobs: Sequence[int]
    kept_models: int
    leases: Sequence[float | None]
    answers: Mapping[str, AnswerFigures]
    judges: Sequence[JudgeSummary]
    curation: Sequence[CurationUse] | None = ()


class ReportedPrices(PriceSource):
    """Where the prices are from; `own` names the models whose prices are run.json's own."""

    own: list[str] = Field(default=[], exclude_if=lambda own: not own)


class LineDifference(Fact):
    """A line's actual quantity and USD minus the estimated ones; a line that only one side has counts as 0 there."""

    id: str
    item: str
    unit: str
    unit_price_usd: float | None
    estimated_quantity: float
    actual_quantity: float
    estimated_usd: float | None
    actual_usd: float | None
    usd: float | None


class CostDifference(Fact):
    """Actual minus estimated: each line and the totals; null where a price is unknown."""

    lines: list[LineDifference]
    known_usd: float
    total_usd: float | None


class RunCost(Fact):
    """The report's `cost`: what the run was estimated to cost, each of its candidates, and what it has cost."""

    prices: ReportedPrices
    estimate: CostTotal
    actual: CostTotal
    difference: CostDifference
    # Earlier versions stored none.
    candidates: list[CandidateCost] = Field(default=[])


def report_cost(plan: Plan, usage: Usage, costs: Costs) -> RunCost:
    """The cost of a run that reached its end."""
    prices = costs.prices
    trained = plan.custom_model is None
    lines = [_training(plan, usage.started_jobs, costs)] if trained else []
    lines += _curation(plan, usage.curation, costs)
    if plan.serving != ON_DEMAND:
        lines += _throughputs(plan, usage.leases, prices)
    lines += _answers(plan, usage.answers, prices)
    for judge in usage.judges:
        used = TokensUsed(judge.input_tokens, judge.output_tokens)
        in_batch = TokensUsed(judge.batch_input_tokens, judge.batch_output_tokens)
        for tokens, batch in _shared(used, in_batch):
            lines += judging_lines(prices, judge.model_id, tokens, _COUNTED, in_batch=batch)
    if trained:
        lines.append(storage_line(plan, prices, usage.kept_models, "Billed each month until the model is deleted."))
    return compare(costs.estimate, lines, price_source(prices), own=own_prices(plan))


def _curation(plan: Plan, used: Sequence[CurationUse] | None, costs: Costs) -> Iterator[CostLine]:
    """What models were asked about training data; where nobody knows how much, at most about the estimate."""
    if used is not None:
        yield from used_curation_lines(used, costs.prices)
        yield from uncounted_curation(costs.estimate, plan.curation)
        return
    for line in curation_lines_of(costs.estimate).values():
        yield line.model_copy(update={"usd": None, "note": "The replies could not be counted."})


def _throughputs(plan: Plan, leases: Sequence[float | None], prices: Prices) -> Iterator[CostLine]:
    """What was in service by its time, and beside it what was bought and never was: that is unknown, never nothing."""
    known = [seconds for seconds in leases if seconds]
    if known:
        note = f"{leases_text(plan, known)}; whether AWS bills the creation, too, is not documented."
        yield throughput_line(plan, prices, known, note)
    unknown = sum(seconds is None for seconds in leases)
    if unknown:
        counted = f"Throughputs that were bought and whose time in service is not known: {unknown}"
        note = f"{counted}; whether AWS bills the creation is not documented."
        line = throughput_line(plan, prices, [], note)
        yield line.model_copy(update={"id": UNKNOWN_THROUGHPUT, "item": "throughput without a known time", "usd": None})


def _answers(plan: Plan, answers: Mapping[str, AnswerFigures], prices: Prices) -> Iterator[CostLine]:
    used = {arm: TokensUsed(each.input_tokens, sum(drop_unknown(each.output_tokens))) for arm, each in answers.items()}
    for arm in plan.arms:
        if arm in used:
            in_batch = TokensUsed(answers[arm].batch_input_tokens, answers[arm].batch_output_tokens)
            for tokens, batch in _shared(used[arm], in_batch):
                yield from answer_lines(plan, prices, arm, tokens, _COUNTED, in_batch=batch)
    others = [tokens for arm, tokens in used.items() if arm not in plan.arms]
    if others:
        total = TokensUsed(sum(each.input for each in others), sum(each.output for each in others))
        yield from other_candidate_lines(plan, prices, total, _COUNTED)


def _shared(used: TokensUsed, in_batch: TokensUsed) -> Iterator[tuple[TokensUsed, bool]]:
    """The tokens that were used one by one, and those of batch jobs, where there are some; True says which they are."""
    if not any(in_batch):
        yield used, False
        return
    rest = TokensUsed(used.input - in_batch.input, used.output - in_batch.output)
    if any(rest):
        yield rest, False
    yield in_batch, True


def compare(estimate: Estimate, used: Sequence[CostLine], prices: PriceSource, *, own: Sequence[str] = ()) -> RunCost:
    """The cost of an estimate and the lines of what was used."""
    actual = add_up(used)
    return RunCost(
        prices=ReportedPrices(as_of=prices.as_of, source=prices.source, own=list(own)),
        estimate=estimate.total(),
        actual=actual,
        difference=_difference(estimate, actual),
        candidates=estimate.candidates,
    )


def _training(plan: Plan, started_jobs: Sequence[int], costs: Costs) -> CostLine:
    """Each started job's epochs as they were run, or as planned where Bedrock recorded none."""
    planned, epochs = planned_epochs(plan), costs.epochs
    counted = {number: epochs.get(number, planned[number]) for number in sorted(started_jobs)}
    unrecorded = [number for number in counted if number not in epochs]
    note = f"Estimated {token_epochs_text(plan, counted)}, as they were run."
    if unrecorded:
        note = f"{note} No losses were recorded of job {', '.join(map(str, unrecorded))}: counted as planned."
    return training_line(plan, costs.prices, token_epochs(plan, counted), note)


def _difference(estimated: CostTotal, actual: CostTotal) -> CostDifference:
    before = {line.id: line for line in estimated.lines}
    after = {line.id: line for line in actual.lines}
    lines = [_line_difference(before.get(each), after.get(each)) for each in dict.fromkeys([*before, *after])]
    return CostDifference(
        lines=lines,
        known_usd=sum(line.usd for line in lines if line.usd is not None),
        total_usd=_minus(actual.total_usd, estimated.total_usd),
    )


def _line_difference(before: CostLine | None, after: CostLine | None) -> LineDifference:
    (known, *_) = [line for line in (after, before) if line]
    estimated = before.usd if before else 0.0
    used = after.usd if after else 0.0
    return LineDifference(
        id=known.id,
        item=known.item,
        unit=known.unit,
        unit_price_usd=known.unit_price_usd,
        estimated_quantity=before.quantity if before else 0.0,
        actual_quantity=after.quantity if after else 0.0,
        estimated_usd=estimated,
        actual_usd=used,
        usd=_minus(used, estimated),
    )


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def cost_sentence(cost: RunCost, *, simulated: bool) -> str:
    """What a run has cost, for people: what is not known first, where a price is missing."""
    actual, own = cost.actual, cost.prices.own
    theirs = f" and run.json's own of {', '.join(own)}, which no cap and no approval counted with" if own else ""
    known = f"{amount(actual.known_usd)} USD by the prices of {cost.prices.as_of}{theirs}"
    foreseen = f"estimated: {amount(cost.estimate.known_usd)} USD"
    would = " would have" if simulated else ""
    run = "a real run" if simulated else "the run"
    if actual.unknown:
        missing = [f"no price for {'; '.join(actual.unpriced)}"] if actual.unpriced else []
        missing += [f"nobody knows what bills of {'; '.join(actual.uncounted)}"] if actual.uncounted else []
        rest = f"The rest{would} cost {known} ({foreseen}). {unconfirmed_text(actual)}".rstrip()
        return f"What {run}{would} cost is unknown: {', and '.join(missing)}. {rest}"
    return f"{run.capitalize()}{would} cost {known} ({foreseen}). {unconfirmed_text(actual)}".rstrip()
