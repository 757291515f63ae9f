"""The judges' pairs and answers in the output bucket, under `judging/`."""

from collections.abc import Iterable
from itertools import islice

from pydantic import TypeAdapter

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.core.stored_lines import parse_stored_lines
from lambdas.domain.evaluation.judging.lines import (
    JudgedLine,
    parse_judged_lines,
    read_pairs,
    render_judged_lines,
    render_pairs,
)
from lambdas.domain.evaluation.judging.pairwise import Pair
from lambdas.domain.evaluation.judging.shards import PAIRS_PER_SHARD, JudgeShard
from lambdas.domain.settings.run_settings import arm_name

_PAIRS = "judging/pairs.jsonl"


class StoredJudging:
    """The judges' pairs and answers in the output bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read_pairs(self, bucket: str, prefix: str, first: int = 0, records: int | None = None) -> list[Pair]:
        """The run's pairs from line `first` on, counted from 0; none where there are none."""
        last = None if records is None else first + records
        return list(read_pairs(islice(self._objects.lines(bucket, f"{prefix}{_PAIRS}"), first, last)))

    def write_pairs(self, bucket: str, prefix: str, pairs: list[Pair]) -> None:
        """Stores the run's pairs."""
        self._objects.write_lines(bucket, f"{prefix}{_PAIRS}", render_pairs(pairs))

    def write_shards(self, bucket: str, key: str, shards: Iterable[JudgeShard]) -> None:
        """Stores the items of the judges' map."""
        self._objects.write_lines(bucket, key, (shard.model_dump_json().encode() for shard in shards))

    def read_shards(self, bucket: str, key: str) -> list[JudgeShard]:
        """The items of the judges' map; none where no judge is asked."""
        return parse_stored_lines(self._objects.read(bucket, key) or b"", TypeAdapter(JudgeShard), "shards")

    def read_judged(self, bucket: str, prefix: str, judge: str, number: int) -> list[JudgedLine]:
        """The lines of a judge's shard; none where nothing is stored yet."""
        return parse_judged_lines(self._objects.read(bucket, _shard_key(prefix, judge, number)) or b"")

    def write_judged(self, bucket: str, prefix: str, judge: str, number: int, lines: list[JudgedLine]) -> None:
        """Stores the lines of a judge's shard in place of earlier ones."""
        self._objects.write(bucket, _shard_key(prefix, judge, number), render_judged_lines(lines), "application/jsonl")

    def read_judge(self, bucket: str, prefix: str, judge: str, pairs: int) -> list[JudgedLine]:
        """All stored lines of a judge."""
        numbers = range(-(-pairs // PAIRS_PER_SHARD))
        return [line for number in numbers for line in self.read_judged(bucket, prefix, judge, number)]


def _shard_key(prefix: str, judge: str, number: int) -> str:
    return f"{prefix}judging/{arm_name(judge)}/{number}.jsonl"
