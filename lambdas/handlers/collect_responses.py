"""CollectResponses: joins the shards' answers into one file per arm, and ends a run that has too few of them."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import object_store, stored_answers
from lambdas.domain import responses
from lambdas.domain.responses import Shard
from lambdas.handlers.observability import logger, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan"}` and returns `{arm: {"n", "errors"}}`. Raises EvaluationFailed and ServiceBusy."""
    run, plan = event["run"], event["plan"]
    bucket, prefix, records = run["output_bucket"], run["prefix"], plan["dataset"]["test"]["records"]
    shards = [
        Shard.model_validate(item)
        for name in ("baselines", "tuned")
        for item in responses.parse_lines(object_store.read(bucket, plan["shards"][name]) or b"")
    ]
    errors = {}
    for arm in plan["arms"]:
        numbers = [shard.number for shard in shards if shard.arm == arm]
        lines = responses.join_shards((stored_answers.read_shard(bucket, prefix, arm, n) for n in numbers), records)
        stored_answers.write_arm(bucket, prefix, arm, lines)
        errors[arm] = responses.count_errors(lines)
        logger.info("Answers joined", extra={"arm": arm, "records": records, "errors": errors[arm].total()})
    responses.require_answers(errors, records)
    return {arm: {"n": records, "errors": found.total()} for arm, found in errors.items()}
