"""Cost lines: each is a quantity times a unit price of the price file.

An unknown price makes a line's USD unknown: it never counts as 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from pydantic import Field

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.batch_price import batch_price
from lambdas.domain.cost.price_file import Prices, SourcedTokenPrice, UnitPrice
from lambdas.domain.curation.token_use import CurationPart
from lambdas.domain.plan.plan import Plan
from lambdas.domain.serving.kinds import ON_DEMAND

# The ids of the lines that a run has once. Answers and judging have two lines for each arm and each judge, and the
# answers of served candidates beside the chosen one two lines together: before the run nobody knows which these are.
TRAINING, THROUGHPUT, STORAGE = "training", "throughput", "storage"
# Of throughputs that were bought and whose time is not known; no estimate has it.
UNKNOWN_THROUGHPUT = "throughput/unknown"
JUDGING_PREFIX = "judging/"
CURATION_PREFIX = "curation/"
OTHER_CANDIDATES_PREFIX = "answers/candidates/"
SECONDS_PER_HOUR = 3600
# Where the prices of what is trained stand in the price file.
BASE_MODELS = "/base_models/"


class CostLine(Fact):
    """One thing that costs money; `usd` is the quantity times the unit price, null where the price is unknown.

    `id` names the line for programs, `item` for people. `price` is the place of the unit price in the price file, which
    says whether it is `confirmed`; `note` says how the quantity came about.
    """

    id: str
    item: str
    quantity: float
    unit: str
    unit_price_usd: float | None
    usd: float | None
    price: str
    note: str
    confirmed: bool = Field(default=True, exclude_if=lambda confirmed: confirmed)


class TokensUsed(NamedTuple):
    """Input and output tokens."""

    input: float
    output: float


class TokenNotes(NamedTuple):
    """How the input tokens and the output tokens were counted."""

    input: str
    output: str


def answers_prefix(arm: str) -> str:
    """What the ids of an arm's lines start with."""
    return f"answers/{arm}/"


def curation_prefix(part: CurationPart, model: str, *, in_batch: bool = False) -> str:
    """What the ids of a model's lines in a part of the curation start with."""
    return f"{CURATION_PREFIX}{part}/{model}/{'batch/' if in_batch else ''}"


def training_line(plan: Plan, prices: Prices, token_epochs: int, note: str) -> CostLine:
    """Training: tokens times epochs, over all jobs."""
    return _line(
        TRAINING,
        "training",
        token_epochs / 1000,
        "1,000 tokens",
        prices.base_models[plan.base_model].training_per_1000_tokens,
        f"{BASE_MODELS}{plan.base_model}/training_per_1000_tokens",
        note,
    )


def throughput_line(plan: Plan, prices: Prices, leases: Iterable[float], note: str) -> CostLine:
    """The seconds of each candidate's throughput in billing steps, times model units."""
    return _line(
        THROUGHPUT,
        "throughput",
        unit_hours(plan, leases, prices.throughput_billing_seconds),
        "model unit-hour",
        prices.base_models[plan.base_model].model_unit_per_hour,
        f"{BASE_MODELS}{plan.base_model}/model_unit_per_hour",
        note,
    )


def unit_hours(plan: Plan, leases: Iterable[float], step: int) -> float:
    """The model unit-hours of throughputs' times in billing steps of so many seconds; a begun one counts as whole."""
    return sum(ceil(seconds / step) for seconds in leases) * step / SECONDS_PER_HOUR * plan.model_units


def storage_line(plan: Plan, prices: Prices, kept_models: int, note: str) -> CostLine:
    """The first month of the custom models that are kept."""
    return _line(
        STORAGE,
        "custom model storage, first month",
        kept_models,
        "model",
        prices.base_models[plan.base_model].storage_per_month,
        f"{BASE_MODELS}{plan.base_model}/storage_per_month",
        note,
    )


def answer_lines(
    plan: Plan, prices: Prices, arm: str, tokens: TokensUsed, notes: TokenNotes, *, in_batch: bool = False
) -> list[CostLine]:
    """An arm's answers by their tokens, on demand or in a batch job.

    None for a tuned arm that a throughput serves, since its time is billed.
    """
    model_id, prefix, item = plan.arms[arm].model_id, answers_prefix(arm), f"answers of {arm}"
    if model_id is None:
        return _tuned_answer_lines(plan, prices, prefix, item, tokens, notes)
    return _model_lines(prices, model_id, prefix, item, tokens, notes, in_batch=in_batch)


def other_candidate_lines(plan: Plan, prices: Prices, tokens: TokensUsed, notes: TokenNotes) -> list[CostLine]:
    """The answers of all served candidates beside the chosen one; none where throughputs serve them."""
    item = "answers of the other candidates"
    return _tuned_answer_lines(plan, prices, OTHER_CANDIDATES_PREFIX, item, tokens, notes)


