"""What is stored of a model's answers, and how shards of answers become one file for each arm.

A line of `evaluation/<arm>.jsonl` is an AnswerLine or an UnansweredLine, with their fields as keys.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated

import orjson
from pydantic import AfterValidator, ConfigDict, TypeAdapter, ValidationInfo

from lambdas.domain.core.errors import EvaluationFailed
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.stored_lines import parse_stored_lines
from lambdas.domain.core.timestamps import seconds_between
from lambdas.domain.evaluation.questions import Question

MOST_ERRORS_PERCENT = 5
NOT_ANSWERED = "not answered"

_STRICT = ConfigDict(extra="forbid", strict=True)


def _share_text(text: str, info: ValidationInfo) -> str:
    """The equal text that was read before, where `parse_lines` was given any."""
    known: dict[str, str] | None = info.context
    return text if known is None else known.setdefault(text, text)


@dataclass(frozen=True)
class ModelAnswer:
    """A model's answer with what it used."""

    text: str
    input_tokens: int
    output_tokens: int
    latency_ms: int
    stop_reason: str


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """A stored answer.

    `index` is the record's place in `dataset/test.jsonl`, counted from 0; `asked_at` and `answered_at` are timestamps.
    """

    __pydantic_config__ = _STRICT

    index: int
    prompt: Annotated[str, AfterValidator(_share_text)]
    reference: str
    response: str
    input_tokens: int
    output_tokens: int
    latency_ms: int
    stop_reason: str
    asked_at: str
    answered_at: str


@dataclass(frozen=True, slots=True)
class UnansweredLine:
    """A test record that the model did not answer, and why."""

    __pydantic_config__ = _STRICT

    index: int
    error: str


StoredLine = AnswerLine | UnansweredLine


class ArmCounts(Fact):
    """How many test records an arm was asked, and how many of them have no answer."""

    n: int
    errors: int


class Responses(Fact):
    """`$.responses`: what each arm answered, how many pairs there are to compare, and in how many judges' shards."""

    arms: dict[str, ArmCounts]
    pairs: int
    judge_shards: int


def answer_line(question: Question, answer: ModelAnswer, *, asked_at: str, answered_at: str) -> AnswerLine:
    """The line that stores an answer."""
    return AnswerLine(
        index=question.index,
        prompt=question.prompt,
        reference=question.reference,
        response=answer.text,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        latency_ms=answer.latency_ms,
        stop_reason=answer.stop_reason,
        asked_at=asked_at,
        answered_at=answered_at,
    )


def select_answers(lines: Iterable[StoredLine]) -> list[AnswerLine]:
    """The lines that have an answer."""
    return [line for line in lines if isinstance(line, AnswerLine)]


def count_errors(lines: Iterable[StoredLine]) -> Counter[str]:
    """How often each error text occurs."""
    return Counter(line.error for line in lines if isinstance(line, UnansweredLine))


def answering_seconds(lines: Iterable[StoredLine]) -> float | None:
    """The time from the first question to the last answer; None where there is no answer."""
    answers = select_answers(lines)
    if not answers:
        return None
    return seconds_between(min(line.asked_at for line in answers), max(line.answered_at for line in answers))


@cache
def _line_type() -> TypeAdapter[StoredLine]:
    return TypeAdapter(StoredLine)


def parse_lines(content: bytes, prompts: dict[str, str] | None = None) -> list[StoredLine]:
    """Stored lines; a prompt that is in `prompts`, too, is the one text in memory. Raises InvalidState."""
    return parse_stored_lines(content, _line_type(), "answers", prompts)


def render_lines(lines: Iterable[StoredLine]) -> bytes:
    """Lines as stored: JSONL, ordered by index."""
    ordered = sorted(lines, key=lambda line: line.index)
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in ordered)


def join_shards(shards: Iterable[Iterable[StoredLine]], records: int) -> list[StoredLine]:
    """A line for each of an arm's `records` test records, in order; a record without a stored line is unanswered."""
    by_index = {line.index: line for shard in shards for line in shard}
    return [by_index.get(index) or UnansweredLine(index, NOT_ANSWERED) for index in range(records)]


def require_answers(errors: Mapping[str, Counter[str]], records: int) -> None:
    """Raises EvaluationFailed where more than 5 % of an arm's records have no answer: no verdict could be trusted."""
    failures = [
        f"{arm}: {found.total()} of {records} records ({100 * found.total() / records:.1f} %), most often: "
        f"{found.most_common(1)[0][0]}"
        for arm, found in errors.items()
        if found.total() * 100 > MOST_ERRORS_PERCENT * records
    ]
    if failures:
        raise EvaluationFailed(
            f"Too many test records have no answer (at most {MOST_ERRORS_PERCENT} % may fail). {'; '.join(failures)}. "
            "evaluation/<arm>.jsonl lists each error. Correct its cause, then upload the data set again."
        )
