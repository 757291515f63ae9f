"""The canonical record in the base models' own formats."""

from collections.abc import Callable
from itertools import cycle

import orjson

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats.nova import NOVA_SCHEMA, REASONING
from lambdas.domain.dataset.formats.record import Record
from lambdas.domain.models.catalogue import RecordFormat


def dump(record: Record, record_format: RecordFormat, *, reasoning: bool = False) -> bytes:
    """The record as a line of the base model's format, without its line feed.

    As prompt and completion the system text stands before the prompt; a record of several turns has no such form. With
    `reasoning` what the model is to think stands before each answer, as far as the format has a place for it.
    """
    return orjson.dumps(_WRITERS[record_format](record if reasoning else record._replace(reasoning=())))


def _as_messages(record: Record) -> JsonObject:
    messages = [
        {"role": role, "content": text} for role, text in zip(cycle(("user", "assistant")), record.turns, strict=False)
    ]
    return {"messages": messages} if record.system is None else {"system": record.system, "messages": messages}


def _as_nova(record: Record) -> JsonObject:
    system = {} if record.system is None else {"system": [{"text": record.system}]}
    messages: list[JsonObject] = [
        {"role": role, "content": [{"text": text}]}
        for role, text in zip(cycle(("user", "assistant")), record.turns, strict=False)
    ]
    for message, thought in zip(messages, record.reasoning, strict=False):
        if thought is not None:
            message["content"].insert(0, {REASONING: {"reasoningText": {"text": thought}}})
    return {"schemaVersion": NOVA_SCHEMA, **system, "messages": messages}


def _as_completion(record: Record) -> JsonObject:
    prompt, completion = record.turns
    return {"prompt": prompt if record.system is None else f"{record.system}\n\n{prompt}", "completion": completion}


_WRITERS: dict[RecordFormat, Callable[[Record], JsonObject]] = {
    "messages": _as_messages,
    NOVA_SCHEMA: _as_nova,
    "prompt-completion": _as_completion,
}
