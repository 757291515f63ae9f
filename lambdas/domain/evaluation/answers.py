"""What is stored of a model's answers, and how shards of answers become one file for each arm.

A line of a shard is a ShardAnswer or an UnansweredLine, one of `evaluation/<arm>.jsonl` an AnswerLine or an
UnansweredLine, with their fields as keys. Prompts are long: the shards, which several functions read, do without them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache

import orjson
from pydantic import ConfigDict, Field, TypeAdapter

from lambdas.domain.core.counted import counted
from lambdas.domain.core.errors import EvaluationFailed
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.stored_lines import parse_stored_lines, read_stored_lines
from lambdas.domain.evaluation.questions import Question

MOST_ERRORS_PERCENT = 5
NOT_ANSWERED = "not answered"
NO_RECORD = "not a test record"

_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class ModelAnswer:
    """A model's answer with what it used."""

    text: str
    input_tokens: int
    output_tokens: int
    latency_ms: int
    stop_reason: str


@dataclass(frozen=True, slots=True)
class ShardAnswer:
    """An answer as its shard stores it.

    `index` is the record's place in `dataset/test.jsonl`, counted from 0; `asked_at` and `answered_at` are timestamps,
    those of the whole job where a batch job answered (`in_batch`), which measures no latency.
    """

    # An earlier version stored the prompt and the reference, too: a run may have begun with it.
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)

    index: int
    response: str
    input_tokens: int
    output_tokens: int
    latency_ms: int | None
    stop_reason: str
    asked_at: str
    answered_at: str
    in_batch: bool = False


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """An answer with its record's prompt and reference; the rest is the shard's.

    A run knows all of it; of answers from elsewhere what is not known is None.
    """

    __pydantic_config__ = _STRICT

    index: int
    prompt: str
    reference: str
    response: str
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: int | None
    stop_reason: str | None
    asked_at: str | None
    answered_at: str | None
    in_batch: bool = False


@dataclass(frozen=True, slots=True)
class UnansweredLine:
    """A test record that the model did not answer, and why."""

    __pydantic_config__ = _STRICT

    index: int
    error: str


_USUAL_KEYS: dict[type[object], list[str]] = {
    kind: [each.name for each in fields(kind) if each.name != "in_batch"] for kind in (ShardAnswer, AnswerLine)
}
ShardLine = ShardAnswer | UnansweredLine
StoredLine = AnswerLine | UnansweredLine


class ArmCounts(Fact):
    """How many test records an arm was asked, and how many of them have no answer.

    `missing` says why a baseline has too few answers to be compared with; `left_out` names the sampling parameters that
    its model refused.
    """

    n: int
    errors: int
    missing: str | None = Field(default=None, exclude_if=lambda missing: missing is None)
    left_out: list[str] = Field(default=[], exclude_if=lambda names: not names)


class Responses(Fact):
    """`$.responses`: what each arm answered, how many pairs there are to compare, and in how many judges' shards."""

    arms: dict[str, ArmCounts]
    pairs: int
    judge_shards: int

    @property
    def missing(self) -> dict[str, str]:
        """The arms that have too few answers, and why."""
        return {name: arm.missing for name, arm in self.arms.items() if arm.missing is not None}


def answer_line(index: int, answer: ModelAnswer, *, asked_at: str, answered_at: str) -> ShardAnswer:
    """The line that stores an answer in its shard."""
    return ShardAnswer(
        index=index,
        response=answer.text,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        latency_ms=answer.latency_ms,
        stop_reason=answer.stop_reason,
        asked_at=asked_at,
        answered_at=answered_at,
    )


@cache
def _shard_line_type() -> TypeAdapter[ShardLine]:
    return TypeAdapter(ShardLine)


@cache
def _line_type() -> TypeAdapter[StoredLine]:
    return TypeAdapter(StoredLine)


def parse_shard(content: bytes) -> list[ShardLine]:
    """The lines of a shard. Raises InvalidState."""
    return parse_stored_lines(content, _shard_line_type(), "answers")


def read_lines(lines: Iterable[bytes]) -> Iterator[StoredLine]:
    """The lines of an arm's file, one at a time. Raises InvalidState."""
    return read_stored_lines(lines, _line_type(), "answers")


def render_line(line: ShardLine | StoredLine) -> bytes:
    """A line as stored, without its line feed; `in_batch` stands only where it is true."""
    if isinstance(line, UnansweredLine) or line.in_batch:
        return orjson.dumps(line)
    return orjson.dumps({name: getattr(line, name) for name in _USUAL_KEYS[type(line)]})


def render_shard(lines: Iterable[ShardLine]) -> bytes:
    """A shard as stored: JSONL, ordered by index."""
    return b"".join(render_line(line) + b"\n" for line in sorted(lines, key=lambda line: line.index))


def join_shards(shards: Iterable[Iterable[ShardLine]], records: int) -> Iterator[ShardLine]:
    """A line for each of an arm's `records` test records, in order; a record without a stored line is unanswered.

    Shards and their lines stand in the order of the records. Only one shard is held at a time.
    """
    stored = (line for lines in shards for line in lines)
    line = next(stored, None)
    for index in range(records):
        while line is not None and line.index < index:
            line = next(stored, None)
        yield line if line is not None and line.index == index else UnansweredLine(index, NOT_ANSWERED)


def with_question(line: ShardLine, question: Question | None) -> StoredLine:
    """The arm's line of a shard's line; `question` is None where the test set's line is no record."""
    if isinstance(line, UnansweredLine):
        return line
    if question is None:
        return UnansweredLine(line.index, NO_RECORD)
    return AnswerLine(
        index=line.index,
        prompt=question.prompt,
        reference=question.reference,
        response=line.response,
        input_tokens=line.input_tokens,
        output_tokens=line.output_tokens,
        latency_ms=line.latency_ms,
        stop_reason=line.stop_reason,
        asked_at=line.asked_at,
        answered_at=line.answered_at,
        in_batch=line.in_batch,
    )


def describe_errors(found: Counter[str], records: int) -> str | None:
    """How many of an arm's records have no answer, where that is more than 5 %: no verdict could be trusted."""
    if found.total() * 100 <= MOST_ERRORS_PERCENT * records:
        return None
    share = f"{found.total()} of {counted(records, 'record')} ({100 * found.total() / records:.1f} %)"
    return f"{share}, most often: {found.most_common(1)[0][0]}"


def require_answers(errors: Mapping[str, Counter[str]], records: int) -> None:
    """Raises EvaluationFailed where more than 5 % of an arm's records have no answer."""
    described = {arm: describe_errors(found, records) for arm, found in errors.items()}
    failures = [f"{arm}: {words}" for arm, words in described.items() if words]
    if failures:
        raise EvaluationFailed(
            f"Too many test records have no answer (at most {MOST_ERRORS_PERCENT} % may fail). {'; '.join(failures)}. "
            "evaluation/<arm>.jsonl lists each error. Correct its cause."
        )
