"""AnswerBaselineShard: a foundation model answers one shard of the test set while Bedrock trains."""

from collections.abc import Callable

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.errors import InvalidState
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.shards import AnsweredShard, AnswerShard
from lambdas.domain.plan.plan import Plan
from lambdas.steps.answering import Limits, answer_records
from lambdas.steps.clock import Clock

# A foundation model costs nothing while it is busy, but the run must go on if it never answers.
PATIENCE_WITH_BASELINE_SECONDS = 600.0


def answer_baseline_shard(
    run: Run,
    plan: Plan,
    shard: AnswerShard,
    remaining_milliseconds: Callable[[], int],
    *,
    adapters: Adapters,
    clock: Clock,
) -> AnsweredShard:
    """A foundation model's answers that are not stored yet. Raises as `answer_records`, and InvalidState."""
    if shard.model_id is None:
        raise InvalidState(f"The state's shard has no model_id: nothing answers for {shard.arm} before it is served.")
    limits = Limits(remaining_milliseconds, PATIENCE_WITH_BASELINE_SECONDS)
    return answer_records(run, shard, shard.model_id, plan.evaluation.inference, limits, adapters=adapters, clock=clock)
