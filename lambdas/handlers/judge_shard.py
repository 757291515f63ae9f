"""JudgeShard: a judge compares the pairs of one shard, after the throughput is gone."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.judging.shards import JudgeShard
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.judge_shard import judge_shard


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "shard"}` and returns a JudgedShard. Raises ServiceBusy."""
    run, shard = Run.parse_from(event, "run"), JudgeShard.parse_from(event, "shard")
    return judge_shard(run, shard, context.get_remaining_time_in_millis, adapters=composition.root.adapters).dump()
