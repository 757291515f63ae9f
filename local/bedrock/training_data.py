"""Reads training and validation files from S3 and refuses what Bedrock refuses.

Written from AWS's description of the formats ("Prepare your training datasets", "Troubleshooting model customization
issues") on purpose without a line of the pipeline's own checks: the simulation must be able to contradict them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local.bedrock.foundation_models import Customization, RecordFormat

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

BYTES_PER_GB = 1 << 30


class TrainingDataRefused(Exception):  # noqa: N818 - an outcome of a job, its text becomes the job's failureMessage
    """The data cannot be trained on; the message is the job's `failureMessage`."""


@dataclass(frozen=True)
class Example:
    """One record: everything before the target, and the target itself."""

    system: str
    prompt: str
    answer: str


def read_examples(s3: "S3Client", uri: str, customization: Customization, *, validation: bool) -> list[Example]:
    """All records of a file. Raises TrainingDataRefused with the line that breaks a rule."""
    what = "validation" if validation else "training"
    limits = customization.validation if validation else customization.train
    assert limits is not None  # noqa: S101 - a job with a validation set that its model does not take is refused
    minimum, maximum = limits
    name, data = _download(s3, uri, limit_bytes=(1 if validation else 10) * BYTES_PER_GB)
    examples: list[Example] = []
    for number, line in _lines(data):
        record = _json_object(name, number, line)
        example = _parse(name, number, record, customization)
        _check_content(name, number, example, customization)
        examples.append(example)
    if not examples:
        raise TrainingDataRefused(f"JSONL file {name} contains no entries.")
    if len(examples) < minimum:
        raise TrainingDataRefused(
            f"Number of records in the {what} file {name} is {len(examples)}, which is "
            f"less than the minimum of {minimum}."
        )
    if len(examples) > maximum:
        raise TrainingDataRefused(
            f"Number of records in the {what} file {name} is {len(examples)}, which exceeds the maximum of {maximum}."
        )
    return examples


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")


def _download(s3: "S3Client", uri: str, limit_bytes: int) -> tuple[str, bytes]:
    bucket, key = split_uri(uri)
    if not key or key.endswith("/"):
        raise TrainingDataRefused(
            "Invalid input data configuration. Check the input data S3 URIs (URI should be a file, not a directory) "
            "and retry the request."
        )
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
        if answer["ContentLength"] > limit_bytes:
            raise TrainingDataRefused(f"Input data file {bucket}/{key} exceeds the limit of {limit_bytes} bytes.")
        return f"{bucket}/{key}", answer["Body"].read()
    except (ClientError, BotoCoreError) as error:
        raise TrainingDataRefused(
            f"Could not validate GetObject permissions to access Amazon S3 bucket: {bucket} at key {key}"
        ) from error


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _json_object(name: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:
        raise TrainingDataRefused(
            f"Unable to parse Amazon S3 file: {name}. Data files must conform to JSONL format: "
            f"line {number} is not JSON."
        ) from error
    if not isinstance(record, dict):
        raise TrainingDataRefused(
            f"Unable to parse Amazon S3 file: {name}. Data files must conform to JSONL format: "
            f"line {number} is not an object."
        )
    return record


def _refuse_constant(text: str) -> float:
    raise ValueError(text)


def _parse(name: str, number: int, record: dict[str, Any], customization: Customization) -> Example:
    parse = PARSERS[customization.record_format]
    try:
        if customization.reasoning:
            return _conversation(record, _without_reasoning)
        return parse(record)
    except (_Malformed, KeyError, TypeError) as error:
        reason = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise TrainingDataRefused(
            f"The data file {name} does not follow the {customization.record_format} format: line {number}: {reason}."
        ) from error


class _Malformed(Exception):  # noqa: N818 - never leaves this module
    """What is wrong with one record."""


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Malformed(f"{what} is not a text with content")
    return value


def _only_keys(value: dict[str, Any], allowed: set[str], what: str) -> None:
    unknown = sorted(set(value) - allowed)
    if unknown:
        raise _Malformed(f"{what} has the unknown key {unknown[0]!r}")


def _turns(messages: Any, content: Callable[[Any], str], allowed: set[str]) -> tuple[str, str]:
    """Prompt and target of alternating turns that start with the user and end with the assistant."""
    if not isinstance(messages, list) or len(messages) < 2:
        raise _Malformed("messages must be a list of at least two")
    texts = []
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise _Malformed(f"message {index + 1} is not an object")
        _only_keys(message, allowed, f"message {index + 1}")
        expected = ("user", "assistant")[index % 2]
        if message.get("role") != expected:
            raise _Malformed(f"message {index + 1} must have the role {expected}: roles alternate, the user first")
        texts.append(content(message["content"]))
    if len(texts) % 2:
        raise _Malformed("the last message must have the role assistant")
    return "\n\n".join(texts[:-1]), texts[-1]


def _parse_messages(record: dict[str, Any]) -> Example:
    _only_keys(record, {"system", "messages"}, "the record")
    system = _text(record["system"], "system") if "system" in record else ""
    prompt, answer = _turns(record["messages"], lambda value: _text(value, "content"), {"role", "content"})
    return Example(system, prompt, answer)


def _parse_conversation(record: dict[str, Any]) -> Example:
    return _conversation(record, _blocks)


def _conversation(record: dict[str, Any], content: Callable[[Any], str]) -> Example:
    if record["schemaVersion"] != RecordFormat.CONVERSATION:
        raise _Malformed(f"schemaVersion must be {RecordFormat.CONVERSATION}")
    blocks = record.get("system", [])
    system = _blocks(blocks) if blocks else ""
    prompt, answer = _turns(record["messages"], content, {"role", "content"})
    return Example(system, prompt, answer)


def _without_reasoning(value: Any) -> str:
    """The text blocks beside what the model is to think."""
    if not isinstance(value, list):
        raise _Malformed("content must be a list of blocks")
    return _blocks([block for block in value if not (isinstance(block, dict) and "reasoningContent" in block)])


def _blocks(value: Any) -> str:
    if not isinstance(value, list) or not value:
        raise _Malformed("content must be a list of blocks")
    if not all(isinstance(block, dict) for block in value):
        raise _Malformed("a content block is not an object")
    return "\n".join(_text(block["text"], "text") for block in value)


def _parse_prompt_completion(record: dict[str, Any]) -> Example:
    _only_keys(record, {"prompt", "completion"}, "the record")
    return Example("", _text(record["prompt"], "prompt"), _text(record["completion"], "completion"))


PARSERS: dict[RecordFormat, Callable[[dict[str, Any]], Example]] = {
    RecordFormat.MESSAGES: _parse_messages,
    RecordFormat.CONVERSATION: _parse_conversation,
    RecordFormat.PROMPT_COMPLETION: _parse_prompt_completion,
}


def _check_content(name: str, number: int, example: Example, customization: Customization) -> None:
    prompt = f"{example.system}{example.prompt}"
    for word in customization.reserved:
        if word in prompt:
            raise TrainingDataRefused(f"The data file {name} contains the reserved keyword {word!r} in line {number}.")
    # Six characters a token under-counts always: what exceeds the limit here exceeds it on AWS for certain.
    tokens = (len(prompt) + len(example.answer)) // 6
    if tokens >= customization.tokens:
        raise TrainingDataRefused(
            f"Maximum input token count {tokens} exceeds limit of {customization.tokens} in line {number} of {name}."
        )
