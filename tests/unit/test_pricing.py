"""What a thousand answers cost."""

import pytest

from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.answer_prices import on_demand_price, throughput_prices
from lambdas.domain.evaluation.answer_figures import count_figures
from lambdas.domain.evaluation.answers import AnswerLine, UnansweredLine
from tests.answer_lines import make_answer

PRICE = TokenPrice(input=0.25, output=1.25)


def line(latency_ms: int = 100, minute: int = 0) -> AnswerLine:
    return make_answer(
        input_tokens=2000,
        output_tokens=40,
        latency_ms=latency_ms,
        asked_at=f"2026-01-21T22:{minute:02}:00.000Z",
        answered_at=f"2026-01-21T22:{minute + 6:02}:00.000Z",
    )


def test_on_demand_answers_cost_their_tokens() -> None:
    """2,000 tokens at 0.25 and 40 at 1.25 per 1,000 are 0.55 an answer; failed questions change nothing."""
    assert on_demand_price(count_figures([line(), line(), UnansweredLine(0, "no")]), PRICE) == pytest.approx(550)


def test_an_unknown_price_is_none_and_not_zero() -> None:
    """A free model would win every comparison of costs."""
    assert on_demand_price(count_figures([line()]), None) is None
    assert on_demand_price(count_figures([UnansweredLine(0, "no")]), PRICE) is None
    assert throughput_prices({"tuned": count_figures([line()])}, None) == {"tuned": None}
    assert throughput_prices({"tuned": count_figures([UnansweredLine(0, "no")])}, 40.0) == {"tuned": None}


def test_the_throughputs_time_is_shared_by_the_arms_that_it_served() -> None:
    """Six minutes at 40 an hour are 4; one arm took three quarters of the time for its two answers."""
    arms = {"tuned": count_figures([line(100)]), "tuned-few-shot-3": count_figures([line(100), line(200)])}
    prices = throughput_prices(arms, 40.0)
    assert prices == {"tuned": pytest.approx(1000), "tuned-few-shot-3": pytest.approx(1500)}
