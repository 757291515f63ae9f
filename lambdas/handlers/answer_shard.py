"""AnswerShard: a tuned model answers one shard of the test set while the throughput or deployment exists."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.shards import AnswerShard
from lambdas.domain.plan.plan import Plan
from lambdas.domain.serving.serving import Serving
from lambdas.domain.training.choice import ServedCandidate
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.answer_shard import answer_shard


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan", "shard", "serving", "served"}` and returns an AnsweredShard.

    Raises ShardUnfinished, ServiceBusy and EvaluationFailed.
    """
    root = composition.root
    return answer_shard(
        Run.parse_from(event, "run"),
        Plan.parse_from(event, "plan"),
        AnswerShard.parse_from(event, "shard"),
        Serving.parse_from(event, "serving"),
        ServedCandidate.parse_from(event, "served").arm,
        context.get_remaining_time_in_millis,
        adapters=root.adapters,
        clock=root.clock,
    ).dump()
