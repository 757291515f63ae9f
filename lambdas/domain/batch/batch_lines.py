"""The lines that a batch job reads and writes: questions as Converse takes them, and their answers or errors.

Lines are joined by our own record id, never by their order: the output has another one, and may lack records.
"""

import hashlib
import json
import string
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_ALPHABET = string.digits + string.ascii_lowercase
# "11CharAlphaNum": the form that AWS's documents give a record's id.
_ID_LENGTH = 11
_NAMES = {"max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP"}


class BatchMessage(NamedTuple):
    """One message of a question."""

    role: str
    text: str


@dataclass(frozen=True)
class BatchQuestion:
    """A question; `id` is the asker's own, `sampling` what is set of max_tokens, temperature and top_p."""

    id: str
    system: str | None
    messages: Sequence[BatchMessage]
    sampling: Mapping[str, int | float]


@dataclass(frozen=True)
class BatchAnswer:
    """What the output has of a question: a text, or an error in place of one."""

    record_id: str
    text: str | None = None
    error: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    stop_reason: str = ""


def record_id(question_id: str) -> str:
    """The id of a question's record: the same for the same question, so that no other one gets its answer."""
    number = int.from_bytes(hashlib.sha256(question_id.encode(errors="surrogatepass")).digest(), "big")
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)


def render_question(question: BatchQuestion, refused: Collection[str] = ()) -> bytes:
    """The question's line of a job's input, without the sampling parameters that the model refuses."""
    config = {_NAMES[name]: value for name, value in question.sampling.items() if name not in refused}
    system = {"system": [{"text": question.system}]} if question.system else {}
    model_input = {
        **system,
        "messages": [{"role": each.role, "content": [{"text": each.text}]} for each in question.messages],
        "inferenceConfig": config,
    }
    # Not orjson: it refuses a lone surrogate, which a document may hold.
    return json.dumps({"recordId": record_id(question.id), "modelInput": model_input}).encode()


class _Line(BaseModel):
    """What others write may have more keys than these."""

    model_config = ConfigDict(extra="ignore", defer_build=True)


class _Block(_Line):
    # Blocks of reasoning have no text of the answer.
    text: str = ""


class _Message(_Line):
    content: list[_Block]


class _Output(_Line):
    message: _Message


class _Usage(_Line):
    input_tokens: int = Field(alias="inputTokens", ge=0)
    output_tokens: int = Field(alias="outputTokens", ge=0)


class _ModelOutput(_Line):
    output: _Output
    usage: _Usage
    stop_reason: str = Field(default="", alias="stopReason")


class _Error(_Line):
    error_code: int | str = Field(default="", alias="errorCode")
    error_message: str = Field(default="", alias="errorMessage")


class _Result(_Line):
    record_id: str = Field(alias="recordId")
    model_output: _ModelOutput | None = Field(default=None, alias="modelOutput")
    error: _Error | None = None


def read_answers(lines: Iterable[bytes]) -> Iterator[BatchAnswer]:
    """The answers and errors in a job's output. A line that cannot be read is as if its record were missing."""
    for line in lines:
        try:
            result = _Result.model_validate_json(line)
        except ValidationError:
            continue
        answer = _answer(result)
        if answer is not None:
            yield answer


def _answer(result: _Result) -> BatchAnswer | None:
    if result.model_output is not None:
        usage = result.model_output.usage
        text = "".join(block.text for block in result.model_output.output.message.content)
        return BatchAnswer(
            result.record_id,
            text=text,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            stop_reason=result.model_output.stop_reason,
        )
    if result.error is not None:
        return BatchAnswer(result.record_id, error=f"{result.error.error_code}: {result.error.error_message}")
    return None
