"""What a thousand answers of an arm cost, in USD: null wherever a price is not known, never a guess."""

from collections.abc import Mapping, Sequence

from lambdas.domain.prices import TokenPrice
from lambdas.domain.responses import Line, answering_seconds

_SECONDS_PER_HOUR = 3600


def on_demand_price(lines: Sequence[Line], price: TokenPrice | None) -> float | None:
    """1,000 answers of a foundation model by its tokens; null without a price or without answers."""
    answers = [line for line in lines if "error" not in line]
    if price is None or not answers:
        return None
    # A price per 1,000 tokens times tokens per answer is the price of 1,000 answers.
    tokens: float = sum(line["input_tokens"] * price.input + line["output_tokens"] * price.output for line in answers)
    return tokens / len(answers)


def throughput_prices(arms: Mapping[str, Sequence[Line]], price_per_hour: float | None) -> dict[str, float | None]:
    """1,000 answers of each arm that the throughput served, at the pace of this run; null where nothing is known.

    The time from the first question to the last answer is shared between the arms by the time their answers took. With
    more questions at a time a throughput gives more answers for the same price.
    """
    seconds = answering_seconds([line for lines in arms.values() for line in lines])
    busy = {arm: sum(line["latency_ms"] for line in lines if "error" not in line) for arm, lines in arms.items()}
    total = sum(busy.values())
    if price_per_hour is None or seconds is None or not total:
        return dict.fromkeys(arms)
    window = price_per_hour * seconds / _SECONDS_PER_HOUR
    return {
        arm: 1000 * window * busy[arm] / total / answers if answers else None
        for arm, lines in arms.items()
        for answers in [sum("error" not in line for line in lines)]
    }
