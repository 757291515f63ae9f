"""The models' answers in the output bucket: shard by shard while they are given, then one file per arm.

And what stands beside them: the test set, its groups, the examples of few-shot arms.
"""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager

import orjson
from pydantic import TypeAdapter

from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.object_store import LineWriter, ObjectStore
from lambdas.domain.core.stored_lines import parse_stored_lines
from lambdas.domain.evaluation.answers import ShardLine, StoredLine, parse_shard, read_lines, render_shard
from lambdas.domain.evaluation.questions import Conversation, Question, find_question
from lambdas.domain.evaluation.shards import AnswerShard, BaselineTrouble, ShardTrouble

TEST_SET = "dataset/test.jsonl"
TEST_GROUPS = "dataset/test_groups.json"
EXAMPLES = "dataset/examples.jsonl"

_JSONL = "application/jsonl"


def _shard_key(prefix: str, arm: str, number: int) -> str:
    return f"{prefix}shards/{arm}/{number}.jsonl"


def test_set_key(prefix: str) -> str:
    """Where the run's test set is."""
    return f"{prefix}{TEST_SET}"


def _trouble_key(prefix: str, arm: str) -> str:
    return f"{prefix}shards/{arm}/trouble.json"


def _left_out_key(prefix: str, arm: str) -> str:
    return f"{prefix}shards/{arm}/left_out.json"


def arm_key(prefix: str, arm: str) -> str:
    """Where an arm's answers are."""
    return f"{prefix}evaluation/{arm}.jsonl"


class StoredAnswers:
    """The models' answers in the output bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read_shard(self, bucket: str, prefix: str, arm: str, number: int) -> list[ShardLine]:
        """A shard's lines; none where nothing is stored yet."""
        return parse_shard(self._objects.read(bucket, _shard_key(prefix, arm, number)) or b"")

    def write_shard(self, bucket: str, prefix: str, arm: str, number: int, lines: list[ShardLine]) -> None:
        """Stores a shard's lines in place of earlier ones."""
        self._objects.write(bucket, _shard_key(prefix, arm, number), render_shard(lines), _JSONL)

    def read_shards(self, bucket: str, key: str) -> list[AnswerShard]:
        """The items of a distributed map; none where the run has no such arms."""
        return parse_stored_lines(self._objects.read(bucket, key) or b"", TypeAdapter(AnswerShard), "shards")

    def read_trouble(self, bucket: str, prefix: str, arm: str) -> ShardTrouble | None:
        """The last error of any shard of the candidate with this arm; None where there was none."""
        stored = self._objects.read(bucket, _trouble_key(prefix, arm))
        return None if stored is None else ShardTrouble.parse(orjson.loads(stored))

    def write_trouble(self, bucket: str, prefix: str, arm: str, trouble: ShardTrouble) -> None:
        """Stores an error of a shard in place of an earlier one: a map run tells only that too many shards failed."""
        self._objects.write(bucket, _trouble_key(prefix, arm), trouble.model_dump_json().encode())

    def read_baseline_trouble(self, bucket: str, prefix: str, arm: str) -> BaselineTrouble | None:
        """The last error of a baseline's shards; None where there was none."""
        stored = self._objects.read(bucket, _trouble_key(prefix, arm))
        return None if stored is None else BaselineTrouble.parse(orjson.loads(stored))

    def write_baseline_trouble(self, bucket: str, prefix: str, arm: str, trouble: BaselineTrouble) -> None:
        """Stores an error of a baseline's shard in place of an earlier one."""
        self._objects.write(bucket, _trouble_key(prefix, arm), trouble.model_dump_json().encode())

    def read_left_out(self, bucket: str, prefix: str, arm: str) -> list[str]:
        """The sampling parameters that an arm's model refused and was asked without."""
        names: list[str] = orjson.loads(self._objects.read(bucket, _left_out_key(prefix, arm)) or b"[]")
        return names

    def write_left_out(self, bucket: str, prefix: str, arm: str, names: list[str]) -> None:
        """Stores the sampling parameters that an arm's model refused: all of its shards find the same."""
        self._objects.write(bucket, _left_out_key(prefix, arm), orjson.dumps(names))

    def read_arm(self, bucket: str, prefix: str, arm: str) -> Iterator[StoredLine]:
        """An arm's lines in order, one at a time; none where they have not been joined."""
        return read_lines(self._objects.lines(bucket, arm_key(prefix, arm)))

    def pick_answers(self, bucket: str, prefix: str, arm: str, indexes: Collection[int]) -> dict[int, StoredLine]:
        """An arm's lines of these test records."""
        picked = self._pick(bucket, arm_key(prefix, arm), indexes)
        return {line.index: line for line in read_lines(picked.values())}

    def arm_writer(self, bucket: str, prefix: str, arm: str) -> AbstractContextManager[LineWriter]:
        """Stores an arm's lines, one by one."""
        return self._objects.line_writer(bucket, arm_key(prefix, arm))

    def read_examples(self, bucket: str, prefix: str, count: int) -> list[Conversation]:
        """The first `count` records of the examples that ValidateDataset chose; raises ValueError where fewer are."""
        if not count:
            return []
        content = self._objects.read(bucket, f"{prefix}{EXAMPLES}") or b""
        examples = [Conversation.model_validate_json(line) for line in content.split(b"\n") if line][:count]
        if len(examples) < count:
            raise ValueError(f"{object_store.uri(bucket, prefix + EXAMPLES)} has {len(examples)} of {count} examples.")
        return examples

    def read_test_groups(self, bucket: str, prefix: str) -> list[int]:
        """The group's number of each test record."""
        groups: list[int] = orjson.loads(self._objects.read(bucket, f"{prefix}{TEST_GROUPS}") or b"[]")
        return groups

    def read_test_lines(self, bucket: str, prefix: str) -> Iterator[bytes]:
        """The test set, line by line; none where it is gone."""
        return self._objects.lines(bucket, test_set_key(prefix))

    def read_questions(self, bucket: str, prefix: str) -> Iterator[Question | None]:
        """The test set's questions in order, one at a time; None where a line is no test record."""
        return (find_question(index, line) for index, line in enumerate(self.read_test_lines(bucket, prefix)))

    def pick_questions(self, bucket: str, prefix: str, indexes: Collection[int]) -> dict[int, Question | None]:
        """The questions of these test records."""
        picked = self._pick(bucket, test_set_key(prefix), indexes)
        return {index: find_question(index, line) for index, line in picked.items()}

    def _pick(self, bucket: str, key: str, indexes: Collection[int]) -> dict[int, bytes]:
        lines = enumerate(self._objects.lines(bucket, key))
        return {index: line for index, line in lines if index in indexes}
