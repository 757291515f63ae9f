"""AnswerBaselineShard: a foundation model answers one shard of the test set while Bedrock trains."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.shards import AnswerShard
from lambdas.domain.plan.plan import Plan
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.answer_baseline_shard import answer_baseline_shard


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan", "shard"}` and returns an AnsweredShard.

    Raises ShardUnfinished, ServiceBusy and EvaluationFailed.
    """
    root = composition.root
    return answer_baseline_shard(
        Run.parse_from(event, "run"),
        Plan.parse_from(event, "plan"),
        AnswerShard.parse_from(event, "shard"),
        context.get_remaining_time_in_millis,
        adapters=root.adapters,
        clock=root.clock,
    ).dump()
