"""The index of an environment's runs: an entry for each run that has ended, and `runs/index.html` made of them.

Entries are small objects of their own, named so that S3 lists the newest first: a page of the newest needs no look at
the others, and no writer overwrites what another has written of its run.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import Claim, is_run_id
from lambdas.domain.cost.actual import RunCost
from lambdas.domain.cost.lines import STORAGE, THROUGHPUT
from lambdas.domain.report.left_of_runs import LeftOfRun
from lambdas.domain.report.run_report import RunReport

PREFIX = "run-index/"
PAGE_KEY = "runs/index.html"
# How many runs the page shows.
NEWEST = 500
_LAST_MILLISECOND = 9_999_999_999_999


class IndexedRun(Fact):
    """A run that has ended; what is not known is null.

    `gain` is the tuned model's over its base in `metric`. The two last are the prices of what may be left of the run.
    """

    run_id: str
    started_at: str
    status: str
    error: str | None = None
    simulated: bool | None = None
    base_model: str | None = None
    data: str | None = None
    records: int | None = None
    verdict: str | None = None
    metric: str | None = None
    gain: float | None = None
    cost_usd: float | None = None
    cost_unknown: list[str] = Field(default=[])
    storage_usd_per_month: float | None = None
    unit_usd_per_hour: float | None = None


class IndexRow(NamedTuple):
    """A run with what is left of it, in words."""

    run: IndexedRun
    left: Sequence[str]
    page: str | None


def entry_key(claim: Claim) -> str:
    """Where the run's entry is in the output bucket: the later its claim, the earlier in S3's list."""
    moment = int(datetime.fromisoformat(claim.claimed_at).timestamp() * 1000)
    return f"{PREFIX}{_LAST_MILLISECOND - moment:013d}-{claim.run_id}.json"


def run_of_entry(key: str) -> str | None:
    """The id of the run that has its entry there; None where the key is no entry's."""
    run = key.removeprefix(PREFIX).partition("-")[2].removesuffix(".json")
    return run if is_run_id(run) else None


def index_run(claim: Claim, status: str, report: RunReport | None, data: str | None) -> IndexedRun:
    """The entry of a run; `status` is that of its execution, and `data` the key of its data set."""
    run = IndexedRun(run_id=claim.run_id, started_at=claim.claimed_at, status=status, data=data)
    if report is None:
        return run
    counts = (report.dataset.train, report.dataset.validation, report.dataset.test)
    decision = report.decision
    gains = (
        one.difference
        for one in report.comparisons or ()
        if decision and (one.arm, one.against, one.metric) == ("tuned", "base", decision.metric)
    )
    return run.model_copy(
        update={
            "status": report.status,
            "error": report.error.name if report.error else None,
            "simulated": report.simulated,
            "base_model": report.base_model,
            "records": None if None in counts else sum(count or 0 for count in counts),
            "verdict": decision.verdict if decision else None,
            "metric": decision.metric if decision else None,
            "gain": next(gains, None),
            "cost_usd": report.cost.actual.known_usd if report.cost else None,
            "cost_unknown": report.cost.actual.unknown if report.cost else [],
            "storage_usd_per_month": _unit_price(report.cost, STORAGE),
            "unit_usd_per_hour": _unit_price(report.cost, THROUGHPUT),
        }
    )


def _unit_price(cost: RunCost | None, line_id: str) -> float | None:
    lines = [*cost.actual.lines, *cost.estimate.lines] if cost else []
    return next((line.unit_price_usd for line in lines if line.id == line_id), None)


def render_index(
    environment: str,
    runs: Sequence[IndexedRun],
    left: Iterable[LeftOfRun],
    written_at: str,
    *,
    all_shown: bool,
    served: str = "",
) -> str:
    """The page of the runs, newest first; `served` marks what is served, for whoever compares the page later."""
    # The template engine costs a cold start: only a run's end pays for it.
    from lambdas.domain.report.templates import environment as templates  # noqa: PLC0415

    of_run: dict[str, list[LeftOfRun]] = {}
    for thing in left:
        of_run.setdefault(thing.run_id, []).append(thing)
    rows = [IndexRow(run, _describe_left(run, of_run.get(run.run_id, [])), _page(run)) for run in runs]
    known = [run.cost_usd for run in runs if run.cost_usd is not None]
    unknown = sum(run.cost_usd is None or bool(run.cost_unknown) for run in runs)
    months = [
        run.storage_usd_per_month for run in runs for one in of_run.get(run.run_id, []) if one.kind == "custom model"
    ]
    return (
        templates()
        .get_template("run_index.html.j2")
        .render(
            environment=environment,
            rows=rows,
            newest=NEWEST,
            all_shown=all_shown,
            written_at=written_at,
            served=served,
            known_usd=sum(known),
            runs_of_unknown_cost=unknown,
            models=len(months),
            month_usd=None if None in months else sum(usd or 0.0 for usd in months),
            hourly=sum(one.kind == "throughput" for things in of_run.values() for one in things),
        )
    )


def _page(run: IndexedRun) -> str | None:
    """What to open of the run, beside the page: only a run that has reached its end has a report for people."""
    return f"{run.run_id}/report.html" if run.status == "succeeded" else None


def _describe_left(run: IndexedRun, things: Sequence[LeftOfRun]) -> list[str]:
    texts = []
    for thing in things:
        if thing.kind == "custom model":
            price = _priced(run.storage_usd_per_month, "a month")
        elif thing.kind == "throughput":
            unit = run.unit_usd_per_hour
            price = _priced(None if unit is None else unit * (thing.model_units or 1), "an hour")
        else:
            price = "nothing by the hour" if thing.kind == "custom model deployment" else "what it trains"
        texts.append(f"{thing.kind}, {price}")
    return texts


def _priced(usd: float | None, period: str) -> str:
    return f"{'price unknown' if usd is None else f'{usd:,.2f} USD'} {period}"
