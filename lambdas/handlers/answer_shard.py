"""AnswerShard: the tuned model answers one shard of the test set while the throughput or deployment exists."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.shards import AnswerShard
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.serving.serving import Serving
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.answering import (
    PATIENCE_WITH_DEPLOYMENT_SECONDS,
    PATIENCE_WITH_THROUGHPUT_SECONDS,
    Limits,
    answer_shard,
)


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan", "shard", "serving"}` and returns an AnsweredShard.

    Raises ShardUnfinished, ServiceBusy and EvaluationFailed.
    """
    root, run, shard = composition.root, Run.parse_from(event, "run"), AnswerShard.parse_from(event, "shard")
    settings = EvaluationSettings.model_validate(event["plan"]["evaluation"]).inference
    serving = Serving.parse_from(event, "serving")
    patience = PATIENCE_WITH_DEPLOYMENT_SECONDS if serving.kind == ON_DEMAND else PATIENCE_WITH_THROUGHPUT_SECONDS
    limits = Limits(context.get_remaining_time_in_millis, patience, serving.answer_until)
    return answer_shard(
        run, shard, serving.identifier, settings, limits, adapters=root.adapters, clock=root.clock
    ).dump()
