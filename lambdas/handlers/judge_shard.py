"""JudgeShard: a judge compares the pairs of one shard, after the throughput is gone."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import pairwise_judging
from lambdas.domain.evaluation.judging.shards import JudgeShard
from lambdas.handlers.observability import observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "shard"}` and returns `{"judge", "number", "answered", "errors"}`. Raises ServiceBusy."""
    return pairwise_judging.judge_shard(
        event["run"]["output_bucket"],
        event["run"]["prefix"],
        JudgeShard.parse(event["shard"]),
        context.get_remaining_time_in_millis,
    ).dump()
