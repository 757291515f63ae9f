"""What the models of curation are asked in one turn, in shards: the items of a distributed map."""

from collections.abc import Iterable, Iterator

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.asks import Ask

# A shard of slow replies still fits a Lambda's 15 minutes.
ASKS_PER_SHARD = 20


class CuratorShard(Fact):
    """An item of the map: so many asks of one model, stored as shard `number` of their turn, from 1."""

    model: str
    turn: int = Field(ge=1)
    number: int = Field(ge=1)
    asks: int = Field(ge=1)


class AskedShard(Fact):
    """What AskCuratorShard returns: how many asks of the shard have a text, an error, and no reply at all."""

    model: str
    number: int
    answered: int
    errors: int
    unasked: int


class CuratorTrouble(Fact):
    """`curation/trouble/<model>.json`: the last error that kept a model from replying.

    `waited_seconds` is how long functions have waited for it in vain since one of them had a reply. Once the trouble is
    `final`, the model is asked nothing any more: each of its shards would take as long to find that out.
    """

    error: str
    message: str
    waited_seconds: float = 0
    final: bool = False


def in_shards(asks: Iterable[Ask]) -> Iterator[list[Ask]]:
    """The asks in lists of one model each, the last ones shorter; an ask that comes twice is asked once."""
    waiting: dict[str, list[Ask]] = {}
    seen = set[str]()
    for each in asks:
        if each.id in seen:
            continue
        seen.add(each.id)
        of_model = waiting.setdefault(each.model, [])
        of_model.append(each)
        if len(of_model) == ASKS_PER_SHARD:
            yield waiting.pop(each.model)
    yield from waiting.values()
