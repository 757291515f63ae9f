"""What a run will cost, line by line, from its plan and a price file: docs/cost.md has the formulas.

An unknown price makes its line's and the total's USD unknown: it never counts as 0.
"""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from pydantic import BaseModel, ConfigDict

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.price_file import CHECK, FILE_NAME, Prices
from lambdas.domain.dataset.tokens import USUAL_CHARACTERS_PER_TOKEN
from lambdas.domain.dataset.tokens import estimate as estimate_tokens
from lambdas.domain.evaluation.arms import Arm, Arms
from lambdas.domain.evaluation.judging.pairwise import ORDERS, prompt_characters
from lambdas.domain.serving.kinds import ON_DEMAND

CAP_CHECK = "cost-cap"
TRAINING_ITEM, THROUGHPUT_ITEM, STORAGE_ITEM = "training", "throughput", "custom model storage, first month"

# Creating a throughput takes 20 to 30 minutes (AWS's own notebook on Claude 3 Haiku); whether AWS bills that time is
# not documented, so the estimate does.
CREATION_SECONDS = 30 * 60
# Ten shards at a time, and up to ten seconds an answer.
ANSWERS_PER_SECOND = 1
# Untuned models answer at more length than the references: 34 tokens against a tuned model's 22 on TAT-QA.
BASELINE_OUTPUT_FACTOR = 2
# A reason of at most four sentences, and the judgement.
JUDGEMENT_TOKENS = 150
SECONDS_PER_HOUR = 3600

_ESTIMATED = f"at {USUAL_CHARACTERS_PER_TOKEN} characters a token"


class Line(BaseModel):
    """One thing that costs money; `usd` is the quantity times the unit price, null where the price is unknown.

    `price` is the place of the unit price in the price file; `note` says how the quantity came about.
    """

    model_config = ConfigDict(frozen=True)

    item: str
    quantity: float
    unit: str
    unit_price_usd: float | None
    usd: float | None
    price: str
    note: str


class PriceSource(BaseModel):
    """Where the prices are from."""

    as_of: str
    source: str


class Estimate(BaseModel):
    """What a run costs, or has cost.

    `total_usd` is null where a price is unknown; `known_usd` is the sum of the known lines.
    """

    lines: list[Line]
    known_usd: float
    total_usd: float | None
    unknown: list[str]
    prices: PriceSource

    def short_form(self) -> dict[str, Any]:
        """What the run's state keeps of it; the price of a model unit is for the message of a failed deletion."""
        return {
            "known_usd": self.known_usd,
            "total_usd": self.total_usd,
            "unknown": self.unknown,
            "model_unit_price_per_hour": self.model_unit_price_per_hour(),
        }

    def model_unit_price_per_hour(self) -> float | None:
        """Null where it is not known, and where the run was to be served on demand."""
        return next((line.unit_price_usd for line in self.lines if line.item == THROUGHPUT_ITEM), None)


def deployment_prices(prices: Prices, plan: Mapping[str, Any], model_unit_price_per_hour: float | None) -> Prices:
    """The prices that a cap and an approval count with: the file's and the deployment's, whatever run.json says."""
    return prices.replaced({}, plan["base_model"], model_unit_price_per_hour)


def reported_prices(prices: Prices, plan: Mapping[str, Any], model_unit_price_per_hour: float | None) -> Prices:
    """The prices that a run's report shows: run.json's own, too, replace those of the file."""
    own = {
        model_id: TokenPrice.model_validate(price) for model_id, price in plan["evaluation"].get("prices", {}).items()
    }
    return prices.replaced(own, plan["base_model"], model_unit_price_per_hour)


def own_prices(plan: Mapping[str, Any]) -> list[str]:
    """The models that the run asks at prices of its own run.json."""
    asked = {arm["model_id"] for arm in plan["arms"].values()} | set(plan["evaluation"].get("judges", ()))
    return sorted(asked & set(plan["evaluation"].get("prices", ())))


def estimate(plan: Mapping[str, Any], prices: Prices) -> Estimate:
    """What a run costs by its plan (`$.plan`, with the token counts that ValidateDataset put there)."""
    kept = "Billed each month until the model is deleted; models that nobody chose or keeps are deleted in the run."
    lines = [
        _training(plan, prices),
        *_answers(plan, prices),
        *_judging(plan, prices),
        storage_line(prices, plan["base_model"], _models_kept(plan), kept),
    ]
    return summed(lines, price_source(prices))


def price_source(prices: Prices) -> PriceSource:
    """Date and source of a price file."""
    return PriceSource(as_of=prices.as_of.isoformat(), source=prices.source)


