"""The judges' pairs and answers in the output bucket, under `judging/`."""

import orjson

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.evaluation.judging.pairwise import Pair
from lambdas.domain.evaluation.judging.shards import PAIRS_PER_SHARD, parse_pairs, render_pairs
from lambdas.domain.evaluation.responses import Line, parse_lines
from lambdas.domain.settings.run_settings import arm_name

_PAIRS = "judging/pairs.jsonl"


class StoredJudging:
    """The judges' pairs and answers in the output bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read_pairs(self, bucket: str, prefix: str) -> list[Pair]:
        """The run's pairs; none where there are none."""
        return parse_pairs(self._objects.read(bucket, f"{prefix}{_PAIRS}") or b"")

    def write_pairs(self, bucket: str, prefix: str, pairs: list[Pair]) -> None:
        """Stores the run's pairs."""
        self._objects.write_lines(bucket, f"{prefix}{_PAIRS}", render_pairs(pairs))

    def read_judged(self, bucket: str, prefix: str, judge: str, number: int) -> list[Line]:
        """The lines of a judge's shard; none where nothing is stored yet."""
        return parse_lines(self._objects.read(bucket, _shard_key(prefix, judge, number)) or b"")

    def write_judged(self, bucket: str, prefix: str, judge: str, number: int, lines: list[Line]) -> None:
        """Stores the lines of a judge's shard in place of earlier ones."""
        body = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
        self._objects.write(bucket, _shard_key(prefix, judge, number), body, "application/jsonl")

    def read_judge(self, bucket: str, prefix: str, judge: str, pairs: int) -> list[Line]:
        """All stored lines of a judge."""
        numbers = range(-(-pairs // PAIRS_PER_SHARD))
        return [line for number in numbers for line in self.read_judged(bucket, prefix, judge, number)]


def _shard_key(prefix: str, judge: str, number: int) -> str:
    return f"{prefix}judging/{arm_name(judge)}/{number}.jsonl"
