"""Which model the smoke test tunes: the one whose run can cost the least in the Region, and the most it can cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cli.data_set import files_of, settings_of
from cli.preflight import plan_of
from cli.validate import choose, validate
from lambdas.domain.cost.estimate import Estimate, estimate
from lambdas.domain.cost.lines import STORAGE, THROUGHPUT
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.models.catalogue import BaseModelEntry, catalogue
from lambdas.domain.plan.plan import Plan
from stacks.settings import Settings

# Tokens are estimated by characters: tables of numbers make up to twice as many.
TOKEN_MARGIN = 2


class NoModelError(Exception):
    """No model can be tuned there for a known price; the message says where one can."""


@dataclass(frozen=True)
class PricedModel:
    """A model, and what a run of it costs at the most."""

    model: BaseModelEntry
    most_usd: float


def cheapest(data: Path, region: str, settings: Settings, prices: Prices, today: date) -> PricedModel:
    """The model whose run on the data set can cost the least in the Region. Raises NoModelError."""
    choices = list(_choices(data, region, settings, prices, today))
    if not choices:
        regions = sorted({each for entry in catalogue() for each in entry.customization_regions})
        raise NoModelError(
            f"No model whose prices are known can be tuned in {region}: name another Region, REGION= one of "
            f"{', '.join(regions)}."
        )
    return min(choices, key=lambda choice: choice.most_usd)


def _choices(data: Path, region: str, settings: Settings, prices: Prices, today: date) -> Iterator[PricedModel]:
    for entry in catalogue():
        ended = entry.lifecycle.end_of_life
        if region not in entry.customization_regions or (ended is not None and ended <= today):
            continue
        choices, _ = choose(settings_of(data), base_model=entry.customization_id)
        checked = validate(files_of(data), choices, (), opener=lambda path: path.open("rb"))
        plan = plan_of(checked, settings)
        if plan is not None and (most := most_usd(plan, prices, settings.longest_lease_hours)) is not None:
            yield PricedModel(entry, most)


def most_usd(plan: Plan, prices: Prices, lease_hours: int) -> float | None:
    """What the run costs if each answer is as long as it may be and a throughput lives as long as its lease.

    None where a price is not known.
    """
    longest = plan.dataset.test.records * plan.evaluation.max_tokens
    foreseen: Estimate = estimate(
        plan.model_copy(update={"tokens": plan.tokens.model_copy(update={"test_references": longest})}), prices
    )
    if foreseen.total_usd is None:
        return None
    most = 0.0
    for line in foreseen.lines:
        if line.id == THROUGHPUT:
            most += (line.unit_price_usd or 0) * plan.model_units * lease_hours
        else:
            most += (line.usd or 0) * (1 if line.id == STORAGE else TOKEN_MARGIN)
    return most
