"""AskCuratorShard: asks a judge, teacher or checker what one shard of a turn has."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.curation.shards import CuratorShard
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.ask_curator_shard import ask_curator_shard


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "shard"}` and returns an AskedShard. Raises ShardUnfinished and ServiceBusy."""
    root = composition.root
    return ask_curator_shard(
        Run.parse_from(event, "run"),
        CuratorShard.parse_from(event, "shard"),
        context.get_remaining_time_in_millis,
        adapters=root.adapters,
        clock=root.clock,
    ).dump()
