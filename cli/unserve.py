"""`fine-tune unserve`: what serves a run's model for applications is ended, and what it has cost is told."""

from collections.abc import Callable, Iterator
from math import ceil

from cli.environment import Environment
from cli.known_runs import execution_of
from cli.runs import read_prices
from cli.serve import Pause, how_other_ends
from lambdas.domain.core.run import prefix, report_key
from lambdas.domain.core.timestamps import now, seconds_between
from lambdas.domain.cost.estimate import amount
from lambdas.domain.serving.kinds import ON_DEMAND, ServedModel
from lambdas.steps.unserve_model import BegunEnd, begin_end, end_serving, find_own_standing, find_settled
from stacks.settings import Settings

# Bedrock refuses the deletion of a throughput that it is still creating, which takes half an hour.
PATIENCE_SECONDS = 3600


def find(environment: Environment, run_id: str) -> list[ServedModel]:
    """What serves the run's model for applications. Raises NotEndedError where it may be somebody else's."""
    return find_own_standing(environment.name, run_id, bucket=environment.output_bucket, adapters=environment.adapters)


def look_again(environment: Environment, run_id: str, tell: Callable[[str], None]) -> list[ServedModel]:
    """What comes of a purchase under way, where nothing serves the model of the run yet; without one it frees the slot.

    Raises UnknownRunError where there is no such run, and NotEndedError.
    """
    if environment.adapters.objects.read(environment.output_bucket, report_key(prefix(run_id))) is None:
        execution_of(environment, run_id)
    pause, told = Pause(PATIENCE_SECONDS), False

    def wait() -> bool:
        nonlocal told
        if not told:
            tell("Somebody has begun to serve it: waiting until it is there, or nothing can come any more.")
        told = True
        return pause()

    return find_settled(
        environment.name, run_id, bucket=environment.output_bucket, adapters=environment.adapters, pause=wait
    )


def begin(environment: Environment, run_id: str, found: list[ServedModel]) -> BegunEnd:
    """Ends the leases, so that the reconciler deletes what this command leaves, and then tells applications."""
    pause = Pause(PATIENCE_SECONDS)
    return begin_end(environment.name, run_id, found, adapters=environment.adapters, pause=pause)


def end(environment: Environment, run_id: str, found: ServedModel) -> None:
    """Deletes it and waits until it is gone. Raises NotEndedError."""
    pause = Pause(PATIENCE_SECONDS)
    end_serving(run_id, found, bucket=environment.output_bucket, adapters=environment.adapters, pause=pause)


def nothing_texts(environment: Environment, run_id: str) -> Iterator[str]:
    """The lines for a model that nothing serves, and what applications still call."""
    endpoint, also = environment.adapters.endpoint.read_endpoint(environment.name), ""
    if endpoint is not None and endpoint.target_arn is not None:
        called = f"Applications call the model of run {endpoint.run_id} by {endpoint.target_arn}."
        yield f"{called} {how_other_ends(environment, endpoint)}"
        also = " else" if endpoint.run_id == run_id else ""
    yield f"Nothing{also} serves the model of run {run_id}: it has ended, or somebody deleted it by hand."


def cost_text(environment: Environment, found: ServedModel, base_model: str | None, settings: Settings) -> str:
    """What it has cost until now, in begun billing steps since it was made."""
    hours = seconds_between(found.created_at, now()) / 3600
    lasted = f"It existed for {hours:.1f} hours"
    if found.kind == ON_DEMAND:
        return f"{lasted}, at no cost beside the tokens of its answers."
    prices = read_prices(environment)
    own = prices.base_models.get(base_model or "")
    hourly = own.model_unit_per_hour.usd if own and own.model_unit_per_hour else None
    price = settings.model_unit_price_per_hour if settings.model_unit_price_per_hour is not None else hourly
    if price is None:
        return f"{lasted}; the price of a model unit is not known."
    steps = ceil(hours * 3600 / prices.throughput_billing_seconds)
    billed = steps * prices.throughput_billing_seconds / 3600
    usd = billed * (found.model_units or 1) * price
    return f"{lasted} and cost about {amount(usd)} USD ({billed:g} h at {amount(price)} USD, begun hours whole)."
