"""AnswerShard: a tuned model answers one shard of the test set while the throughput or deployment exists."""

from collections.abc import Callable
from math import inf

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.errors import ShardUnfinished
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.arms import TUNED
from lambdas.domain.evaluation.shards import AnsweredShard, AnswerShard, ShardTrouble
from lambdas.domain.plan.plan import Plan
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.serving.serving import Serving
from lambdas.steps.answering import Limits, answer_records
from lambdas.steps.clock import Clock

# A throughput bills the hours in which it answers nothing. A deployment bills tokens alone, and the lease ends the
# waiting.
PATIENCE_WITH_THROUGHPUT_SECONDS = 60.0
PATIENCE_WITH_DEPLOYMENT_SECONDS = inf


def answer_shard(
    run: Run,
    plan: Plan,
    shard: AnswerShard,
    serving: Serving,
    arm: str,
    remaining_milliseconds: Callable[[], int],
    *,
    adapters: Adapters,
    clock: Clock,
) -> AnsweredShard:
    """The served model's answers that are not stored yet, as those of its `arm`. Raises as `answer_records`.

    All candidates share their list of shards, which names the tuned arm. A map run tells only that too many shards
    failed, so that an error is stored where its explanation finds it.
    """
    shard = shard.model_copy(update={"arm": arm}) if shard.arm == TUNED else shard
    patience = PATIENCE_WITH_DEPLOYMENT_SECONDS if serving.kind == ON_DEMAND else PATIENCE_WITH_THROUGHPUT_SECONDS
    limits = Limits(remaining_milliseconds, patience, serving.answer_until)
    try:
        return answer_records(
            run, shard, serving.identifier, plan.evaluation.inference, limits, adapters=adapters, clock=clock
        )
    except ShardUnfinished:
        # No trouble: it must not take the place of another shard's.
        raise
    except Exception as error:
        trouble = ShardTrouble(arm=shard.arm, number=shard.number, error=type(error).__name__, message=str(error))
        adapters.answers.write_trouble(run.output_bucket, run.prefix, arm, trouble)
        raise
