"""What a model is asked, and what is stored of its answer.

A line of `evaluation/<arm>.jsonl` is `{"index", "prompt", "reference", "response", "input_tokens", "output_tokens",
"latency_ms", "stop_reason", "asked_at", "answered_at"}`, or `{"index", "error"}`. `index` is the record's place in
`dataset/test.jsonl`, counted from 0; `asked_at` and `answered_at` are timestamps.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, Field, model_validator

from lambdas.domain.core.errors import EvaluationFailed
from lambdas.domain.core.timestamps import seconds_between
from lambdas.domain.evaluation.arms import Arms

MOST_ERRORS_PERCENT = 5
NOT_ANSWERED = "not answered"

Line = dict[str, Any]


def _joined(value: object) -> object:
    """Nova's text blocks as one text; what is neither is left for pydantic to refuse."""
    if isinstance(value, list) and all(
        isinstance(block, dict) and isinstance(block.get("text"), str) for block in value
    ):
        return "\n".join(block["text"] for block in value)
    return value


_Text = Annotated[str, BeforeValidator(_joined)]


class Turn(BaseModel):
    """One message of a record."""

    role: Literal["user", "assistant"]
    content: _Text


class Record(BaseModel):
    """A record as a run writes its sets, in any base model's format; the last message is the reference.

    A prompt with a completion is one question: what was trained as prompt is asked as the user's text, word for word.
    """

    system: _Text | None = None
    messages: list[Turn] = Field(min_length=2)

    @model_validator(mode="before")
    @classmethod
    def _from_completion(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "prompt" not in value:
            return value
        texts = {"user": value["prompt"], "assistant": value.get("completion")}
        return {"messages": [{"role": role, "content": text} for role, text in texts.items()]}


@dataclass(frozen=True)
class Question:
    """A test record without its reference, ready to be asked."""

    index: int
    system: str | None
    turns: tuple[Turn, ...]
    reference: str

    @property
    def prompt(self) -> str:
        """What the report shows: the user's text, or all turns by role. The system text stays in the data set."""
        if len(self.turns) == 1:
            return self.turns[0].content
        return "\n\n".join(f"{turn.role}: {turn.content}" for turn in self.turns)


class Shard(BaseModel):
    """An item of a distributed map: `records` lines of the test set from line `first` on, counted from 0.

    Each question stands behind the first `few_shot` lines of the run's examples.
    """

    arm: str
    model_id: str | None
    few_shot: int = Field(default=0, ge=0)
    number: int
    first: int = Field(ge=0)
    records: int = Field(ge=1)


class InferenceSettings(BaseModel):
    """The plan's `evaluation`: the same for every arm, so that arms can be compared."""

    max_tokens: int = Field(ge=1)
    temperature: float = Field(ge=0, le=1)
    top_p: float = Field(gt=0, le=1)


@dataclass(frozen=True)
class Answer:
    """A model's answer with what it used."""

    text: str
    input_tokens: int
    output_tokens: int
    latency_ms: int
    stop_reason: str


def parse_question(index: int, line: bytes) -> Question:
    """The question in one line of the test set; raises pydantic's ValidationError where it is no such record."""
    record = Record.model_validate_json(line)
    return Question(index, record.system, tuple(record.messages[:-1]), record.messages[-1].content)


def answered(question: Question, answer: Answer, *, asked_at: str, answered_at: str) -> Line:
    """The line of an answer."""
    return {
        "index": question.index,
        "prompt": question.prompt,
        "reference": question.reference,
        "response": answer.text,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "latency_ms": answer.latency_ms,
        "stop_reason": answer.stop_reason,
        "asked_at": asked_at,
        "answered_at": answered_at,
    }


def failed(index: int, error: str) -> Line:
    """The line of a record that the model did not answer."""
    return {"index": index, "error": error}


def answering_seconds(lines: Iterable[Line]) -> float | None:
    """From the first question to the last answer; None where there is no answer with its times."""
    timed = [line for line in lines if "asked_at" in line]
    if not timed:
        return None
    return seconds_between(min(line["asked_at"] for line in timed), max(line["answered_at"] for line in timed))


def parse_lines(content: bytes) -> list[Line]:
    """Stored lines."""
    return [orjson.loads(line) for line in content.split(b"\n") if line]


def render_lines(lines: Iterable[Line]) -> bytes:
    """Lines as stored: JSONL, ordered by index."""
    ordered = sorted(lines, key=lambda line: line["index"])
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in ordered)


def join_shards(shards: Iterable[Iterable[Line]], records: int) -> list[Line]:
    """A line for each of an arm's `records` test records, in order; one without a stored line is an error."""
    by_index = {line["index"]: line for shard in shards for line in shard}
    return [by_index.get(index) or failed(index, NOT_ANSWERED) for index in range(records)]


def count_errors(lines: Iterable[Line]) -> Counter[str]:
    """How often each error text occurs."""
    return Counter(line["error"] for line in lines if "error" in line)


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


RECORDS_PER_SHARD = 20


def shards(arms: Arms, test_records: int) -> list[dict[str, Any]]:
    """The items of a distributed map: each arm's test records in shards of about 20."""
    return [
        Shard(
            arm=name,
            model_id=arm.model_id,
            few_shot=arm.few_shot,
            number=number,
            first=first,
            records=min(RECORDS_PER_SHARD, test_records - first),
        ).model_dump()
        for name, arm in arms.items()
        for number, first in enumerate(range(0, test_records, RECORDS_PER_SHARD))
    ]
