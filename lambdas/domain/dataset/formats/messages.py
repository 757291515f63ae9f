"""The messages format of Anthropic's models: texts with roles, the system text beside them."""

from collections.abc import Iterator
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats import checks, conversation
from lambdas.domain.dataset.formats.checks import ANSWERS_TO, are_plain, is_space, optional_texts
from lambdas.domain.dataset.formats.format import Format, Shape
from lambdas.domain.dataset.formats.record import GROUP_KEY, Conversion, Record
from lambdas.domain.dataset.rules.table import RecordFinding

_SYSTEM_AND_GROUP = ("system", GROUP_KEY)
_KEYS = frozenset({"messages", *_SYSTEM_AND_GROUP})


def _recognises(value: JsonObject) -> bool:
    return "messages" in value


def _keys(value: Any) -> int:
    try:
        messages = value["messages"]
        keys = 1
        if len(value) == 2 and (system := value.get("system")):
            # As most records are.
            if is_space(system):
                return 0
            keys = 2
        elif len(value) != 1:
            keys += optional_texts(value, _SYSTEM_AND_GROUP)
            if not keys or (keys != len(value) and not are_plain(tuple(value), _KEYS)):
                return 0
        least = keys
        role = "user"
        for message in messages:
            content = message["content"]
            if message["role"] != role or len(message) != 2 or not content or is_space(content):
                return 0
            role = ANSWERS_TO[role]
            keys += 2
    except (KeyError, TypeError):
        return 0
    return keys if role == "user" and keys > least and type(messages) is list else 0


def _findings(value: JsonObject) -> Iterator[RecordFinding]:
    yield from checks.misspelt_keys(value, _KEYS)
    yield from checks.missing_keys(value, ("messages",))
    yield from checks.texts(value, _SYSTEM_AND_GROUP)
    yield from conversation.messages(value["messages"], checks.text)


def _to_record(value: JsonObject, _conversion: Conversion) -> Record:
    return Record(value.get("system"), [message["content"] for message in value["messages"]])


MESSAGES = Format(
    name="messages",
    title="messages",
    example='{"system": "Be brief.", "messages": [{"role": "user", "content": "Hi?"}, '
    '{"role": "assistant", "content": "Yes."}]}',
    note="other keys of a record and of its messages are left out",
    required=("messages",),
    recognises=_recognises,
    shape=Shape((*_SYSTEM_AND_GROUP, "messages", "role", "content"), _keys),
    findings=_findings,
    texts=conversation.texts,
    to_record=_to_record,
    left_out=lambda value: [*checks.left_out_keys(value, _KEYS), *checks.left_out_of_messages(value)],
)
