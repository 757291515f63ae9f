"""AskCuratorShard: asks a judge, teacher or checker what one shard of a turn has.

No question is asked twice: replies are stored as they come. A model that cannot be asked, or stays busy for hours,
costs the run its replies and nothing else: what that means, CurateTrainingSet decides.
"""

from collections.abc import Callable, Iterable

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused, SpentForToday
from lambdas.domain.core.errors import ServiceBusy, ShardUnfinished
from lambdas.domain.core.run import Run
from lambdas.domain.curation.asks import Ask, StoredReply
from lambdas.domain.curation.shards import AskedShard, CuratorShard, CuratorTrouble
from lambdas.steps.answering import RESERVED_MILLISECONDS, STORE_EVERY_ANSWERS
from lambdas.steps.ask_curators import reply_when_free
from lambdas.steps.clock import Clock
from lambdas.steps.observability import logger

# Nothing bills by the hour while a model is busy.
PATIENCE_SECONDS = 600.0
# How long all functions together wait in vain for one model. Else each of a thousand shards would wait in its turn, and
# the run would reach its time limit.
LONGEST_WAIT_SECONDS = 4 * 3600.0


class _NoReplyError(Exception):
    """The model itself gives no reply; what S3 refuses is another matter."""

    def __init__(self, error: Refused | ServiceBusy) -> None:
        super().__init__(str(error))
        self.error = error


def ask_curator_shard(
    run: Run, shard: CuratorShard, remaining_milliseconds: Callable[[], int], *, adapters: Adapters, clock: Clock
) -> AskedShard:
    """Asks what is not stored yet, unless the model is given up.

    Raises ShardUnfinished where the function's time runs out, and ServiceBusy where the model stays busy: the replies
    so far are stored.
    """
    store, place = adapters.curation, (run.output_bucket, run.prefix)
    before = store.read_trouble(*place, shard.model)
    replies = {each.id: each for each in store.read_replies(*place, shard)}
    known = len(replies)
    try:
        if before is None or not before.final:
            _ask(run, shard, replies, remaining_milliseconds, adapters, clock)
    except _NoReplyError as missing:
        trouble = _describe(missing.error, before if len(replies) == known else None)
        store.write_trouble(*place, shard.model, trouble)
        logger.warning("Curator gives no reply", extra={"model": shard.model, "trouble": trouble.dump()})
        if not trouble.final:
            # By the name that the state machine repeats, whatever kind of busy it is.
            raise ServiceBusy(trouble.message) from missing
    except ShardUnfinished as unfinished:
        # The SDK's own repetitions can use up all of the function's time: such a model is as busy as any other.
        if len(replies) == known:
            store.write_trouble(*place, shard.model, _describe(unfinished, before))
            raise ServiceBusy(str(unfinished)) from unfinished
        _note_replies(run, shard, before, adapters)
        raise
    else:
        if len(replies) > known:
            _note_replies(run, shard, before, adapters)
    return _count(shard, replies.values())


def _ask(
    run: Run,
    shard: CuratorShard,
    replies: dict[str, StoredReply],
    remaining_milliseconds: Callable[[], int],
    adapters: Adapters,
    clock: Clock,
) -> None:
    """Adds a reply to each ask that has none; stores them every few, and in the end."""
    store, place, stored = adapters.curation, (run.output_bucket, run.prefix), len(replies)

    def require_time() -> None:
        if remaining_milliseconds() < RESERVED_MILLISECONDS:
            raise ShardUnfinished(f"Shard {shard.number} of {shard.model} needs more time; it goes on where it is.")

    def reply(asked: Ask) -> StoredReply:
        try:
            return reply_when_free(
                asked,
                adapters.runtime,
                patience_seconds=PATIENCE_SECONDS,
                sleep=clock.sleep,
                require_time=require_time,
            )
        except (Refused, ServiceBusy) as error:
            raise _NoReplyError(error) from error

    try:
        for each in store.read_asks(*place, shard):
            if each.id in replies:
                continue
            replies[each.id] = reply(each)
            if len(replies) - stored >= STORE_EVERY_ANSWERS:
                store.write_replies(*place, shard, replies.values())
                stored = len(replies)
    finally:
        if len(replies) > stored:
            store.write_replies(*place, shard, replies.values())


def _note_replies(run: Run, shard: CuratorShard, before: CuratorTrouble | None, adapters: Adapters) -> None:
    """The model replies: what was waited before does not count any more."""
    if before is not None and before.waited_seconds:
        without = before.model_copy(update={"waited_seconds": 0.0})
        adapters.curation.write_trouble(run.output_bucket, run.prefix, shard.model, without)


def _describe(error: Exception, before: CuratorTrouble | None) -> CuratorTrouble:
    """The trouble after an error: a model that cannot be asked is given up at once, a busy one after a long wait."""
    waited = (before.waited_seconds if before else 0.0) + PATIENCE_SECONDS
    return CuratorTrouble(
        error=type(error).__name__,
        message=f"{error.code}: {error.message}" if isinstance(error, Refused) else str(error),
        waited_seconds=waited,
        final=isinstance(error, Refused | SpentForToday) or waited >= LONGEST_WAIT_SECONDS,
    )


def _count(shard: CuratorShard, replies: Iterable[StoredReply]) -> AskedShard:
    texts = [each.error is None for each in replies]
    answered = sum(texts)
    return AskedShard(
        model=shard.model,
        number=shard.number,
        answered=answered,
        errors=len(texts) - answered,
        unasked=shard.asks - len(texts),
    )