def summed(lines: list[Line], prices: PriceSource) -> Estimate:
    """Lines with their totals."""
    known = sum(line.usd for line in lines if line.usd is not None)
    unknown = [line.item for line in lines if line.usd is None]
    return Estimate(
        lines=lines,
        known_usd=known,
        total_usd=None if unknown else known,
        unknown=unknown,
        prices=prices,
    )


def cost_line(item: str, quantity: float, unit: str, unit_price: float | None, price: str, note: str) -> Line:
    """A line with its product."""
    usd = None if unit_price is None else quantity * unit_price
    return Line(item=item, quantity=quantity, unit=unit, unit_price_usd=unit_price, usd=usd, price=price, note=note)


def token_lines(
    item: str, tokens: tuple[float, float], price: TokenPrice | None, place: str, notes: tuple[str, str]
) -> list[Line]:
    """The two lines of questions and answers: input and output tokens, each with its price and its note."""
    prices = (price.input, price.output) if price else (None, None)
    return [
        cost_line(f"{item}, {name}", count / 1000, "1,000 tokens", unit_price, place, note)
        for name, count, unit_price, note in zip(("input", "output"), tokens, prices, notes, strict=True)
    ]


def training_line(plan: Mapping[str, Any], prices: Prices, token_epochs: float, note: str) -> Line:
    """Training: tokens times epochs, over all jobs."""
    model = plan["base_model"]
    return cost_line(
        TRAINING_ITEM,
        token_epochs / 1000,
        "1,000 tokens",
        prices.base_models[model].training_per_1000_tokens,
        f"/base_models/{model}/training_per_1000_tokens",
        note,
    )


def throughput_line(plan: Mapping[str, Any], prices: Prices, seconds: float, note: str) -> Line:
    """A throughput's time in steps of the billing, a begun one as a whole, times model units."""
    model, step = plan["base_model"], prices.throughput_billing_seconds
    hours = ceil(seconds / step) * step / SECONDS_PER_HOUR
    return cost_line(
        THROUGHPUT_ITEM,
        hours * plan["model_units"],
        "model unit-hour",
        prices.base_models[model].model_unit_per_hour,
        f"/base_models/{model}/model_unit_per_hour",
        note,
    )


def storage_line(prices: Prices, model: str, kept: int, note: str) -> Line:
    """The first month of the custom models that are kept of a base model."""
    return cost_line(
        STORAGE_ITEM,
        kept,
        "model",
        prices.base_models[model].storage_per_month,
        f"/base_models/{model}/storage_per_month",
        note,
    )


def answer_lines(
    plan: Mapping[str, Any], prices: Prices, name: str, tokens: tuple[float, float], notes: tuple[str, str]
) -> list[Line]:
    """An arm's answers by their tokens; none for a tuned arm that a throughput serves, whose time is billed."""
    model_id = Arm.model_validate(plan["arms"][name]).model_id
    if model_id is not None:
        price, place = prices.foundation_models.get(model_id), f"/foundation_models/{model_id}"
    elif plan["serving"] == ON_DEMAND:
        price, place = prices.base_models[plan["base_model"]].on_demand, f"/base_models/{plan['base_model']}/on_demand"
    else:
        return []
    return token_lines(f"answers of {name}", tokens, price, place, notes)


def judging_lines(judge: str, tokens: tuple[float, float], prices: Prices, notes: tuple[str, str]) -> list[Line]:
    """A judge's questions and judgements by their tokens."""
    price = prices.foundation_models.get(judge)
    return token_lines(f"judging by {judge}", tokens, price, f"/foundation_models/{judge}", notes)


def units(plan: Mapping[str, Any]) -> str:
    """The model units of a run's throughput, in words."""
    return f"{plan['model_units']} model unit{'' if plan['model_units'] == 1 else 's'}"


def candidate_epochs(plan: Mapping[str, Any]) -> dict[int, int]:
    """The epochs that are planned for each of the run's jobs, by the candidate's number."""
    return {
        candidate["number"]: int(float(candidate["hyperparameters"].get("epochCount", 1)))
        for candidate in plan["candidates"]
    }


def _training(plan: Mapping[str, Any], prices: Prices) -> Line:
    tokens, epochs = plan["tokens"]["train"], candidate_epochs(plan)
    jobs = "" if len(epochs) == 1 else f" of {len(epochs)} jobs"
    stoppable = any("earlyStoppingPatience" in each["hyperparameters"] for each in plan["candidates"])
    early = "; early stopping may end a job earlier" if stoppable else ""
    total = sum(epochs.values())
    note = (
        f"{tokens:,} training tokens {_ESTIMATED} times {total} epoch{'' if total == 1 else 's'}{jobs}{early}; "
        "validation is not billed."
    )
    return training_line(plan, prices, tokens * total, note)


def _models_kept(plan: Mapping[str, Any]) -> int:
    return len(plan["candidates"]) if plan.get("keep_models") else 1


