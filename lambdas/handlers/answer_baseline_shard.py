"""AnswerBaselineShard: a foundation model answers one shard of the test set while Bedrock trains."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import answering
from lambdas.adapters.answering import Limits
from lambdas.domain.evaluation.questions import InferenceSettings
from lambdas.domain.evaluation.shards import AnswerShard
from lambdas.handlers.observability import observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan", "shard"}` and returns `{"arm", "number", "answered", "errors"}`.

    Raises ShardUnfinished, ServiceBusy and EvaluationFailed.
    """
    shard = AnswerShard.parse(event["shard"])
    return answering.answer_shard(
        event["run"]["output_bucket"],
        event["run"]["prefix"],
        shard,
        shard.model_id or event["plan"]["arms"][shard.arm]["model_id"],
        InferenceSettings(**{name: event["plan"]["evaluation"][name] for name in InferenceSettings.model_fields}),
        Limits(context.get_remaining_time_in_millis, answering.PATIENCE_WITH_BASELINE_SECONDS),
    ).dump()
