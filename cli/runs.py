"""`fine-tune runs`: the runs of an environment, how each has gone, and what it has left that costs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import orjson
from pydantic import Field, ValidationError

from cli.environment import Environment
from cli.known_runs import run_ids
from cli.stored_report import NoReportError, parse_report
from lambdas.adapters.aws.bedrock import Listed
from lambdas.domain.core import run as runs
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import Claim
from lambdas.domain.cost.price_file import Prices, default_prices
from lambdas.domain.report.run_report import RunReport
from lambdas.domain.serving.lease import RUNNING
from lambdas.domain.serving.standing import champion_names
from lambdas.steps.tagged_resources import may_be_ours, tagged_run

# Objects are read side by side: a bucket may hold the runs of years.
READERS = 16

CUSTOM_MODEL, THROUGHPUT, DEPLOYMENT, JOB = "custom model", "throughput", "custom model deployment", "customization job"
Period = Literal["month", "hour"]


class LeftThing(Fact):
    """What exists of a run in Bedrock and what it costs a `per`, null where that is unknown.

    A deployment costs nothing by the hour, a job what it trains: `per` is null.
    """

    kind: str
    arn: str
    usd: float | None
    per: Period | None


class ListedRun(Fact):
    """A run; what is not known, or not yet, is null. `gain` is the tuned model's over the base, in `metric`.

    `cost_usd` leaves out what has no known price: `cost_unknown` names it. `status` is "succeeded", "failed",
    "running", "waiting for approval", that of an execution which has left no report, or "unknown".
    """

    run_id: str
    started_at: str
    status: str
    error: str | None = None
    model: str | None = None
    verdict: str | None = None
    metric: str | None = None
    gain: float | None = None
    cost_usd: float | None = None
    cost_unknown: list[str] = Field(default=[])
    left: list[LeftThing] = Field(default=[])


class RunList(Fact):
    """The runs, newest first, and what Bedrock has of the environment whose runs the output bucket does not know.

    `unreadable_claims` are the URIs of claims that are none: their runs are not listed.
    """

    environment: str
    runs: list[ListedRun]
    left_of_no_run: list[LeftThing]
    unreadable_claims: list[str] = Field(default=[])

    def everything_left(self) -> list[LeftThing]:
        """Of all runs and of none."""
        return [*(thing for run in self.runs for thing in run.left), *self.left_of_no_run]


@dataclass(frozen=True)
class _Found:
    """Something in Bedrock of a run, by its name, or by its tags where the environment serves its champion with it."""

    kind: str
    listed: Listed
    run: str


def list_runs(environment: Environment, model_unit_price_per_hour: float | None) -> RunList:
    """Reads claims and reports, and asks Bedrock what is left. Raises Refused and ServiceBusy."""
    found = [*_found(environment)]
    objects, bucket = environment.adapters.objects, environment.output_bucket
    prices = read_prices(environment)
    with ThreadPoolExecutor(READERS) as readers:
        keys = [runs.claim_key(run_id) for run_id in run_ids(environment)]
        stored = readers.map(lambda key: objects.read(bucket, key), keys)
        read_claims = [(key, _claim(text)) for key, text in zip(keys, stored, strict=True) if text is not None]
        claims = [claim for _, claim in read_claims if claim is not None]
        claims.sort(key=lambda claim: claim.claimed_at, reverse=True)
        listed = [*readers.map(lambda claim: _listed(environment, claim), claims)]
    theirs = {claim.run_id: [one for one in found if one.run == claim.run_id] for claim in claims}

    def price(one: _Found, model: str | None) -> LeftThing:
        return _priced(one, model, prices, model_unit_price_per_hour)

    of_runs = [run.model_copy(update={"left": [price(one, run.model) for one in theirs[run.run_id]]}) for run in listed]
    name, adapters = environment.name, environment.adapters
    others = [one for one in found if one.run not in theirs and may_be_ours(name, one.listed.arn, adapters)]
    return RunList(
        environment=environment.name,
        runs=of_runs,
        left_of_no_run=[price(one, None) for one in others],
        unreadable_claims=[f"s3://{bucket}/{key}" for key, claim in read_claims if claim is None],
    )


def read_prices(environment: Environment) -> Prices:
    """Those of the price file in the input bucket, else the shipped ones."""
    read = environment.adapters.price_file.read_prices(environment.input_bucket)
    return read if isinstance(read, Prices) else default_prices()


def find_run(environment: Environment, claim: Claim, model_unit_price_per_hour: float | None) -> ListedRun:
    """One run as the list has it, with what is left of it. Raises Refused and ServiceBusy."""
    run, prices = _listed(environment, claim), read_prices(environment)
    theirs = [one for one in _found(environment) if one.run == claim.run_id]
    left = [_priced(one, run.model, prices, model_unit_price_per_hour) for one in theirs]
    return run.model_copy(update={"left": left})


def read_claim(environment: Environment, run_id: str) -> Claim | None:
    """The run's claim; None where it has none that can be read."""
    text = environment.adapters.objects.read(environment.output_bucket, runs.claim_key(run_id))
    return None if text is None else _claim(text)


