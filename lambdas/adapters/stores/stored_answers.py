"""The models' answers in the output bucket: shard by shard while they are given, then one file per arm.

And what stands beside them: the test set, its groups, the examples of few-shot arms.
"""

from collections.abc import Iterable
from contextlib import suppress

import orjson
from pydantic import TypeAdapter, ValidationError

from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.core.stored_lines import parse_stored_lines
from lambdas.domain.evaluation.answers import StoredLine, parse_lines, render_lines
from lambdas.domain.evaluation.questions import Conversation, Question, parse_question
from lambdas.domain.evaluation.shards import AnswerShard, ShardTrouble

TEST_SET = "dataset/test.jsonl"
TEST_GROUPS = "dataset/test_groups.json"
EXAMPLES = "dataset/examples.jsonl"

_JSONL = "application/jsonl"


def _shard_key(prefix: str, arm: str, number: int) -> str:
    return f"{prefix}shards/{arm}/{number}.jsonl"


def test_set_key(prefix: str) -> str:
    """Where the run's test set is."""
    return f"{prefix}{TEST_SET}"


def _trouble_key(prefix: str) -> str:
    return f"{prefix}shards/trouble.json"


def arm_key(prefix: str, arm: str) -> str:
    """Where an arm's answers are."""
    return f"{prefix}evaluation/{arm}.jsonl"


class StoredAnswers:
    """The models' answers in the output bucket."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read_shard(self, bucket: str, prefix: str, arm: str, number: int) -> list[StoredLine]:
        """A shard's lines; none where nothing is stored yet."""
        return parse_lines(self._objects.read(bucket, _shard_key(prefix, arm, number)) or b"")

    def write_shard(self, bucket: str, prefix: str, arm: str, number: int, lines: list[StoredLine]) -> None:
        """Stores a shard's lines in place of earlier ones."""
        self._objects.write(bucket, _shard_key(prefix, arm, number), render_lines(lines), _JSONL)

    def read_shards(self, bucket: str, key: str) -> list[AnswerShard]:
        """The items of a distributed map; none where the run has no such arms."""
        return parse_stored_lines(self._objects.read(bucket, key) or b"", TypeAdapter(AnswerShard), "shards")

    def read_trouble(self, bucket: str, prefix: str) -> ShardTrouble | None:
        """The last error of any shard; None where there was none."""
        stored = self._objects.read(bucket, _trouble_key(prefix))
        return None if stored is None else ShardTrouble.parse(orjson.loads(stored))

    def write_trouble(self, bucket: str, prefix: str, trouble: ShardTrouble) -> None:
        """Stores an error of a shard in place of an earlier one: a map run tells only that too many shards failed."""
        self._objects.write(bucket, _trouble_key(prefix), trouble.model_dump_json().encode())

    def read_arm(self, bucket: str, prefix: str, arm: str, prompts: dict[str, str] | None = None) -> list[StoredLine]:
        """An arm's lines in order; none where they have not been joined."""
        return parse_lines(self._objects.read(bucket, arm_key(prefix, arm)) or b"", prompts)

    def read_arms(self, bucket: str, prefix: str, arms: Iterable[str]) -> dict[str, list[StoredLine]]:
        """Each arm's lines; equal prompts are one text in memory, since all arms were asked the same."""
        prompts: dict[str, str] = {}
        return {arm: self.read_arm(bucket, prefix, arm, prompts) for arm in arms}

    def write_arm(self, bucket: str, prefix: str, arm: str, lines: list[StoredLine]) -> None:
        """Stores an arm's lines."""
        self._objects.write(bucket, arm_key(prefix, arm), render_lines(lines), _JSONL)

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

    def read_test_lines(self, bucket: str, prefix: str) -> list[bytes]:
        """The test set, line by line; none where it is gone."""
        return [line for line in (self._objects.read(bucket, test_set_key(prefix)) or b"").split(b"\n") if line]

    def read_questions(self, bucket: str, prefix: str) -> dict[int, Question]:
        """The test set's questions by index, without lines that are no test record: those have no answers either."""
        questions = {}
        for index, line in enumerate(self.read_test_lines(bucket, prefix)):
            with suppress(ValidationError):
                questions[index] = parse_question(index, line)
        return questions
