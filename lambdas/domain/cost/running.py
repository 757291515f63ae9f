"""What a tuned model costs in use: by the month, for each 1,000 answers, and from how many answers on that is cheaper.

The training is not in it: it is paid once. No price is guessed: where one is unknown, so is what follows from it.
"""

from collections.abc import Collection, Mapping
from math import ceil
from typing import NamedTuple

from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.answer_prices import answer_prices
from lambdas.domain.cost.estimate import amount
from lambdas.domain.cost.lines import SECONDS_PER_HOUR, model_units_text
from lambdas.domain.cost.price_file import Prices, UnitPrice
from lambdas.domain.evaluation.answer_figures import AnswerFigures, answering_seconds
from lambdas.domain.evaluation.arms import TUNED
from lambdas.domain.plan.plan import Plan
from lambdas.domain.serving.kinds import ON_DEMAND

# As AWS's pricing calculator counts.
HOURS_PER_MONTH = 730


class BreakEven(Fact):
    """From how many answers a month the tuned model is cheaper than a model that nobody tuned.

    Null where it never is, or where that is not known; `sentence` says which.
    """

    against: str
    usd_per_1000: float | None
    answers_per_month: int | None
    sentence: str


class RunningCost(Fact):
    """The tuned model in use: `usd_per_month` and `usd_per_1000` answers besides; null where unknown."""

    usd_per_month: float | None
    usd_per_1000: float | None
    break_even: list[BreakEven]


class _Served(NamedTuple):
    """The tuned model's prices as the run served it: what the month's is for, and what of them is `unknown`.

    `most` is how many answers a throughput gives in a month at the pace of this run; None on demand.
    """

    month: float | None
    per_1000: float | None
    bought: str
    unknown: list[str]
    most: float | None = None


def running_cost(
    plan: Plan, answers: Mapping[str, AnswerFigures], prices: Prices, missing: Collection[str] = ()
) -> RunningCost:
    """The running cost of the model as the run served it, compared with all untuned arms that are not `missing`."""
    per_1000 = answer_prices(plan, answers, prices)
    storage = prices.base_models[plan.base_model].storage_per_month
    own = (
        _on_demand(storage, per_1000[TUNED]) if plan.serving == ON_DEMAND else _throughput(plan, prices, answers[TUNED])
    )
    others = {name: per_1000[name] for name, arm in plan.arms.items() if arm.model_id and name not in missing}
    return RunningCost(
        usd_per_month=own.month,
        usd_per_1000=own.per_1000,
        break_even=[_break_even(name, price, own) for name, price in others.items()],
    )


def _on_demand(storage: UnitPrice | None, per_1000: float | None) -> _Served:
    prices = {"storage": storage, "the tuned model's tokens": per_1000}
    unknown = [name for name, price in prices.items() if price is None]
    return _Served(storage.usd if storage else None, per_1000, "storage", unknown)


def _throughput(plan: Plan, prices: Prices, answered: AnswerFigures) -> _Served:
    own = prices.base_models[plan.base_model]
    storage, hour = own.storage_per_month, own.model_unit_per_hour
    unknown = [name for name, price in {"storage": storage, "a model unit": hour}.items() if price is None]
    month = storage.usd + hour.usd * plan.model_units * HOURS_PER_MONTH if storage and hour else None
    bought = f"{model_units_text(plan)} for {HOURS_PER_MONTH} hours, and storage"
    seconds = answering_seconds([answered])
    most = answered.answers / seconds * SECONDS_PER_HOUR * HOURS_PER_MONTH if seconds else None
    return _Served(month, 0.0, bought, unknown, most)


def _break_even(against: str, theirs: float | None, own: _Served) -> BreakEven:
    number = None
    if theirs is None or own.month is None or own.per_1000 is None:
        unknown = [*own.unknown, *([] if theirs is not None else [f"the tokens of {against}"])]
        sentence = (
            f"Whether the tuned model is ever cheaper than {against} is unknown: there is no price of "
            f"{' and of '.join(unknown)}."
        )
    elif theirs <= own.per_1000:
        sentence = (
            f"The tuned model is never cheaper than {against}: 1,000 answers cost {_exact(own.per_1000)} USD and "
            f"{_exact(theirs)} USD."
        )
    else:
        number = ceil(1000 * own.month / (theirs - own.per_1000))
        sentence = (
            f"The tuned model is cheaper than {against} from about {number:,} answers a month: it costs "
            f"{amount(own.month)} USD a month ({own.bought}) and {_exact(own.per_1000)} USD for 1,000 answers, "
            f"{against} {_exact(theirs)} USD."
        )
        if own.most is not None and number > own.most:
            sentence += (
                f" At the pace of this run the throughput gives only {own.most:,.0f} answers a month: ask more at a "
                "time, or take it that the tuned model is not cheaper."
            )
    return BreakEven(against=against, usd_per_1000=theirs, answers_per_month=number, sentence=sentence)


def _exact(usd: float) -> str:
    """The price of 1,000 answers: some are parts of a cent."""
    return f"{usd:,.4f}".rstrip("0").rstrip(".")
