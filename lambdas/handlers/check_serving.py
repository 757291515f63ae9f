"""CheckServing: asks whether the throughput or deployment is in service."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ThroughputFailed
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving import throughput
from lambdas.domain.serving.kinds import noun
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "serving"}` and returns `$.serving`. Raises ThroughputFailed and ServiceBusy."""
    facts = event["serving"]
    try:
        found = current().serving.find(facts["serving"], facts["arn"])
    except Refused as refusal:
        raise ThroughputFailed(
            f"Bedrock refused {refusal.operation} for {facts['arn']}: {refusal.code}: {refusal.message} "
            "Check the permissions of the CheckServing function."
        ) from refusal
    if found is None:
        raise ThroughputFailed(
            f"Bedrock no longer knows the {noun(facts['serving'])} {facts['arn']}: somebody else has deleted it. "
            "Upload the data set again to start a new run."
        )
    logger.info("Throughput checked", extra={"throughput_arn": found.arn, "status": found.status})
    return {**throughput.checked(facts, found, now())}
