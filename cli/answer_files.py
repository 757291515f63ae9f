"""Files of answers from anywhere: a line for each record, read one at a time, since they may not fit into memory."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, NamedTuple

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cli.validate import Opener
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine, UnansweredLine

# A prompt of the longest context that a base model reads, its reference and an answer.
LONGEST_LINE = 16 << 20
_SHOWN_FINDINGS = 3
_ASKED = (
    'A line is {"prompt", "reference", "response"}, all of them texts, with "group", "input_tokens", "output_tokens" '
    'and "latency_ms" where you know them, or {"index", "error"} where there is no answer.'
)


class AnswersRefusedError(Exception):
    """Files of answers cannot be scored; the message names file and line, and what to do."""


def _whole(value: object) -> object:
    """Latencies are measured to fractions of a millisecond."""
    return round(value) if isinstance(value, float) else value


def _text(value: object) -> object:
    """Groups are often numbers."""
    return str(value) if type(value) is int else value


_Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=1_000_000_000_000)]


class _Line(BaseModel):
    """What any line may have; a run's own lines have further keys."""

    model_config = ConfigDict(extra="ignore", strict=True, defer_build=True)

    index: int | None = None
    group: Annotated[str, BeforeValidator(_text)] | None = None


class _Answer(_Line):
    prompt: str
    reference: str
    response: str
    input_tokens: _Count | None = None
    output_tokens: _Count | None = None
    latency_ms: _Count | None = None
    stop_reason: str | None = None


class _NoAnswer(_Line):
    error: str
    prompt: str | None = None
    reference: str | None = None


class ReadLine(NamedTuple):
    """What a line of a file says, and its number; prompt and reference are None where it does not tell them."""

    number: int
    line: StoredLine
    prompt: str | None
    reference: str | None
    group: str | None


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


@dataclass(frozen=True)
class AnswerFile:
    """An arm's file; each iteration reads its answers anew."""

    path: Path

    def __iter__(self) -> Iterator[StoredLine]:
        return (read.line for read in self.read())

    def read(self, opener: Opener = _open) -> Iterator[ReadLine]:
        """The lines, one at a time, without empty ones. Raises AnswersRefusedError."""
        index = 0
        with opener(self.path) as file:
            for number, text in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), start=1):
                if len(text) > LONGEST_LINE:
                    raise self.refused(number, f"The line is longer than {LONGEST_LINE >> 20} MB.")
                content = text.removeprefix(b"\xef\xbb\xbf").strip()
                if content:
                    yield self._parse(content, number, index)
                    index += 1

    def checksum(self) -> str:
        """SHA-256 of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def refused(self, number: int, message: str) -> AnswersRefusedError:
        """The error that names a line."""
        return AnswersRefusedError(f"{self.path}, line {number}: {message}")

    def _parse(self, content: bytes, number: int, index: int) -> ReadLine:
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise self.refused(number, f"Not JSON: {error}. Each line is a JSON object of its own.") from None
        if not isinstance(value, dict):
            raise self.refused(number, f"Not a JSON object. {_ASKED}")
        try:
            read = _NoAnswer.model_validate(value) if _has_no_answer(value) else _Answer.model_validate(value)
        except ValidationError as error:
            raise self.refused(number, f"{_explain(error)} {_ASKED}") from None
        if read.index not in (None, index):
            raise self.refused(
                number,
                f"The index {read.index} stands in the place of {index}. There is one line for each record, also for "
                "one without an answer, in the order of the indexes, which begin with 0.",
            )
        return ReadLine(number, _stored_line(read, index), read.prompt, read.reference, read.group)


def _has_no_answer(value: dict[str, object]) -> bool:
    return "error" in value and "response" not in value


def _stored_line(read: _Answer | _NoAnswer, index: int) -> StoredLine:
    if isinstance(read, _NoAnswer):
        return UnansweredLine(index, read.error)
    return AnswerLine(
        index=index,
        prompt=read.prompt,
        reference=read.reference,
        response=read.response,
        input_tokens=read.input_tokens,
        output_tokens=read.output_tokens,
        latency_ms=read.latency_ms,
        stop_reason=read.stop_reason,
        asked_at=None,
        answered_at=None,
    )


def _explain(error: ValidationError) -> str:
    found = error.errors()
    shown = [
        f"{'.'.join(map(str, each['loc']))} is missing"
        if each["type"] == "missing"
        else f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
        for each in found[:_SHOWN_FINDINGS]
    ]
    return f"{'; '.join(shown)}."
