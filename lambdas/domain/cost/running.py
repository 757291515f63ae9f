"""What a tuned model costs in use: by the month, for each 1,000 answers, and from how many answers on that is cheaper.

The training is not in it: it is paid once. No price is guessed: where one is unknown, so is what follows from it.
"""

from collections.abc import Collection, Iterator, Mapping
from math import ceil

from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.answer_prices import answer_prices
from lambdas.domain.cost.estimate import amount
from lambdas.domain.cost.lines import SECONDS_PER_HOUR, model_units_text
from lambdas.domain.cost.price_file import Prices
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


def running_cost(
    plan: Plan, answers: Mapping[str, AnswerFigures], prices: Prices, missing: Collection[str] = ()
) -> RunningCost:
    """The running cost of the model as the run served it, compared with all untuned arms that are not `missing`."""
    own = prices.base_models[plan.base_model]
    by_tokens = answer_prices(plan, answers, prices)
    month = None if own.storage_per_month is None else own.storage_per_month.usd
    per_1000, bought = by_tokens.get(TUNED), "storage"
    if plan.serving != ON_DEMAND:
        hour = own.model_unit_per_hour
        hours = None if hour is None else hour.usd * plan.model_units * HOURS_PER_MONTH
        month = None if month is None or hours is None else month + hours
        per_1000, bought = 0.0, f"{model_units_text(plan)} for {HOURS_PER_MONTH} hours, and storage"
    others = {name: by_tokens[name] for name, arm in plan.arms.items() if arm.model_id and name not in missing}
    most = _most_per_month(answers[TUNED]) if plan.serving != ON_DEMAND else None
    return RunningCost(
        usd_per_month=month,
        usd_per_1000=per_1000,
        break_even=[_break_even(name, price, month, per_1000, bought, most) for name, price in others.items()],
    )


def _most_per_month(figures: AnswerFigures) -> float | None:
    """How many answers a throughput gives in a month at the pace of this run."""
    seconds = answering_seconds([figures])
    return figures.answers / seconds * SECONDS_PER_HOUR * HOURS_PER_MONTH if seconds else None


def _break_even(
    against: str, theirs: float | None, month: float | None, ours: float | None, bought: str, most: float | None
) -> BreakEven:
    known = {"usd_per_1000": theirs, "against": against}
    if theirs is None or month is None or ours is None:
        missing = " and ".join(_unknown(against, theirs, month, ours, bought))
        sentence = f"Whether the tuned model is ever cheaper than {against} is unknown: there is no price of {missing}."
        return BreakEven(**known, answers_per_month=None, sentence=sentence)
    if theirs <= ours:
        sentence = (
            f"The tuned model is never cheaper than {against}: 1,000 answers cost {_exact(ours)} USD and "
            f"{_exact(theirs)} USD."
        )
        return BreakEven(**known, answers_per_month=None, sentence=sentence)
    number = ceil(1000 * month / (theirs - ours))
    sentence = (
        f"The tuned model is cheaper than {against} from about {number:,} answers a month: it costs {amount(month)} "
        f"USD a month ({bought}) and {_exact(ours)} USD for 1,000 answers, {against} {_exact(theirs)} USD."
    )
    if most is not None and number > most:
        sentence += (
            f" At the pace of this run the throughput gives only {most:,.0f} answers a month: ask more at a time, or "
            "take it that the tuned model is not cheaper."
        )
    return BreakEven(**known, answers_per_month=number, sentence=sentence)


def _unknown(against: str, theirs: float | None, month: float | None, ours: float | None, bought: str) -> Iterator[str]:
    if month is None:
        yield bought
    if ours is None:
        yield "the tuned model's tokens"
    if theirs is None:
        yield f"the tokens of {against}"


def _exact(usd: float) -> str:
    """The price of 1,000 answers: some are parts of a cent."""
    return f"{usd:,.4f}".rstrip("0").rstrip(".")
