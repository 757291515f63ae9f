"""PurchaseThroughputOrDeploy: buys throughput without commitment, or deploys the model on demand, once."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ThroughputFailed
from lambdas.domain.core.run import LEASE_TAG, Run, bedrock_name, client_request_token
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving.kinds import PROVISIONED, ServedModel, noun
from lambdas.domain.serving.serving import PlannedServing, Serving, explain_refusal, record_request, require_lease
from lambdas.domain.serving.slots import Slot
from lambdas.steps.observability import logger, metrics

# Bedrock's errors where the name may be taken: by what this run has made itself, and the answer was lost.
_NAME_MAY_BE_TAKEN = {"ConflictException", "ValidationException"}


def purchase_throughput_or_deploy(
    run: Run, plan: PlannedServing, model_arn: str, slot: Slot, *, adapters: Adapters, environment_name: str
) -> Serving:
    """The run's throughput or deployment: a new one, or the one that an earlier attempt made.

    The lease is the slot's, so that a repeated request is the same, tags included. Raises ThroughputFailed and
    ServiceBusy.
    """
    lease_ends_at, answer_until = _require_own_slot(run, slot, adapters)
    kind, name = plan.kind, bedrock_name(environment_name, run.id)
    token = client_request_token(run.id, "throughput")
    requested_at = now()
    tags = {**plan.tags, LEASE_TAG: lease_ends_at}
    try:
        arn = adapters.served_models.create(kind, name, token, model_arn, plan.model_units, tags)
    except Refused as refusal:
        found = _adopt(name, plan, model_arn, refusal, adapters)
        logger.info(f"{noun(kind).capitalize()} of an earlier attempt adopted", extra={"serving_arn": found.arn})
        return record_request(name, kind, found.arn, found.created_at, lease_ends_at, answer_until)
    logger.info(f"{noun(kind).capitalize()} requested", extra={"serving_arn": arn})
    metrics.add_metric("ThroughputsBought" if kind == PROVISIONED else "DeploymentsMade", MetricUnit.Count, 1)
    return record_request(name, kind, arn, requested_at, lease_ends_at, answer_until)


def _require_own_slot(run: Run, slot: Slot, adapters: Adapters) -> tuple[str, str]:
    """When the lease and when the answers end; raises ThroughputFailed where the lease is used up or the slot lost."""
    held = [each.holder for each in adapters.slots.held(run.output_bucket)]
    own = next((holder for holder in held if holder.run_id == run.id), None)
    if own is None:
        raise ThroughputFailed(
            f"The run has lost its throughput slot ({slot.key}), as after it was stopped: buying now could exceed "
            "the environment's max_throughputs. Upload the data set again."
        )
    require_lease(own.answer_until, own.lease_ends_at, now(), "a purchase")
    return own.lease_ends_at, own.answer_until


def _adopt(name: str, plan: PlannedServing, model_arn: str, refusal: Refused, adapters: Adapters) -> ServedModel:
    """What has this name where it serves this run's model; otherwise raises the refusal as ThroughputFailed."""
    refused = explain_refusal(name, plan.kind, plan.model_units, refusal.operation, refusal.code, refusal.message)
    if refusal.code not in _NAME_MAY_BE_TAKEN:
        raise refused from refusal
    try:
        found = adapters.served_models.find(plan.kind, name)
    except Refused:
        raise refused from refusal
    if found is None:
        raise refused from refusal
    if found.model_arn != model_arn:
        raise ThroughputFailed(
            f"Another {noun(plan.kind)} already has the name {name}, for the model {found.model_arn} ({found.arn}). "
            "Delete it if nobody needs it, then upload the data set again."
        ) from refusal
    return found
