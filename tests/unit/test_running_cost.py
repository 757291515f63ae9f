"""What answers cost, and from how many a month the tuned model is cheaper."""

import pytest

from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.price_file import Prices, UnitPrice, default_prices
from lambdas.domain.cost.running import BreakEven, running_cost
from lambdas.domain.evaluation.answer_figures import AnswerFigures, count_figures
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.arm_figures import summarise_arm
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from tests.answer_lines import make_answer
from tests.unit.reports import arm_figures, succeeded_report
from tests.unit.run_states import make_plan

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
ARMS = {"tuned": {"model_id": None}, "base": {"model_id": "base-model"}}


def prices(base: float | None = 0.004, tuned: float | None = 0.001, storage: float | None = 2.0) -> Prices:
    """Prices per 1,000 tokens, in and out alike; a model unit costs 1 USD an hour."""

    def tokens(usd: float | None) -> TokenPrice | None:
        return None if usd is None else TokenPrice(input=usd, output=usd)

    known = default_prices()
    own = known.base_models[HAIKU].model_copy(
        update={
            "storage_per_month": None if storage is None else UnitPrice(usd=storage),
            "model_unit_per_hour": UnitPrice(usd=1.0),
            "on_demand": tokens(tuned),
        }
    )
    models = {**known.foundation_models, "base-model": tokens(base)}
    return known.model_copy(update={"base_models": {**known.base_models, HAIKU: own}, "foundation_models": models})


def answers(tokens: int) -> AnswerFigures:
    """Ten answers of so many input and as many output tokens, in 4 minutes."""
    return count_figures(make_answer(index, input_tokens=tokens, output_tokens=tokens) for index in range(10))


def found(given: Prices, serving: str = "on_demand", base_tokens: int = 100) -> BreakEven:
    """The break-even against the base, whose answers have 100 tokens as the tuned model's have."""
    plan = Plan.parse(make_plan(arms=ARMS, base_model=HAIKU, serving=serving))
    [one] = running_cost(plan, {"tuned": answers(100), "base": answers(base_tokens)}, given).break_even
    assert one.against == "base"
    return one


def test_on_demand_the_storage_is_earned_by_cheaper_answers() -> None:
    """200 tokens at 0.001 instead of 0.004 USD save 0.60 USD on 1,000 answers, so that 3,334 pay 2 USD of storage."""
    one = found(prices())
    assert one.usd_per_1000 == pytest.approx(0.8)
    assert one.answers_per_month == 3334
    assert "cheaper than base from about 3,334 answers a month" in one.sentence
    assert "2.00 USD a month (storage) and 0.2 USD for 1,000 answers, base 0.8 USD" in one.sentence


def test_a_throughput_is_paid_by_the_hour_and_its_pace_is_limited() -> None:
    """732 USD a month against 0.0008 an answer; ten answers in 240 s are 109,500 a month."""
    one = found(prices(), "provisioned_throughput")
    assert one.answers_per_month == 915_000
    assert "1 model unit for 730 hours, and storage" in one.sentence
    assert "only 109,500 answers a month" in one.sentence
    assert "At the pace" not in found(prices(), "provisioned_throughput", base_tokens=10_000).sentence


def test_a_tuned_model_that_is_never_cheaper_is_called_so() -> None:
    """Its answers cost as much or more, so that no number of them pays for its storage."""
    one = found(prices(tuned=0.004))
    assert one.answers_per_month is None
    assert "never cheaper than base: 1,000 answers cost 0.8 USD and 0.8 USD" in one.sentence


@pytest.mark.parametrize(
    ("given", "serving", "missing"),
    [
        (prices(base=None), "on_demand", "the tokens of base"),
        (prices(tuned=None), "on_demand", "the tuned model's tokens"),
        (prices(storage=None), "on_demand", "storage"),
        (prices(storage=None, base=None), "provisioned_throughput", "no price of storage and of the tokens of base"),
    ],
)
def test_an_unknown_price_is_said_to_be_unknown(given: Prices, serving: str, missing: str) -> None:
    """A price that nobody knows is never counted as nothing."""
    one = found(given, serving)
    assert one.answers_per_month is None
    assert "unknown" in one.sentence
    assert missing in one.sentence


def test_an_arm_that_did_not_answer_has_no_break_even() -> None:
    """Of its few answers nobody knows what they cost."""
    plan = Plan.parse(make_plan(arms=ARMS, base_model=HAIKU, serving="on_demand"))
    assert not running_cost(plan, {"tuned": answers(100), "base": answers(1)}, prices(), {"base"}).break_even


@pytest.mark.parametrize(("price", "right", "each"), [(3.0, 6, 0.005), (3.0, 0, None), (None, 6, None), (0.0, 6, 0.0)])
def test_a_right_answer_costs_what_all_answers_cost_over_the_right_ones(
    price: float | None, right: int, each: float | None
) -> None:
    """A cheap model that is seldom right is dear."""
    arm = summarise_arm(answers(100), {}, model_id="model", price_per_1000=price, right=right)
    assert (arm.right, arm.price_per_right) == (right, None if each is None else pytest.approx(each))
    assert summarise_arm(answers(100), {}, model_id="model", right=right, missing="No access.").right is None


def test_the_page_tells_what_answers_cost_or_that_it_is_unknown() -> None:
    """Null in report.json is a word on the page."""
    sentence = "The tuned model is cheaper than <base> from about 3,334 answers a month."
    one = BreakEven(against="base", usd_per_1000=0.8, answers_per_month=3334, sentence=sentence)
    arms = {
        "tuned": arm_figures(price_per_1000=0.2, right=1, price_per_right=0.0002),
        "base": arm_figures(price_per_1000=None, right=0),
    }
    cost = {"usd_per_month": 2.0, "usd_per_1000": 0.2, "break_even": [one]}
    page = render_page(succeeded_report(arms=arms, running_cost=cost), Materials({}, {}, None))
    told = page.partition("<h3>What answers cost</h3>")[2].partition("<h2>")[0]
    for words in ("0.2000", "0.000200", "1 of 1", "unknown", "none is right", "cheaper than &lt;base&gt; from about"):
        assert words in told
    assert "is unknown: no prices could be read" in render_page(succeeded_report(), Materials({}, {}, None))