def judging_lines(
    prices: Prices, judge: str, tokens: TokensUsed, notes: TokenNotes, *, in_batch: bool = False
) -> list[CostLine]:
    """A judge's questions and judgements by their tokens, on demand or in a batch job."""
    prefix, item = f"{JUDGING_PREFIX}{judge}/", f"judging by {judge}"
    return _model_lines(prices, judge, prefix, item, tokens, notes, in_batch=in_batch)


def curation_lines(
    prices: Prices, part: CurationPart, model: str, tokens: TokensUsed, notes: TokenNotes, *, in_batch: bool = False
) -> list[CostLine]:
    """What a model is asked and says in a part of the curation, by its tokens: on demand, or in batch jobs."""
    item = {"cleaning": "cleaning", "writing": "writing pairs", "checking": "checking pairs"}[part]
    prefix, place = curation_prefix(part, model, in_batch=in_batch), f"/foundation_models/{model}"
    if in_batch:
        return _token_lines(
            prefix, f"{item} in batch jobs by {model}", tokens, batch_price(prices, model), place, notes
        )
    return _token_lines(prefix, f"{item} by {model}", tokens, prices.foundation_models.get(model), place, notes)


def model_units_text(plan: Plan) -> str:
    """The model units of a run's throughput, in words."""
    return f"{counted(plan.model_units, 'model unit')}"


def leases_text(plan: Plan, leases: Sequence[float]) -> str:
    """How long each throughput was in service, and how that is billed, in words."""
    seconds = " + ".join(f"{each:,.0f}" for each in leases)
    return f"In service for {seconds} s, begun billing steps counted whole, times {model_units_text(plan)}"


def planned_epochs(plan: Plan) -> dict[int, int]:
    """The epochs that are planned for each of the run's jobs, by the candidate's number."""
    return {
        candidate.number: int(float(candidate.hyperparameters.get("epochCount", 1))) for candidate in plan.candidates
    }


def token_epochs(plan: Plan, epochs: Mapping[int, int]) -> int:
    """The tokens that jobs train on in so many epochs each, by the candidate's number."""
    return sum(each.training_set.tokens * epochs[each.number] for each in plan.candidates if each.number in epochs)


def token_epochs_text(plan: Plan, epochs: Mapping[int, int]) -> str:
    """The tokens and epochs of each job, in words."""
    factors = ((each.training_set.tokens, epochs[each.number]) for each in plan.candidates if each.number in epochs)
    return f"training tokens x epochs: {' + '.join(f'{tokens:,} x {count}' for tokens, count in factors)}"


def training_factor(plan: Plan) -> float | None:
    """How many times the tokens of the first candidate's job all jobs train on; None where nothing is trained.

    The first candidate trains on the whole set with the recommended values: it is what a run without others would be.
    """
    epochs = planned_epochs(plan)
    one = next((token_epochs(plan, {each.number: epochs[each.number]}) for each in plan.candidates), 0)
    return token_epochs(plan, epochs) / one if one else None


def training_factor_text(factor: float | None) -> str:
    """The factor as a sentence; empty where there is a single candidate."""
    if factor is None or factor == 1:
        return ""
    return f"The candidates train on {factor:.4g} times the tokens of one run."


def _tuned_answer_lines(
    plan: Plan, prices: Prices, prefix: str, item: str, tokens: TokensUsed, notes: TokenNotes
) -> list[CostLine]:
    if plan.serving != ON_DEMAND:
        return []
    price = prices.base_models[plan.base_model].on_demand
    return _token_lines(prefix, item, tokens, price, f"{BASE_MODELS}{plan.base_model}/on_demand", notes)


def _model_lines(
    prices: Prices, model_id: str, prefix: str, item: str, tokens: TokensUsed, notes: TokenNotes, *, in_batch: bool
) -> list[CostLine]:
    place = f"/foundation_models/{model_id}"
    if in_batch:
        price = batch_price(prices, model_id)
        return _token_lines(f"{prefix}batch/", f"{item} in a batch job", tokens, price, place, notes)
    return _token_lines(prefix, item, tokens, prices.foundation_models.get(model_id), place, notes)


def _token_lines(
    prefix: str, item: str, tokens: TokensUsed, price: SourcedTokenPrice | None, place: str, notes: TokenNotes
) -> list[CostLine]:
    unit_prices = (
        (UnitPrice(usd=price.input, confirmed=price.confirmed), UnitPrice(usd=price.output, confirmed=price.confirmed))
        if price
        else (None, None)
    )
    return [
        _line(f"{prefix}{side}", f"{item}, {side}", count / 1000, "1,000 tokens", unit_price, place, note)
        for side, count, unit_price, note in zip(("input", "output"), tokens, unit_prices, notes, strict=True)
    ]


def _line(
    line_id: str, item: str, quantity: float, unit: str, unit_price: UnitPrice | None, price: str, note: str
) -> CostLine:
    return CostLine(
        id=line_id,
        item=item,
        quantity=quantity,
        unit=unit,
        unit_price_usd=unit_price.usd if unit_price else None,
        usd=quantity * unit_price.usd if unit_price else None,
        price=price,
        note=note,
        confirmed=unit_price is None or unit_price.confirmed,
    )
