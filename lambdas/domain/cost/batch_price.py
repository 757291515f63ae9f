"""What a model's tokens cost in a batch job: by the price file, or as a share of their price on demand."""

from lambdas.domain.batch.batch_models import batch_share_of_price
from lambdas.domain.cost.price_file import Prices, SourcedTokenPrice


def batch_price(prices: Prices, model_id: str) -> SourcedTokenPrice | None:
    """The price of 1,000 tokens; None where the model has no known price, or no batch inference."""
    price, share = prices.foundation_models.get(model_id), batch_share_of_price(model_id)
    if price is None or share is None:
        return None
    own = price.batch
    tokens = {"input": own.input, "output": own.output} if own else _shared(price, share)
    return price.model_copy(update={**tokens, "batch": None})


def _shared(price: SourcedTokenPrice, share: float) -> dict[str, float]:
    return {"input": price.input * share, "output": price.output * share}
