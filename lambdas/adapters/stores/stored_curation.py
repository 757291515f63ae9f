"""What models are asked in a run's curation, and their replies, in the output bucket under `curation/`.

Each turn has a list of shards, the items of a distributed map; each shard has its asks, and its replies beside them.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

import orjson
from pydantic import TypeAdapter

from lambdas.adapters.aws.object_store import LineWriter, ObjectStore
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.stored_lines import parse_stored_lines
from lambdas.domain.curation.asks import Ask, StoredReply
from lambdas.domain.curation.shards import CuratorShard, CuratorTrouble
from lambdas.domain.settings.run_settings import arm_name

# What was said of each record, beside the sets.
CLEANING, SYNTHESIS = "cleaning", "synthesis"
_JSONL = "application/jsonl"


def shards_key(prefix: str, turn: int) -> str:
    """Where the items of a turn's map are."""
    return f"{prefix}curation/shards-{turn}.jsonl"


def _asks_key(prefix: str, shard: CuratorShard) -> str:
    return f"{prefix}curation/asks/{shard.turn}/{shard.number}.jsonl"


def _replies_key(prefix: str, shard: CuratorShard) -> str:
    return f"{prefix}curation/replies/{shard.turn}/{shard.number}.jsonl"


def _trouble_key(prefix: str, model: str) -> str:
    return f"{prefix}curation/trouble/{arm_name(model)}.json"


class StoredCuration:
    """Asks and replies of a run's curation. Every method raises ServiceBusy or Refused."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def write_shards(self, bucket: str, prefix: str, turn: int, shards: Iterable[CuratorShard]) -> str:
        """Stores the items of a turn's map; returns their key."""
        key = shards_key(prefix, turn)
        self._objects.write(bucket, key, _render(shards), _JSONL)
        return key

    def write_shards_left(self, bucket: str, prefix: str, turn: int, shards: Iterable[CuratorShard]) -> str:
        """Stores the items of a map over a part of a turn's shards, beside all of them; returns their key."""
        key = f"{prefix}curation/shards-{turn}-left.jsonl"
        self._objects.write(bucket, key, _render(shards), _JSONL)
        return key

    def read_shards(self, bucket: str, prefix: str, turn: int) -> list[CuratorShard]:
        """The items of a turn's map; none where there are none."""
        stored = self._objects.read(bucket, shards_key(prefix, turn)) or b""
        return parse_stored_lines(stored, TypeAdapter(CuratorShard), "shards of the curation")

    def write_asks(self, bucket: str, prefix: str, shard: CuratorShard, asks: Iterable[Ask]) -> None:
        """Stores what a shard asks."""
        self._objects.write(bucket, _asks_key(prefix, shard), _render(asks), _JSONL)

    def read_asks(self, bucket: str, prefix: str, shard: CuratorShard) -> list[Ask]:
        """What a shard asks."""
        stored = self._objects.read(bucket, _asks_key(prefix, shard)) or b""
        return parse_stored_lines(stored, TypeAdapter(Ask), "asks of the curation")

    def write_replies(self, bucket: str, prefix: str, shard: CuratorShard, replies: Iterable[StoredReply]) -> None:
        """Stores a shard's replies in place of earlier ones."""
        self._objects.write(bucket, _replies_key(prefix, shard), _render(replies), _JSONL)

    def read_replies(self, bucket: str, prefix: str, shard: CuratorShard) -> list[StoredReply]:
        """A shard's replies; none where nothing is stored yet."""
        stored = self._objects.read(bucket, _replies_key(prefix, shard)) or b""
        return parse_stored_lines(stored, TypeAdapter(StoredReply), "replies of the curation")

    def write_trouble(self, bucket: str, prefix: str, model: str, trouble: CuratorTrouble) -> None:
        """Stores what keeps a model from replying, in place of an earlier error."""
        self._objects.write(bucket, _trouble_key(prefix, model), trouble.model_dump_json().encode())

    def read_trouble(self, bucket: str, prefix: str, model: str) -> CuratorTrouble | None:
        """What keeps a model from replying; None where nothing does."""
        stored = self._objects.read(bucket, _trouble_key(prefix, model))
        return None if stored is None else CuratorTrouble.parse(orjson.loads(stored))

    def read_set(self, bucket: str, prefix: str, name: str) -> Iterator[bytes]:
        """A set's lines, one at a time; none where the run has no such set."""
        return self.read_lines(bucket, prefix, f"dataset/{name}.jsonl")

    def read_lines(self, bucket: str, prefix: str, name: str) -> Iterator[bytes]:
        """A file's lines, one at a time; none where the run has no such file."""
        return self._objects.lines(bucket, prefix + name)

    def set_writer(self, bucket: str, prefix: str, name: str) -> AbstractContextManager[LineWriter]:
        """Stores a set, or what was said of its records, line by line."""
        return self._objects.line_writer(bucket, set_key(prefix, name))


def set_key(prefix: str, name: str) -> str:
    """Where a set is, or what was said of its records."""
    return f"{prefix}dataset/{name}.jsonl"


def _render(lines: Iterable[Fact]) -> bytes:
    return b"".join(line.model_dump_json().encode() + b"\n" for line in lines)
