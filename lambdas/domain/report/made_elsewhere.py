"""Sections of report.json that the room of cost makes."""

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.cost.estimate import Line
from lambdas.domain.report.section import Section


class CostPrices(Section):
    """Date and source of the prices; `own` are the models whose prices are run.json's."""

    as_of: str
    source: str
    own: list[str] = Field(default=[])


class CostLines(Fact):
    """Lines with their totals; `total_usd` is null where a price is unknown."""

    lines: list[Line]
    known_usd: float
    total_usd: float | None
    unknown: list[str]


class CostDifferenceLine(Fact):
    """A line of the costs, estimated and actual."""

    item: str
    unit: str
    unit_price_usd: float | None
    estimated_quantity: float
    actual_quantity: float
    estimated_usd: float | None
    actual_usd: float | None
    usd: float | None


class CostDifference(Fact):
    """Actual minus estimated costs."""

    lines: list[CostDifferenceLine]
    known_usd: float
    total_usd: float | None


class Cost(Fact):
    """What the run was estimated to cost and what it has cost."""

    prices: CostPrices
    estimate: CostLines
    actual: CostLines
    difference: CostDifference
