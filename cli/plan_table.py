"""A run's plan as a table: each candidate with what its training and its serving are estimated to cost."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from lambdas.domain.cost.by_candidate import CandidateCost, beside_candidates, curation_usd, sum_known
from lambdas.domain.cost.estimate import Estimate
from lambdas.domain.cost.lines import CURATION_PREFIX, training_factor_text
from local.terminal import Console


def tell_plan(console: Console, estimate: Estimate) -> None:
    """The table and how much the candidates train on; nothing where an earlier version made the estimate."""
    if not estimate.candidates:
        return
    table = Table(
        "candidate",
        "records",
        "hyperparameters",
        "training",
        "serving",
        "total",
        title="The plan, in USD",
        pad_edge=False,
    )
    # Names of hyperparameters are words, which a narrow terminal must not cut.
    table.columns[2].no_wrap = True
    for column in table.columns[3:]:
        column.justify, column.no_wrap = "right", True
    chosen = "the model" if len(estimate.candidates) == 1 else "the chosen one, besides"
    has_data = any(row.data != "original" for row in estimate.candidates)
    for row in estimate.candidates:
        table.add_row(*_cells(row, chosen, has_data=has_data))
    table.add_section()
    if any(line.id.startswith(CURATION_PREFIX) for line in estimate.lines):
        table.add_row("cleaning, synthesis", "", "", "", "", _usd(curation_usd(estimate.lines)))
    table.add_row("other models, judges, storage", "", "", "", "", _usd(beside_candidates(estimate.lines)))
    table.add_section()
    training, serving = (
        _sum(getattr(row, part) for row in estimate.candidates) for part in ("training_usd", "serving_usd")
    )
    table.add_row("all", "", "", training, serving, _usd(estimate.total_usd), style="bold")
    console.print(table)
    factor = training_factor_text(estimate.training_factor)
    if factor:
        console.write_line(factor)


def _cells(row: CandidateCost, chosen: str, *, has_data: bool) -> list[Text]:
    values = "\n".join(f"{name} {value}" for name, value in row.hyperparameters.items())
    number = chosen if row.candidate is None else str(row.candidate)
    if has_data and row.candidate is not None:
        # A column of its own would not fit on 80 columns.
        values = f"data {row.data}\n{values}"
    cells = [
        number,
        "" if row.records is None else f"{row.records:,}",
        values,
        "" if row.candidate is None else _usd(row.training_usd),
        _usd(row.serving_usd) if row.served else "none",
        _sum((row.training_usd, row.serving_usd)),
    ]
    return [Text(cell) for cell in cells]


def _sum(parts: Iterable[float | None]) -> str:
    return _usd(sum_known(parts))


def _usd(usd: float | None) -> str:
    if usd is None:
        return "unknown"
    return "< 0.01" if 0 < usd < 0.01 else f"{usd:,.2f}"
