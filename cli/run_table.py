"""The runs of an environment as a person reads them on the terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from cli.runs import JOB, LeftThing, ListedRun, RunList, sums
from lambdas.domain.core.counted import counted
from lambdas.domain.cost.estimate import amount
from local.terminal import Console


def tell_runs(console: Console, listed: RunList) -> None:
    """A table, newest run first, then what is left and what that costs."""
    if not listed.runs and not listed.unreadable_claims:
        console.write_line(f"The environment {listed.environment} has had no run.")
    elif listed.runs:
        # Ids and models are long: side by side no terminal has room for them.
        table = Table("run, start and model", "outcome", "cost, USD", "left", show_lines=True)
        table.columns[0].no_wrap = True
        for column in table.columns:
            column.overflow = "fold"
        for run in listed.runs:
            table.add_row(*_cells(run))
        console.print(table)
    for uri in listed.unreadable_claims:
        console.write_line(f"Not listed, since it cannot be read as a run's claim: {uri}", "yellow")
    left = listed.everything_left()
    for thing in listed.left_of_no_run:
        console.write_line(f"Of no run in the output bucket: {thing.kind} {thing.arn}", "yellow")
    if left:
        console.write_line(f"Left in all: {'; '.join(price_texts(left))}.", "bold")
        console.write_line("`--json` has each with its ARN. docs/operations.md tells how to delete what stays.")
    else:
        console.write_line("Nothing that costs is left.")


# How a period stands behind a price.
_A = {"month": "a month", "hour": "an hour"}


def _cells(run: ListedRun) -> list[Text]:
    outcome = [run.status, *([run.verdict] if run.verdict else [])]
    if run.gain is not None:
        outcome.append(f"{run.metric} {run.gain:+.1f}")
    if run.error:
        outcome.append(run.error)
    cost = [] if run.cost_usd is None else [amount(run.cost_usd)]
    if run.cost_unknown:
        cost.append(f"{len(run.cost_unknown)} unknown")
    identity = [run.run_id, run.started_at[:16].replace("T", " "), run.model or ""]
    return [Text("\n".join(lines)) for lines in (identity, outcome, cost, price_texts(run.left))]


def price_texts(things: Sequence[LeftThing]) -> list[str]:
    """Each kind that is left: how many, and what they cost."""
    told = []
    for kind, count, usd, per in sums(things):
        what = counted(count, kind)
        if per is None:
            price = "billed for what it trains" if kind == JOB else "not billed by the hour"
        else:
            price = f"{'price unknown' if usd is None else f'{amount(usd)} USD'} {_A[per]}"
        told.append(f"{what}, {price}")
    return told
