"""AnswerBaselineShard: a foundation model answers one shard of the test set while Bedrock trains.

A model that cannot be asked costs the run its arm, and nothing else: the training goes on.
"""

from collections.abc import Callable

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.errors import EvaluationFailed, InvalidState, ServiceBusy, ShardUnfinished
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.shards import AnsweredShard, AnswerShard, BaselineTrouble
from lambdas.domain.plan.plan import Plan
from lambdas.steps.answering import Limits, answer_records
from lambdas.steps.clock import Clock

# A foundation model costs nothing while it is busy.
PATIENCE_WITH_BASELINE_SECONDS = 600.0
# How long all functions together wait in vain for one model. Else each of a thousand shards would wait in its turn, and
# the run would reach its time limit.
LONGEST_WAIT_SECONDS = 4 * 3600.0


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
    place = (run.output_bucket, run.prefix, shard.arm)
    before = adapters.answers.read_baseline_trouble(*place)
    if before is not None and before.final:
        raise EvaluationFailed(before.message)
    limits = Limits(remaining_milliseconds, PATIENCE_WITH_BASELINE_SECONDS)
    settings = plan.evaluation.inference
    try:
        done = answer_records(run, shard, shard.model_id, settings, limits, adapters=adapters, clock=clock)
    except ShardUnfinished:
        _note_answers(place, before, adapters)
        raise
    except Exception as error:
        trouble = _describe(shard, error, before)
        adapters.answers.write_baseline_trouble(*place, trouble)
        if trouble.final and not isinstance(error, EvaluationFailed):
            raise EvaluationFailed(trouble.message) from error
        raise
    _note_answers(place, before, adapters)
    return done


def _describe(shard: AnswerShard, error: Exception, before: BaselineTrouble | None) -> BaselineTrouble:
    """The trouble after an error: a model that cannot be asked is given up, a busy one after a long wait."""
    waited = before.waited_seconds if before else 0.0
    if isinstance(error, ServiceBusy):
        waited += PATIENCE_WITH_BASELINE_SECONDS
    return BaselineTrouble(
        number=shard.number,
        error=type(error).__name__,
        message=str(error),
        waited_seconds=waited,
        final=isinstance(error, EvaluationFailed) or waited >= LONGEST_WAIT_SECONDS,
    )


def _note_answers(place: tuple[str, str, str], before: BaselineTrouble | None, adapters: Adapters) -> None:
    """The model answers: what was waited before does not count any more."""
    if before is not None and before.waited_seconds:
        adapters.answers.write_baseline_trouble(*place, before.model_copy(update={"waited_seconds": 0.0}))
