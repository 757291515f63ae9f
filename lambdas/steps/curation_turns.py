"""The turns of a run's curation: what is handed out to models as shards, and what came back of them.

All follows from what is stored: whoever repeats a turn hands out the same shards, and reads the same replies.
"""

from collections.abc import Iterable

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import Run
from lambdas.domain.curation.asks import Ask, StoredReply, no_reply
from lambdas.domain.curation.shards import CuratorShard, in_shards

_NO_REASON = "The model gave no reply."


def hand_out(run: Run, turn: int, asks: Iterable[Ask], adapters: Adapters) -> str | None:
    """Stores the asks of a turn in shards, and the items of its map; returns their key, None where nothing is asked."""
    store, place, shards = adapters.curation, (run.output_bucket, run.prefix), list[CuratorShard]()
    for number, each in enumerate(in_shards(asks), start=1):
        shard = CuratorShard(model=each[0].model, turn=turn, number=number, asks=len(each))
        store.write_asks(*place, shard, each)
        shards.append(shard)
    return store.write_shards(*place, turn, shards) if shards else None


def read_replies(run: Run, turns: int, adapters: Adapters) -> dict[str, StoredReply]:
    """The replies to all that was asked in so many turns, by the ids of their asks.

    A turn that is over asks nothing again: what has no reply gets the error that kept its model from giving one.
    """
    replies: dict[str, StoredReply] = {}
    place = run.output_bucket, run.prefix
    for turn in range(1, turns + 1):
        for shard in adapters.curation.read_shards(*place, turn):
            for each in _given(run, shard, adapters):
                replies[each.id] = each.after(replies.get(each.id))
    return replies


def _given(run: Run, shard: CuratorShard, adapters: Adapters) -> list[StoredReply]:
    store, place = adapters.curation, (run.output_bucket, run.prefix)
    given = store.read_replies(*place, shard)
    if len(given) >= shard.asks:
        return given
    known = {each.id for each in given}
    trouble = store.read_trouble(*place, shard.model)
    reason = trouble.message if trouble else _NO_REASON
    return given + [no_reply(each, reason) for each in store.read_asks(*place, shard) if each.id not in known]