def _answers(plan: Mapping[str, Any], prices: Prices) -> Iterator[Line]:
    """The arms' answers, and the throughput where one serves the tuned arms."""
    arms: Arms = {name: Arm.model_validate(arm) for name, arm in plan["arms"].items()}
    records, tokens = plan["dataset"]["test"]["records"], plan["tokens"]
    tuned = [name for name, arm in arms.items() if arm.model_id is None]
    if plan["serving"] != ON_DEMAND:
        answers = records * len(tuned)
        step_minutes = prices.throughput_billing_seconds / 60
        note = (
            f"{CREATION_SECONDS // 60} minutes of creation, in case they are billed, and {answers} answers at "
            f"{ANSWERS_PER_SECOND} a second; begun steps of {step_minutes:g} minutes count whole; {units(plan)}."
        )
        yield throughput_line(plan, prices, CREATION_SECONDS + answers / ANSWERS_PER_SECOND, note)
    for name, arm in arms.items():
        asked = tokens["test_prompts"] + (records * tokens["examples"] if arm.few_shot else 0)
        factor = 1 if name in tuned else BASELINE_OUTPUT_FACTOR
        most = records * plan["evaluation"]["max_tokens"]
        length = "as long as" if factor == 1 else f"{factor} times as long as"
        notes = (
            f"{records} test prompts{' with their examples' if arm.few_shot else ''} {_ESTIMATED}.",
            f"Answers {length} the references {_ESTIMATED}, at most max_tokens each.",
        )
        yield from answer_lines(plan, prices, name, (asked, min(tokens["test_references"] * factor, most)), notes)


def _judging(plan: Mapping[str, Any], prices: Prices) -> Iterator[Line]:
    """Each judge is asked about each pair in both orders; it reads task, reference and both answers."""
    settings, tokens, records = plan["evaluation"], plan["tokens"], plan["dataset"]["test"]["records"]
    pairs = min(settings.get("judged_pairs", 0), records)
    per_pair = (tokens["test_prompts"] + (2 + BASELINE_OUTPUT_FACTOR) * tokens["test_references"]) / records
    questions = pairs * len(ORDERS)
    asked = questions * (estimate_tokens(prompt_characters()) + per_pair)
    notes = (
        f"{pairs} pairs in {len(ORDERS)} orders: task, reference and both answers {_ESTIMATED}.",
        f"{JUDGEMENT_TOKENS} tokens a judgement.",
    )
    for judge in settings.get("judges", []):
        yield from judging_lines(judge, (asked, questions * JUDGEMENT_TOKENS), prices, notes)


def amount(usd: float) -> str:
    """An amount for people: a little is not nothing."""
    return "less than 0.01" if 0 < usd < 0.01 else f"{usd:,.2f}"


def cost_findings(estimate: Estimate, cap_usd: float | None) -> list[Finding]:
    """What stands in the way of spending: an estimate above the cap, or one that cannot be told from the prices."""
    dear = cap_usd is not None and estimate.known_usd > cap_usd
    findings = [_too_dear(estimate, cap_usd)] if dear and cap_usd is not None else []
    if not estimate.unknown:
        return findings
    places = sorted({line.price for line in estimate.lines if line.usd is None})
    remedy = f"Fill in {', '.join(places)} in {FILE_NAME} at the root of the input bucket (docs/cost.md)"
    unknown = f"The prices of these are not known: {'; '.join(estimate.unknown)}."
    if cap_usd is None:
        message = f"{unknown} The rest is estimated at {amount(estimate.known_usd)} USD."
        return [Finding(check=CHECK, severity="warning", message=message, remedy=f"{remedy} to see what a run costs.")]
    message = f"Whether the run stays below its cap of {cap_usd:.2f} USD cannot be told. {unknown}"
    remedy = f"{remedy}, or run without a cap (max_cost_usd in run.json, max_run_cost_usd of the deployment)."
    return [*findings, Finding(check=CAP_CHECK, severity="error", message=message, remedy=remedy)]


def _too_dear(estimate: Estimate, cap_usd: float) -> Finding:
    largest = max(estimate.lines, key=lambda line: line.usd or 0.0)
    amount = f"{'at least ' if estimate.unknown else ''}{estimate.known_usd:.2f} USD"
    return Finding(
        check=CAP_CHECK,
        severity="error",
        message=f"The run is estimated at {amount}, above its cap of {cap_usd:.2f} USD; most of it is {largest.item}.",
        remedy=(
            "Make the run cheaper (fewer epochs, jobs, model units, models to compare, judges or test records), or "
            "raise the cap: max_cost_usd in run.json, max_run_cost_usd of the deployment; the lower one counts."
        ),
    )
