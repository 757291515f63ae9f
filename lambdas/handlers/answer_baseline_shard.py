"""AnswerBaselineShard: a foundation model answers one shard of the test set while Bedrock trains."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.shards import AnswerShard
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.answering import PATIENCE_WITH_BASELINE_SECONDS, Limits, answer_shard


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan", "shard"}` and returns an AnsweredShard.

    Raises ShardUnfinished, ServiceBusy and EvaluationFailed.
    """
    root, run, shard = composition.root, Run.parse_from(event, "run"), AnswerShard.parse_from(event, "shard")
    settings = EvaluationSettings.model_validate(event["plan"]["evaluation"]).inference
    model_id = shard.model_id or event["plan"]["arms"][shard.arm]["model_id"]
    limits = Limits(context.get_remaining_time_in_millis, PATIENCE_WITH_BASELINE_SECONDS)
    return answer_shard(run, shard, model_id, settings, limits, adapters=root.adapters, clock=root.clock).dump()
