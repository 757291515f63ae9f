"""What a thousand answers of an arm cost, in USD: null wherever a price is not known, never a guess."""

from collections.abc import Mapping

from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.evaluation.answer_figures import AnswerFigures, answering_seconds, drop_unknown
from lambdas.domain.evaluation.arms import needing_throughput
from lambdas.domain.plan.plan import Plan
from lambdas.domain.serving.kinds import ON_DEMAND

_SECONDS_PER_HOUR = 3600


def answer_prices(plan: Plan, answers: Mapping[str, AnswerFigures], prices: Prices) -> dict[str, float | None]:
    """1,000 answers of each arm: by their tokens, or by the time of the throughput that served them.

    Arms that the plan does not have are those of served candidates beside the chosen one.
    """
    own = prices.base_models[plan.base_model]
    models = {name: arm.model_id for name, arm in plan.arms.items()}
    others = {name: figures for name, figures in answers.items() if name not in models}
    by_tokens = {
        name: on_demand_price(answers[name], prices.foundation_models.get(model_id) if model_id else own.on_demand)
        for name, model_id in (models | dict.fromkeys(others)).items()
    }
    if plan.serving == ON_DEMAND:
        return by_tokens
    per_hour = None if own.model_unit_per_hour is None else own.model_unit_per_hour.usd * plan.model_units
    chosen = {name: answers[name] for name in needing_throughput(plan.arms)}
    # Each candidate has a throughput of its own.
    for served in (chosen, *({name: figures} for name, figures in others.items())):
        by_tokens |= throughput_prices(served, per_hour)
    return by_tokens


def on_demand_price(figures: AnswerFigures, price: TokenPrice | None) -> float | None:
    """1,000 answers of a foundation model by its tokens; null without a price or without answers."""
    if price is None or not figures.answers:
        return None
    # A price per 1,000 tokens times tokens per answer is the price of 1,000 answers.
    tokens = figures.input_tokens * price.input + sum(drop_unknown(figures.output_tokens)) * price.output
    return tokens / figures.answers


def throughput_prices(arms: Mapping[str, AnswerFigures], price_per_hour: float | None) -> dict[str, float | None]:
    """1,000 answers of each arm that the throughput served, at the pace of this run; null where nothing is known.

    The time from the first question to the last answer is shared between the arms by the time their answers took. With
    more questions at a time a throughput gives more answers for the same price.
    """
    seconds = answering_seconds(arms.values())
    busy = {arm: sum(drop_unknown(figures.latency_ms)) for arm, figures in arms.items()}
    total = sum(busy.values())
    if price_per_hour is None or seconds is None or not total:
        return dict.fromkeys(arms)
    window = price_per_hour * seconds / _SECONDS_PER_HOUR
    return {
        arm: 1000 * window * busy[arm] / total / figures.answers if figures.answers else None
        for arm, figures in arms.items()
    }
