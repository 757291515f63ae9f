"""Makes every check of a run before anything is started: asks AWS for the facts, and lets the domain judge them.

A call that AWS refuses, or is too busy for, gives an `Unknown`: no check hides another.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.adapters.stores.uploaded_files import UploadedFiles
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.timestamps import now
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.cost.estimate import Estimate
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.preflight.callable_models import Asked, callable_models
from lambdas.domain.preflight.checks import Check
from lambdas.domain.preflight.concurrency import room_for_functions
from lambdas.domain.preflight.cost_cap import cost_checks
from lambdas.domain.preflight.custom_model import CUSTOM_MODEL, NOT_NAMED, skip_training, usable
from lambdas.domain.preflight.folder import FILES, files_unchanged
from lambdas.domain.preflight.judges import unrelated_judges
from lambdas.domain.preflight.model import champion_servable, model_checks
from lambdas.domain.preflight.model_access import ModelAvailability, accessible_models
from lambdas.domain.preflight.names import NAMES, names_free
from lambdas.domain.preflight.network import NETWORK, NO_VPC, usable_network
from lambdas.domain.preflight.quotas import (
    DEPLOYMENTS,
    UNITS,
    UNITS_OF_MODEL,
    InUse,
    Needs,
    Quota,
    are_missing,
    quota_checks,
)
from lambdas.domain.preflight.role import (
    KEY,
    PASSED,
    READS,
    TRUST,
    WRITES,
    JobOrigin,
    allowed,
    key_usable,
    trusts_bedrock,
)
from lambdas.domain.preflight.settings import settings_checks
from lambdas.domain.preflight.simulations import (
    PolicySimulation,
    passing,
    reading,
    using_key,
    using_key_for_models,
    writing,
)
from lambdas.domain.preflight.storage import BUCKET_REGION, in_region
from lambdas.domain.preflight.subject import EnvironmentResources, Subject
from lambdas.domain.preflight.subscribers import SUBSCRIBERS, TopicInUse, heard
from lambdas.domain.preflight.time_limit import TIME, enough_time
from lambdas.domain.training.customization import IN_PROGRESS

NO_RUN = "There is no run yet."


def make_checks(subject: Subject, adapters: Adapters) -> tuple[list[Check], Estimate | None]:
    """The outcome of each check, whatever the others find; and what the run will cost, where that is known."""
    checks = [check for group in GROUPS for check in group(subject, adapters)]
    if subject.needs.custom_model is not None:
        checks = skip_training(checks, subject.needs.serving)
    cost, estimated = _cost(subject, adapters)
    return [*checks, *cost], estimated


Answer = TypeVar("Answer")


def _ask(call: Callable[[], Answer]) -> Answer | Unknown:
    """What AWS answers, or why it does not."""
    try:
        return call()
    except ServiceBusy as busy:
        return Unknown(str(busy), busy=True)
    except Refused as refusal:
        return Unknown(str(refusal), busy=False)


def _model(subject: Subject, adapters: Adapters) -> list[Check]:
    entry = base_model(subject.needs.base_model)
    details = _ask(lambda: adapters.foundation_models.describe_model(entry.customization_id))
    today = date.fromisoformat(now()[:10])
    region = adapters.foundation_models.region()
    checks = model_checks(entry, details, region, subject.needs.serving, today)
    return [*checks, champion_servable(entry, serves_champion=subject.serves_champion)]


def _custom_model(subject: Subject, adapters: Adapters) -> list[Check]:
    arn = subject.needs.custom_model
    if arn is None:
        return [Check(CUSTOM_MODEL, skipped=NOT_NAMED)]
    found = _ask(lambda: adapters.bedrock.describe_custom_model(arn))
    known = found is not None and not isinstance(found, Unknown)
    check = usable(
        arn,
        found,
        _ask(lambda: adapters.bedrock.tags_of(arn)) if known else {},
        entry=base_model(subject.needs.base_model),
        region=adapters.foundation_models.region(),
        account=subject.resources.account if subject.resources else None,
        environment=subject.names.environment if subject.names else None,
    )
    return [check]


def _settings(subject: Subject, adapters: Adapters) -> list[Check]:
    return settings_checks(subject.needs.settings_findings)


def _quotas(subject: Subject, adapters: Adapters) -> list[Check]:
    needs = Needs(
        base_model(subject.needs.base_model),
        subject.needs.serving,
        subject.needs.model_units,
        region=adapters.foundation_models.region(),
        jobs=subject.needs.jobs,
        served_at_a_time=min(subject.needs.served, subject.concurrency.max_throughputs),
    )
    listed = read_quotas(needs, adapters)
    in_use = InUse(
        jobs=_ask(lambda: _count_running_jobs(adapters)),
        custom_models=_ask(lambda: len(adapters.bedrock.list_custom_models())),
        model_units=_ask(adapters.quotas.model_units_in_use),
        deployments=_ask(adapters.quotas.deployments_in_use),
    )
    return quota_checks(needs, listed, in_use)


def read_quotas(needs: Needs, adapters: Adapters) -> Sequence[Quota] | Unknown:
    """The quotas that apply to the account; what nobody ever changed may be listed as a default only."""
    listed = _ask(adapters.quotas.list_quotas)
    if isinstance(listed, Unknown) or not are_missing(needs, listed):
        return listed
    defaults = _ask(adapters.quotas.list_default_quotas)
    return listed if isinstance(defaults, Unknown) else [*listed, *defaults]


def check_serving_quotas(needs: Needs, adapters: Adapters) -> list[Check]:
    """The checks of the quotas in which what serves a model counts, for one that is served at once."""
    in_use = InUse(
        jobs=0,
        custom_models=0,
        model_units=_ask(adapters.quotas.model_units_in_use),
        deployments=_ask(adapters.quotas.deployments_in_use),
    )
    checks = quota_checks(needs, read_quotas(needs, adapters), in_use)
    return [each for each in checks if each.check in (UNITS, UNITS_OF_MODEL, DEPLOYMENTS)]


def _count_running_jobs(adapters: Adapters) -> int:
    """Each job is asked for: a list that lags behind shows one that has just ended, for which no run must fail."""
    listed = [adapters.bedrock.find_customization_job(job.arn) for job in adapters.bedrock.list_running_jobs()]
    return sum(job is not None and job.status == IN_PROGRESS for job in listed)


def _time(subject: Subject, adapters: Adapters) -> list[Check]:
    if subject.plan is None:
        return [Check(TIME, skipped="There is no data set to plan with.")]
    return [enough_time(subject.plan, subject.concurrency.max_throughputs, subject.time)]


def _storage(subject: Subject, adapters: Adapters) -> list[Check]:
    resources = subject.resources
    if resources is None:
        return [Check(BUCKET_REGION, skipped=subject.no_stacks)]

    def region_of(bucket: str) -> str | Unknown | None:
        return _ask(lambda: adapters.objects.bucket_region(bucket))

    buckets = (resources.input_bucket, resources.output_bucket)
    return [in_region({bucket: region_of(bucket) for bucket in buckets}, adapters.foundation_models.region())]


def _role(subject: Subject, adapters: Adapters) -> list[Check]:
    resources = subject.resources
    if resources is None:
        return [Check(check, skipped=subject.no_stacks) for check in (TRUST, PASSED, READS, WRITES)]
    role_arn = resources.role_arn
    bedrock = f"arn:{resources.partition}:bedrock:{adapters.foundation_models.region()}:{resources.account}"
    job_arn = f"{bedrock}:model-customization-job/{subject.needs.base_model}/abcdefghijkl"
    origin = JobOrigin(resources.account, job_arn)

    def denied_on_output() -> list[str]:
        return [each for one in writing(resources) for each in adapters.identity.denied(role_arn, *one)]

    return [
        trusts_bedrock(_ask(lambda: adapters.identity.trust_policy(role_arn)), origin),
        _passed(subject, resources, adapters),
        allowed(READS, _ask(lambda: adapters.identity.denied(role_arn, *reading(resources)))),
        allowed(WRITES, _ask(denied_on_output)),
    ]


def _passed(subject: Subject, resources: EnvironmentResources, adapters: Adapters) -> Check:
    if resources.starter_role_arn is None:
        return Check(PASSED, skipped=subject.no_stacks)
    return allowed(PASSED, _ask(lambda: _denied_to_starter(adapters, resources, passing(resources))))


def _key(subject: Subject, adapters: Adapters) -> list[Check]:
    resources = subject.resources
    if resources is None:
        return [Check(KEY, skipped=subject.no_stacks)]
    key_arn = resources.key_arn
    if key_arn is None:
        return [Check(KEY, skipped="The environment has no KMS key of its own.")]
    return [
        key_usable(
            _ask(lambda: adapters.identity.key_state(key_arn)),
            _ask(lambda: _denied_on_key(adapters, resources, key_arn)),
        )
    ]


def _denied_on_key(adapters: Adapters, resources: EnvironmentResources, key_arn: str) -> list[str]:
    """What the role does with the key for data and output, and Bedrock in the name of whoever starts the job."""
    found = adapters.identity.denied(resources.role_arn, *using_key(key_arn))
    for_models = using_key_for_models(key_arn, adapters.foundation_models.region())
    return found + _denied_to_starter(adapters, resources, for_models)


def _denied_to_starter(adapters: Adapters, resources: EnvironmentResources, simulation: PolicySimulation) -> list[str]:
    starter = resources.starter_role_arn
    if starter is None:
        return []
    return [f"{refusal} to {starter.rpartition('/')[2]}" for refusal in adapters.identity.denied(starter, *simulation)]


def _network(subject: Subject, adapters: Adapters) -> list[Check]:
    network = subject.network
    if network is None:
        return [Check(NETWORK, skipped=NO_VPC)]
    return [usable_network(network, _ask(lambda: adapters.networks.find(network)))]


def _access(subject: Subject, adapters: Adapters) -> list[Check]:
    def ask(model: Asked) -> ModelAvailability | Unknown | None:
        return _ask(lambda: adapters.foundation_models.tell_availability(model.model_id))

    answers = {model: ask(model) for model in subject.needs.asked}
    return [accessible_models(answers, adapters.foundation_models.region())]


def _answering(subject: Subject, adapters: Adapters) -> list[Check]:
    def ask(model_id: str) -> Unknown | None:
        return _ask(lambda: adapters.foundation_models.ask_briefly(model_id))

    # At the same time: a model that takes its time for a refusal must not use up the function's.
    with ThreadPoolExecutor(max_workers=max(1, len(subject.needs.asked))) as pool:
        answers = pool.map(ask, [model.model_id for model in subject.needs.asked])
    return [callable_models(dict(zip(subject.needs.asked, answers, strict=True)))]


def _judges(subject: Subject, adapters: Adapters) -> list[Check]:
    return [unrelated_judges(subject.needs)]


def _concurrency(subject: Subject, adapters: Adapters) -> list[Check]:
    return [room_for_functions(subject.concurrency, _ask(adapters.lambda_account.concurrency))]


def _subscribers(subject: Subject, adapters: Adapters) -> list[Check]:
    topics = subject.resources.topics if subject.resources else None
    if topics is None:
        return [Check(SUBSCRIBERS, skipped=subject.no_stacks)]

    def told_by(arn: str, what: str, *, asks: bool = False) -> TopicInUse:
        return TopicInUse(arn, what, _ask(lambda: adapters.topic.subscriptions(arn)), asks)

    results = "results, failures and requests for approval" if subject.needs.needs_approval else "results and failures"
    return [
        heard(
            [
                told_by(topics.results, results, asks=subject.needs.needs_approval),
                told_by(topics.alarms, "alarms, such as of a throughput that bills on"),
            ]
        )
    ]


def _names(subject: Subject, adapters: Adapters) -> list[Check]:
    names = subject.names
    if names is None:
        return [Check(NAMES, skipped=NO_RUN)]
    return [names_free(_ask(lambda: adapters.taken_names.taken(names)))]


def _folder(subject: Subject, adapters: Adapters) -> list[Check]:
    if subject.source is None or subject.plan is None:
        return [Check(FILES, skipped=NO_RUN)]
    files = UploadedFiles(adapters.objects, subject.source)
    return [files_unchanged(files.folder_uri, subject.plan.siblings, _ask(files.siblings), files.file_name)]


# Each asks AWS for what its checks need, and for no more.
GROUPS: tuple[Callable[[Subject, Adapters], list[Check]], ...] = (
    _model,
    _custom_model,
    _settings,
    _quotas,
    _time,
    _storage,
    _role,
    _key,
    _network,
    # Before the questions: a first one starts a subscription.
    _access,
    _answering,
    _judges,
    _concurrency,
    _subscribers,
    _names,
    # The last one, right before jobs start.
    _folder,
)


def _cost(subject: Subject, adapters: Adapters) -> tuple[list[Check], Estimate | None]:
    resources = subject.resources
    prices = (
        default_prices() if resources is None else _ask(lambda: adapters.price_file.read_prices(resources.input_bucket))
    )
    return cost_checks(
        subject.plan,
        subject.needs.max_cost_usd,
        prices,
        subject.model_unit_price_per_hour,
        accept_unknown_prices=subject.accept_unknown_prices,
    )
