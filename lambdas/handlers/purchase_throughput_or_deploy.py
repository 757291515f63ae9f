"""PurchaseThroughputOrDeploy: buys throughput without commitment for the model, or deploys it on demand."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core import run
from lambdas.domain.core.errors import ThroughputFailed
from lambdas.domain.core.run import LEASE_TAG
from lambdas.domain.core.timestamps import now
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving import slots, throughput
from lambdas.domain.serving.kinds import PROVISIONED, ServedModel, noun
from lambdas.domain.serving.slots import Slot
from lambdas.domain.serving.throughput import Throughput
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics

# Bedrock's errors where the name may be taken: by what this run has made itself, and the answer was lost.
_NAME_MAY_BE_TAKEN = {"ConflictException", "ValidationException"}


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan", "model", "slot"}` and returns `$.serving`. Raises ThroughputFailed and ServiceBusy."""
    return {**purchase(event["run"], event["plan"], event["model"]["model_arn"], event["slot"])}


def purchase(run_facts: dict[str, Any], plan: dict[str, Any], model_arn: str, slot: Slot) -> Throughput:
    """The run's throughput or deployment: a new one, or the one that an earlier attempt made.

    The lease is the slot's, so that a repeated purchase is the same request, tags included.
    """
    lease_ends_at, answer_until = _checked_lease(run_facts["id"], slot)
    kind: ServingKind = plan["serving"]
    name = run.bedrock_name(environment().deployment, run_facts["id"])
    token = run.client_request_token(run_facts["id"], "throughput")
    requested_at = now()
    tags = {**plan["tags"], LEASE_TAG: lease_ends_at}
    try:
        arn = current().serving.create(kind, name, token, model_arn, plan["model_units"], tags)
    except Refused as refusal:
        found = _adopt(name, kind, model_arn, plan["model_units"], refusal)
        logger.info(f"{noun(kind).capitalize()} of an earlier attempt adopted", extra={"throughput_arn": found.arn})
        return throughput.purchased(name, kind, found.arn, found.created_at, lease_ends_at, answer_until)
    logger.info("Serving requested", extra={"throughput_arn": arn, "serving": kind})
    metrics.add_metric("ThroughputsBought" if kind == PROVISIONED else "DeploymentsMade", MetricUnit.Count, 1)
    return throughput.purchased(name, kind, arn, requested_at, lease_ends_at, answer_until)


def _checked_lease(run_id: str, slot: Slot) -> tuple[str, str]:
    """The lease's end and when answers end; raises ThroughputFailed where it is used up or the slot was taken away."""
    held = [each.holder for each in current().slots.held(environment().output_bucket)]
    own = next((holder for holder in held if holder.run_id == run_id), None)
    if own is None:
        raise ThroughputFailed(
            f"The run has lost its throughput slot ({slot['key']}), as after it was stopped: buying now could exceed "
            "the deployment's max_throughputs. Upload the data set again."
        )
    answer_until = slots.answer_until(own.lease_ends_at)
    throughput.require_lease(answer_until, own.lease_ends_at, now(), "a purchase")
    return own.lease_ends_at, answer_until


def _adopt(name: str, kind: ServingKind, model_arn: str, model_units: int, refusal: Refused) -> ServedModel:
    """What has this name where it serves this run's model; otherwise the refusal as ThroughputFailed."""
    refused = throughput.refused(name, kind, model_units, refusal.operation, refusal.code, refusal.message)
    if refusal.code not in _NAME_MAY_BE_TAKEN:
        raise refused from refusal
    try:
        found = current().serving.find(kind, name)
    except Refused:
        raise refused from refusal
    if found is None:
        raise refused from refusal
    if found.model_arn != model_arn:
        raise ThroughputFailed(
            f"Another {noun(kind)} already has the name {name}, for the model {found.model_arn} ({found.arn}). "
            "Delete it if nobody needs it, then upload the data set again."
        ) from refusal
    return found
