"""DeleteThroughput: deletes the run's throughput and asks whether it is gone. Every path leads through here."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import bedrock
from lambdas.adapters.service_errors import Conflict, Refused
from lambdas.domain import run, throughput
from lambdas.domain.throughput import Throughput
from lambdas.domain.timestamps import now
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import logger, metrics, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the whole state and returns `$.throughput`; `deleted` is true only where Bedrock no longer finds it.

    The throughput is found by its name, so that one whose purchase was never recorded is found, too. Raises
    ThroughputNotDeleted when all attempts are used up, and ServiceBusy.
    """
    name = run.bedrock_name(environment().deployment, event["run"]["id"])
    facts: Throughput = {**throughput.unrecorded(name), **(event.get("throughput") or {})}
    may_appear_late = event.get("failure", {}).get("phase") == "throughput" and facts["arn"] is None
    facts = delete(facts, may_appear_late=may_appear_late)
    logger.info("Deletion attempted", extra={"throughput": name, "deleted": facts["deleted"]})
    return {**facts}


def delete(facts: Throughput, *, may_appear_late: bool) -> Throughput:
    """One attempt: ask, delete, ask again.

    `may_appear_late` is true for a purchase whose outcome is unknown: not finding it counts from the second attempt on.
    """
    facts = {**facts, "delete_requested_at": facts["delete_requested_at"] or now()}
    refusal: Refused | None = None
    try:
        found = bedrock.find_throughput(facts["name"])
        if found is not None:
            facts = {**facts, "arn": found.arn, "requested_at": facts["requested_at"] or found.created_at}
            bedrock.delete_throughput(found.arn)
            facts = {**facts, "deleted_at": facts["deleted_at"] or now()}
            metrics.add_metric("DeletionsAccepted", MetricUnit.Count, 1)
            found = bedrock.find_throughput(facts["name"])
        if found is None and not (may_appear_late and facts["arn"] is None and facts["delete_attempts"] == 0):
            return throughput.gone(facts, now())
    except Refused as error:
        refusal = error
        logger.warning("Deletion refused", extra={"throughput": facts["name"], "refusal": str(error)})
    refused_for_good = refusal is not None and not isinstance(refusal, Conflict)
    return throughput.still_there(facts, str(refusal) if refusal else None, refused_for_good, now())
