"""The models' answers in the output bucket: shard by shard while they are given, then one file per arm."""

from lambdas.adapters import object_store
from lambdas.domain.responses import Line, parse_lines, render_lines

_JSONL = "application/jsonl"


def _shard_key(prefix: str, arm: str, number: int) -> str:
    return f"{prefix}shards/{arm}/{number}.jsonl"


def _arm_key(prefix: str, arm: str) -> str:
    return f"{prefix}evaluation/{arm}.jsonl"


def read_shard(bucket: str, prefix: str, arm: str, number: int) -> list[Line]:
    """A shard's lines; none where nothing is stored yet."""
    return parse_lines(object_store.read(bucket, _shard_key(prefix, arm, number)) or b"")


def write_shard(bucket: str, prefix: str, arm: str, number: int, lines: list[Line]) -> None:
    """Stores a shard's lines in place of earlier ones."""
    object_store.write(bucket, _shard_key(prefix, arm, number), render_lines(lines), _JSONL)


def read_arm(bucket: str, prefix: str, arm: str) -> list[Line]:
    """An arm's lines in order; none where they have not been joined."""
    return parse_lines(object_store.read(bucket, _arm_key(prefix, arm)) or b"")


def write_arm(bucket: str, prefix: str, arm: str, lines: list[Line]) -> None:
    """Stores an arm's lines."""
    object_store.write(bucket, _arm_key(prefix, arm), render_lines(lines), _JSONL)
