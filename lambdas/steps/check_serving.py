"""CheckServing: asks whether the throughput or deployment is in service."""

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy, ThroughputFailed
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving.kinds import noun
from lambdas.domain.serving.serving import Serving, check, keep_waiting
from lambdas.steps.observability import logger


def check_serving(serving: Serving, *, adapters: Adapters) -> Serving:
    """The facts with Bedrock's answer, or as they were where it is busy, and the next wait. Raises ThroughputFailed."""
    try:
        found = adapters.served_models.find(serving.kind, serving.identifier) if serving.kind else None
    except Refused as refusal:
        raise ThroughputFailed(
            f"Bedrock refused {refusal.operation} for {serving.arn}: {refusal.code}: {refusal.message} "
            "Check the permissions of the CheckServing function."
        ) from refusal
    except ServiceBusy as busy:
        if serving.kind is None:
            raise
        logger.warning("Serving not checked", extra={"serving_arn": serving.arn, "trouble": str(busy)})
        return keep_waiting(serving, serving.kind, str(busy), now())
    if found is None:
        raise ThroughputFailed(
            f"Bedrock no longer knows the {noun(serving.kind)} {serving.arn}: somebody else has deleted it."
        )
    logger.info("Serving checked", extra={"serving_arn": found.arn, "status": found.status})
    return check(serving, found, now())
