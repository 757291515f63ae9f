"""Makes every check of a run before anything is started: asks AWS for the facts, and lets the domain judge them.

A call that AWS refuses, or has no time for, becomes a fact of its own (`Unknown`): no check hides another.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

from lambdas.adapters.adapters import current
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.finding import Finding
from lambdas.domain.core.timestamps import now
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.cost.estimate import Estimate
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.preflight.callable_models import callable_models
from lambdas.domain.preflight.checks import Check
from lambdas.domain.preflight.cost_cap import cost_checks
from lambdas.domain.preflight.model import model_checks
from lambdas.domain.preflight.names import NAMES, names_free
from lambdas.domain.preflight.quotas import InUse, Needs, are_missing, quota_checks
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
from lambdas.domain.preflight.storage import BUCKET_REGION, in_region
from lambdas.domain.preflight.subject import Deployment, Subject

NO_RUN = "There is no run yet."

Fact = TypeVar("Fact")


def run_checks(subject: Subject) -> tuple[list[Check], Estimate | None]:
    """The outcome of each check, whatever comes of the others; and what the run will cost, where that can be told."""
    checks = [check for group in GROUPS for check in group(subject)]
    cost, estimated = _cost(subject)
    return [*checks, *cost], estimated


def told(ask: Callable[[], Fact]) -> Fact | Unknown:
    """What AWS answers, or that it does not."""
    try:
        return ask()
    except ServiceBusy as busy:
        return Unknown(str(busy), busy=True)
    except Refused as refusal:
        return Unknown(str(refusal), busy=False)


def _model(subject: Subject) -> list[Check]:
    entry = base_model(subject.plan["base_model"])
    details = told(lambda: current().foundation_models.describe_model(entry.customization_id))
    today = date.fromisoformat(now()[:10])
    return model_checks(entry, details, current().foundation_models.region(), subject.plan["serving"], today)


def _settings(subject: Subject) -> list[Check]:
    return settings_checks([Finding.model_validate(found) for found in subject.plan["settings_findings"]])


def _quotas(subject: Subject) -> list[Check]:
    plan = subject.plan
    needs = Needs(
        base_model(plan["base_model"]),
        plan["serving"],
        plan["model_units"],
        region=current().foundation_models.region(),
        jobs=len(plan.get("candidates", [None])),
    )
    listed = told(current().quotas.list_quotas)
    if not isinstance(listed, Unknown) and are_missing(needs, listed):
        # What nobody ever changed may be listed as a default only.
        defaults = told(current().quotas.list_default_quotas)
        listed = listed if isinstance(defaults, Unknown) else [*listed, *defaults]
    in_use = InUse(
        jobs=told(lambda: len(current().bedrock.list_running_jobs())),
        custom_models=told(lambda: len(current().bedrock.list_custom_models())),
        model_units=told(current().quotas.model_units_in_use),
        deployments=told(current().quotas.deployments_in_use),
    )
    return quota_checks(needs, listed, in_use)


def _storage(subject: Subject) -> list[Check]:
    place = subject.deployment
    if place is None:
        return [Check(BUCKET_REGION, skipped=subject.not_deployed)]

    def region_of(bucket: str) -> str | Unknown | None:
        return told(lambda: current().objects.bucket_region(bucket))

    buckets = (place.input_bucket, place.output_bucket)
    return [in_region({bucket: region_of(bucket) for bucket in buckets}, current().foundation_models.region())]


def _role(subject: Subject) -> list[Check]:
    place = subject.deployment
    if place is None:
        return [Check(check, skipped=subject.not_deployed) for check in (TRUST, PASSED, READS, WRITES)]
    role_arn = place.role_arn
    jobs = (
        f"arn:{place.partition}:bedrock:{current().foundation_models.region()}:{place.account}:model-customization-job"
    )
    origin = JobOrigin(place.account, f"{jobs}/{subject.plan['base_model']}/abcdefghijkl")
    data = [place.object_arn(f"dataset/{name}.jsonl") for name in ("train", "validation")]
    output = [place.object_arn("customization/metrics.csv")]

    def denied_on_output() -> list[str]:
        written = current().identity.denied(role_arn, ["s3:GetObject", "s3:PutObject"], output)
        return written + current().identity.denied(role_arn, ["s3:ListBucket"], [place.output_bucket_arn])

    return [
        trusts_bedrock(told(lambda: current().identity.trust_policy(role_arn)), origin),
        _passed(subject, place),
        allowed(READS, told(lambda: current().identity.denied(role_arn, ["s3:GetObject"], data))),
        allowed(WRITES, told(denied_on_output)),
    ]


def _passed(subject: Subject, place: Deployment) -> Check:
    if place.starter_role_arn is None:
        return Check(PASSED, skipped=subject.not_deployed)
    to_bedrock = {"iam:PassedToService": "bedrock.amazonaws.com"}
    return allowed(PASSED, told(lambda: _denied_to_starter(place, ["iam:PassRole"], place.role_arn, to_bedrock)))


def _key(subject: Subject) -> list[Check]:
    place = subject.deployment
    if place is None:
        return [Check(KEY, skipped=subject.not_deployed)]
    key_arn = place.key_arn
    if key_arn is None:
        return [Check(KEY, skipped="The deployment has no KMS key of its own.")]
    return [
        key_usable(told(lambda: current().identity.key_state(key_arn)), told(lambda: _denied_on_key(place, key_arn)))
    ]


def _denied_on_key(place: Deployment, key_arn: str) -> list[str]:
    """What the role does with the key for data and output, and Bedrock in the name of whoever starts the job."""
    found = current().identity.denied(place.role_arn, ["kms:Decrypt", "kms:GenerateDataKey"], [key_arn])
    actions = ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"]
    via_bedrock = {"kms:ViaService": f"bedrock.{current().foundation_models.region()}.amazonaws.com"}
    return found + _denied_to_starter(place, actions, key_arn, via_bedrock)


def _denied_to_starter(place: Deployment, actions: list[str], resource: str, context: Mapping[str, str]) -> list[str]:
    starter = place.starter_role_arn
    if starter is None:
        return []
    return [
        f"{refusal} to {starter.rpartition('/')[2]}"
        for refusal in current().identity.denied(starter, actions, [resource], context)
    ]


def _answering(subject: Subject) -> list[Check]:
    def ask(model_id: str) -> Unknown | None:
        return told(lambda: current().foundation_models.ask_one_token(model_id))

    # At the same time: a model that takes its time for a refusal must not use up the function's.
    with ThreadPoolExecutor(max_workers=max(1, len(subject.asked))) as pool:
        answers = pool.map(ask, [model.model_id for model in subject.asked])
    return [callable_models(dict(zip(subject.asked, answers, strict=True)))]


def _names(subject: Subject) -> list[Check]:
    names = subject.names
    if names is None:
        return [Check(NAMES, skipped=NO_RUN)]
    return [names_free(told(lambda: current().taken_names.taken(names)))]


# Each asks AWS for what its checks need, and for no more.
GROUPS: tuple[Callable[[Subject], list[Check]], ...] = (
    _model,
    _settings,
    _quotas,
    _storage,
    _role,
    _key,
    _answering,
    _names,
)


def _cost(subject: Subject) -> tuple[list[Check], Estimate | None]:
    place = subject.deployment
    prices = default_prices() if place is None else told(lambda: current().price_file.read_prices(place.input_bucket))
    return cost_checks(subject.plan, prices, subject.model_unit_price_per_hour)