def _claim(text: bytes) -> Claim | None:
    """None of what is no claim: one object that somebody has written hides no other run."""
    try:
        return Claim.model_validate_json(text)
    except ValidationError:
        return None


def _listed(environment: Environment, claim: Claim) -> ListedRun:
    run = ListedRun(run_id=claim.run_id, started_at=claim.claimed_at, status="unknown")
    objects, bucket = environment.adapters.objects, environment.output_bucket
    text = objects.read(bucket, runs.report_key(runs.prefix(claim.run_id)))
    if text is not None:
        try:
            return _reported(run, parse_report(text, runs.report_key(runs.prefix(claim.run_id)), RunReport))
        except NoReportError as error:
            return run.model_copy(update={"error": str(error)})
    changes: dict[str, str | None] = {"status": _status(environment, claim)}
    if checked := objects.read(bucket, f"{runs.prefix(claim.run_id)}dataset/report.json"):
        changes["model"] = _base_model(checked)
    return run.model_copy(update=changes)


def _base_model(checked: bytes) -> str | None:
    """By the data gate's report, as far as it can be read."""
    try:
        found = orjson.loads(checked)
    except orjson.JSONDecodeError:
        return None
    model = found.get("base_model") if isinstance(found, dict) else None
    return model if isinstance(model, str) else None


def _reported(run: ListedRun, report: RunReport) -> ListedRun:
    changes: dict[str, object] = {"status": report.status, "model": report.base_model}
    if report.error:
        changes["error"] = report.error.name
    if report.decision:
        metric = report.decision.metric
        gains = (
            one.difference
            for one in report.comparisons or ()
            if (one.arm, one.against, one.metric) == ("tuned", "base", metric)
        )
        changes |= {"verdict": report.decision.verdict, "metric": metric, "gain": next(gains, None)}
    if report.cost:
        changes |= {"cost_usd": report.cost.actual.known_usd, "cost_unknown": report.cost.actual.unknown}
    return run.model_copy(update=changes)


def _status(environment: Environment, claim: Claim) -> str:
    """Of a run without a report: it goes on, or it has ended before it could write one."""
    execution = environment.adapters.executions.find(claim.execution_arn)
    if execution is None:
        return "unknown"
    if execution.status != RUNNING:
        return execution.status.lower().replace("_", " ")
    request = environment.adapters.approvals.read(environment.output_bucket, claim.run_id)
    return "waiting for approval" if request and request.decision is None else "running"


def _found(environment: Environment) -> Iterator[_Found]:
    adapters = environment.adapters
    listings: Mapping[str, Callable[[], Iterable[Listed]]] = {
        THROUGHPUT: adapters.throughputs.list_all,
        DEPLOYMENT: adapters.deployments.list_all,
        JOB: adapters.bedrock.list_running_jobs,
        CUSTOM_MODEL: adapters.bedrock.list_custom_models,
    }
    for kind, listing in listings.items():
        for listed in listing():
            run = runs.run_of_any_name(environment.name, listed.name)
            if run is None and listed.name in champion_names(environment.name):
                run = tagged_run(environment.name, listed.arn, adapters)
            if run is not None:
                yield _Found(kind, listed, run)


def _priced(one: _Found, model: str | None, prices: Prices, unit_price: float | None) -> LeftThing:
    own = prices.base_models.get(model or "")
    month, hour = (own.storage_per_month, own.model_unit_per_hour) if own else (None, None)
    if one.kind == CUSTOM_MODEL:
        usd, per = month.usd if month else None, "month"
    elif one.kind == THROUGHPUT:
        unit = unit_price if unit_price is not None else hour.usd if hour else None
        usd, per = None if unit is None else unit * (one.listed.model_units or 1), "hour"
    else:
        usd, per = 0.0 if one.kind == DEPLOYMENT else None, None
    return LeftThing.model_validate({"kind": one.kind, "arn": one.listed.arn, "usd": usd, "per": per})


def sums(things: Sequence[LeftThing]) -> Iterator[tuple[str, int, float | None, Period | None]]:
    """Of each kind that is left: how many there are, and what they cost a period, None where a price is unknown."""
    for kind in dict.fromkeys(thing.kind for thing in things):
        alike = [thing for thing in things if thing.kind == kind]
        known = [thing.usd for thing in alike if thing.usd is not None]
        yield kind, len(alike), sum(known) if len(known) == len(alike) else None, alike[0].per
