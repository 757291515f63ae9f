"""`fine-tune serve`: a run's model in service for applications, with its price told before and its end known."""

from dataclasses import dataclass
from time import monotonic, sleep

from cli.environment import Environment
from cli.execution import LONGEST_PAUSE_SECONDS, POLL_SECONDS
from cli.runs import read_prices
from cli.tuned_run import TunedRun, entry_of, find_tuned_run
from lambdas.domain.core.run import LEASE_TAG
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.cost.estimate import amount
from lambdas.domain.evaluation.endpoint import Endpoint
from lambdas.domain.models.catalogue import BaseModelEntry, ServingKind
from lambdas.domain.preflight.quotas import Needs
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED, ServedModel, noun
from lambdas.domain.serving.standing import NotServedError, StandingRequest
from lambdas.domain.training.given_model import ACTIVE
from lambdas.steps.champion_deployments import find_champion_deployments
from lambdas.steps.follow_serving import find_followed
from lambdas.steps.preflight_checks import check_serving_quotas
from lambdas.steps.serve_model import begin_serving, require_not_served, wait_in_service
from stacks.settings import Settings

HOURS_A_DAY = 24
# Tags go into the call that makes something, and show seconds later.
TAGS_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Offer:
    """What is to be bought: `hours` is None where it is kept until somebody ends it, `usd_per_hour` where unknown."""

    tuned: TunedRun
    kind: ServingKind
    hours: int | None
    usd_per_hour: float | None
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What it is, what it costs, and how it ends."""
        if self.kind == ON_DEMAND:
            cost = "It costs nothing by the hour: each question is billed by its tokens."
        elif self.usd_per_hour is None:
            cost = "It bills by the hour, at a price that is not known (`fine-tune prices`)."
        elif self.hours is None:
            day = amount(self.usd_per_hour * HOURS_A_DAY)
            cost = f"It bills {amount(self.usd_per_hour)} USD an hour, {day} USD a day, FOR AS LONG AS IT IS KEPT."
        else:
            total = amount(self.usd_per_hour * self.hours)
            cost = f"It bills {amount(self.usd_per_hour)} USD an hour: {total} USD for {_hours(self.hours)}."
        end = (
            "It is kept until `fine-tune unserve`, or until the environment is destroyed."
            if self.hours is None
            else f"The reconciler deletes it {_hours(self.hours)} after the purchase, whatever happens here."
        )
        return f"The model of run {self.tuned.run_id} as a {noun(self.kind)}. {cost} {end}"


def make_offer(environment: Environment, word: str, settings: Settings, *, hours: int | None, keep: bool) -> Offer:
    """What would serve the model that is meant, checked as far as it can be before anything is bought.

    Raises NotServedError, NoTunedModelError and UnknownRunError.
    """
    if hours is not None and not 1 <= hours <= settings.longest_lease_hours:
        raise NotServedError(
            f"--hours {hours} is no lease: give 1 to {settings.longest_lease_hours} (longest_lease_hours of the "
            "environment). Nothing was bought."
        )
    if hours is not None and keep:
        raise NotServedError("Give --hours or --keep, not both. Nothing was bought.")
    tuned = find_tuned_run(environment, word)
    require_not_served(environment.name, tuned.run_id, tuned.model_arn, environment.adapters)
    entry = entry_of(tuned)
    kind = kind_of(environment, tuned, entry)
    if kind == PROVISIONED and hours is None and not keep:
        raise NotServedError(
            f"{entry.name} is served by throughput, which bills by the hour: say for how long with --hours, 1 to "
            f"{settings.longest_lease_hours}, or --keep. Nothing was bought."
        )
    price = price_of(environment, tuned.base_model, settings) if kind == PROVISIONED else 0.0
    offer = Offer(tuned, kind, hours, price, _require_quotas(environment, entry, kind))
    _require_cap(offer, settings)
    return offer


def kind_of(environment: Environment, tuned: TunedRun, entry: BaseModelEntry) -> ServingKind:
    """On demand where the model can be. Raises NotServedError for one that is gone."""
    found = environment.adapters.bedrock.describe_custom_model(tuned.model_arn)
    if found is None or found.status != ACTIVE:
        state = "no longer exists" if found is None else f"is {found.status}"
        raise NotServedError(
            f"The custom model {tuned.model_arn} of run {tuned.run_id} {state}. Nothing was bought. A new run on the "
            "same data trains another."
        )
    since = entry.on_demand_for_models_customized_after
    is_new_enough = since is None or found.created_at[:10] > since.isoformat()
    return ON_DEMAND if ON_DEMAND in entry.serving and is_new_enough else PROVISIONED


def price_of(environment: Environment, base_model_id: str, settings: Settings) -> float | None:
    """What a model unit costs an hour; None where nobody knows."""
    if settings.model_unit_price_per_hour is not None:
        return settings.model_unit_price_per_hour
    own = read_prices(environment).base_models.get(base_model_id)
    return own.model_unit_per_hour.usd if own and own.model_unit_per_hour else None


def _require_quotas(environment: Environment, entry: BaseModelEntry, kind: ServingKind) -> tuple[str, ...]:
    """What could not be checked. Raises NotServedError where a quota is too small, or used up."""
    needs = Needs(entry, kind, 1, region=environment.account.region)
    findings = [each for check in check_serving_quotas(needs, environment.adapters) for each in check.findings]
    lacking = [f"{each.message} {each.remedy}" for each in findings if each.severity == "error" or each.quota_code]
    if lacking:
        raise NotServedError(f"{' '.join(lacking)} Nothing was bought.")
    return tuple(each.message for each in findings)


def _require_cap(offer: Offer, settings: Settings) -> None:
    cap = settings.max_run_cost_usd
    if offer.kind == ON_DEMAND or cap is None:
        return
    if offer.usd_per_hour is None:
        if not settings.accept_unknown_prices:
            raise NotServedError(
                "The price of a model unit is not known, so that the cap cannot be held (max_run_cost_usd). "
                "Nothing was bought. Give the price: docs/cost.md."
            )
        return
    # What is kept has no sum: one day of it is compared.
    hours = HOURS_A_DAY if offer.hours is None else offer.hours
    if offer.usd_per_hour * hours > cap:
        raise NotServedError(
            f"{_hours(hours)} at {amount(offer.usd_per_hour)} USD are {amount(offer.usd_per_hour * hours)} USD, more "
            f"than the environment's cap of {amount(cap)} USD (max_run_cost_usd). Nothing was bought."
        )


def buy(environment: Environment, offer: Offer, settings: Settings) -> tuple[StandingRequest, str]:
    """Buys what was offered; returns the request and the ARN. Raises NotServedError."""
    request = StandingRequest(
        environment=environment.name,
        run_id=offer.tuned.run_id,
        kind=offer.kind,
        model_arn=offer.tuned.model_arn,
        model_units=1,
        lease_ends_at=None if offer.hours is None else later(now(), offer.hours * 3600),
    )
    bucket, slots = environment.output_bucket, settings.max_throughputs
    return request, begin_serving(request, bucket=bucket, slots=slots, adapters=environment.adapters)


def served_already(environment: Environment, word: str, settings: Settings) -> tuple[Offer, StandingRequest, str]:
    """What somebody has made for the model before, to be followed until it is in service. Raises NotServedError."""
    tuned = find_tuned_run(environment, word)
    found, tags = find_followed(
        environment.name,
        tuned.run_id,
        tuned.model_arn,
        bucket=environment.output_bucket,
        adapters=environment.adapters,
        pause=Pause(TAGS_PATIENCE_SECONDS),
    )
    kind = found.kind
    price = price_of(environment, tuned.base_model, settings) if kind == PROVISIONED else 0.0
    request = StandingRequest(environment.name, tuned.run_id, kind, tuned.model_arn, 1, tags.get(LEASE_TAG))
    return Offer(tuned, kind, None, price), request, found.arn


def wait(environment: Environment, request: StandingRequest, arn: str) -> ServedModel:
    """What serves the model once it is in service; what does not get there is deleted. Raises NotServedError."""
    return wait_in_service(request, arn, bucket=environment.output_bucket, adapters=environment.adapters, pause=Pause())


class Pause:
    """Waits a little longer each time; false once `patience` seconds are over."""

    def __init__(self, patience: float = float("inf")) -> None:
        self._deadline = monotonic() + patience
        self._seconds = POLL_SECONDS

    def __call__(self) -> bool:
        """Whether there was still time to wait."""
        if monotonic() >= self._deadline:
            return False
        sleep(self._seconds)
        self._seconds = min(self._seconds * 1.2, LONGEST_PAUSE_SECONDS)
        return True


def point_endpoint(environment: Environment, tuned: TunedRun, arn: str) -> Endpoint | None:
    """Lets applications call it, where it is still the champion's; returns what they called before.

    None where they are not to call it.
    """
    adapters, name = environment.adapters, environment.name
    endpoint = Endpoint(run_id=tuned.run_id, model_arn=tuned.model_arn, target_arn=arn, **dict(tuned.format))
    while True:
        champion = adapters.champion.read_champion(name)
        if champion is None or champion[0].model_arn != tuned.model_arn:
            return None
        before = adapters.endpoint.read_endpoint(name)
        if adapters.endpoint.replace_endpoint(name, before, endpoint, tuned.report_uri):
            return before or endpoint


def how_it_ends(environment: Environment, request: StandingRequest, usd_per_hour: float | None) -> str:
    """What something costs that may exist, and how it ends."""
    unserve = f"`{environment.command(f'unserve {request.run_id}')}` ends it"
    if request.kind == ON_DEMAND:
        return f"It costs nothing by the hour; {unserve}."
    price = "an unknown price" if usd_per_hour is None else f"{amount(usd_per_hour)} USD"
    if request.lease_ends_at is None:
        return f"It bills {price} an hour until somebody ends it: {unserve}."
    return f"It bills {price} an hour; the reconciler deletes it at {request.lease_ends_at}, {unserve} before."


def how_other_ends(environment: Environment, endpoint: Endpoint) -> str:
    """What becomes of what the endpoint names, or has named, beside what this command is about."""
    own = find_champion_deployments(environment.name, environment.adapters)
    if endpoint.target_arn in {one.arn for one in own}:
        return "The environment serves its champion with it itself; `serve_champion: null` in cdk.json ends that."
    return f"It goes on to exist. `{environment.command(f'unserve {endpoint.run_id}')}` ends it."


def _hours(hours: int) -> str:
    return f"{hours} hour{'' if hours == 1 else 's'}"
