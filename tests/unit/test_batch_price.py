"""What tokens cost in a batch job."""

import pytest

from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.batch_price import batch_price
from lambdas.domain.cost.price_file import Prices, SourcedTokenPrice, default_prices, parse_prices

HAIKU, SONNET_5 = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "us.anthropic.claude-sonnet-5"


def prices(model_id: str, price: SourcedTokenPrice | None) -> Prices:
    own = default_prices()
    return own.model_copy(update={"foundation_models": {**own.foundation_models, model_id: price}})


@pytest.mark.assumption("batch-costs-half")
def test_a_token_costs_half_of_its_price_on_demand() -> None:
    found = batch_price(prices(HAIKU, SourcedTokenPrice(input=1, output=4, source="s", confirmed=False)), HAIKU)
    assert found == SourcedTokenPrice(input=0.5, output=2, source="s", confirmed=False)


def test_a_price_of_the_file_wins() -> None:
    own = SourcedTokenPrice(input=1, output=4, batch=TokenPrice(input=0.6, output=2.5))
    assert batch_price(prices(HAIKU, own), HAIKU) == SourcedTokenPrice(input=0.6, output=2.5)


def test_what_is_not_known_is_not_guessed() -> None:
    assert batch_price(prices(HAIKU, None), HAIKU) is None
    assert batch_price(prices(SONNET_5, SourcedTokenPrice(input=1, output=4)), SONNET_5) is None


def test_a_price_file_keeps_its_prices_of_batch_jobs() -> None:
    own = SourcedTokenPrice(input=1, output=4, batch=TokenPrice(input=0.6, output=2.5))
    found = parse_prices(prices(HAIKU, own).model_dump_json().encode())
    assert isinstance(found, Prices)
    assert found.foundation_models[HAIKU] == own
