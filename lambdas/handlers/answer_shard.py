"""AnswerShard: the tuned model answers one shard of the test set while the throughput or deployment exists."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import answering
from lambdas.adapters.answering import Limits
from lambdas.domain.evaluation.questions import InferenceSettings
from lambdas.domain.evaluation.shards import AnswerShard
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.handlers.observability import observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan", "shard", "throughput"}` and returns `{"arm", "number", "answered", "errors"}`.

    Raises ShardUnfinished, ServiceBusy and EvaluationFailed.
    """
    throughput = event["throughput"]
    on_demand = throughput["serving"] == ON_DEMAND
    return answering.answer_shard(
        event["run"]["output_bucket"],
        event["run"]["prefix"],
        AnswerShard.parse(event["shard"]),
        throughput["arn"],
        InferenceSettings(**{name: event["plan"]["evaluation"][name] for name in InferenceSettings.model_fields}),
        Limits(
            context.get_remaining_time_in_millis,
            answering.PATIENCE_WITH_DEPLOYMENT_SECONDS if on_demand else answering.PATIENCE_WITH_THROUGHPUT_SECONDS,
            throughput["answer_until"],
        ),
    ).dump()
