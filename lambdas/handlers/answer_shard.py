"""AnswerShard: the tuned model answers one shard of the test set while the throughput or deployment exists."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import answering
from lambdas.domain.responses import InferenceSettings, Shard
from lambdas.handlers.observability import observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan", "shard", "throughput"}` and returns `{"arm", "number", "answered", "errors"}`.

    Raises ServiceBusy and EvaluationFailed.
    """
    return answering.answer_shard(
        event["run"]["output_bucket"],
        event["run"]["prefix"],
        Shard.model_validate(event["shard"]),
        event["throughput"]["arn"],
        InferenceSettings.model_validate(event["plan"]["evaluation"]),
        context.get_remaining_time_in_millis,
        answer_until=event["throughput"]["answer_until"],
    )
