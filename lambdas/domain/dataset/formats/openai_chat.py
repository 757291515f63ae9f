"""OpenAI's chat format: the system text is the first message, which may be the developer's."""

from collections.abc import Iterator
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats import checks
from lambdas.domain.dataset.formats.checks import ANSWERS_TO, MESSAGE_KEYS, are_plain, is_space, optional_texts
from lambdas.domain.dataset.formats.format import Format, Shape
from lambdas.domain.dataset.formats.record import GROUP_KEY, Conversion, Record
from lambdas.domain.dataset.formats.turns import Turns, optional_findings
from lambdas.domain.dataset.rules.table import RecordFinding

_SYSTEM_ROLES = ("system", "developer")
_TURNS = Turns(
    "messages",
    "role",
    "content",
    {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"},
)
_GROUP = (GROUP_KEY,)
_KEYS = frozenset({"messages", "system", GROUP_KEY})
_MORE_KEYS = frozenset({"name", "weight", "tool_calls", "function_call", "refusal", "annotations", "audio"})


def _recognises(value: JsonObject) -> bool:
    messages = value.get("messages")
    return isinstance(messages, list) and any(map(_is_openais, messages))


def _is_openais(message: Any) -> bool:
    """Whether a message is one that only OpenAI's format has."""
    if not isinstance(message, dict):
        return False
    content = message.get("content")
    blocks = isinstance(content, list) and any(isinstance(block, dict) and "type" in block for block in content)
    return blocks or message.get("role") in _SYSTEM_ROLES or not message.keys().isdisjoint(_MORE_KEYS)


def _keys(value: Any) -> int:
    """Of a conversation with a system text, all contents texts; each key of `Shape` is a key and no value."""
    try:
        messages = value["messages"]
        keys = 1
        if len(value) != 1:
            keys += optional_texts(value, _GROUP)
            if not keys or "system" in value or (keys != len(value) and not are_plain(tuple(value), _KEYS)):
                return 0
        role = ""
        for message in messages:
            content, its_role = message["content"], message["role"]
            if len(message) != 2 or not content or is_space(content):
                return 0
            if not role:
                if its_role not in _SYSTEM_ROLES:
                    return 0
                role = "user"
            elif its_role != role:
                return 0
            else:
                role = ANSWERS_TO[role]
            keys += 2
    except (KeyError, TypeError):
        return 0
    return keys if role == "user" and len(messages) > 2 and type(messages) is list else 0


def _findings(value: JsonObject) -> Iterator[RecordFinding]:
    yield from checks.misspelt_keys(value, _KEYS)
    yield from optional_findings(value)
    yield from _TURNS.findings(value)


def _to_record(value: JsonObject, _conversion: Conversion) -> Record:
    return Record(*_TURNS.split(value))


def _left_out(value: JsonObject) -> list[str]:
    return [*checks.left_out_keys(value, _KEYS), *_TURNS.left_out(value)]


OPENAI_CHAT = Format(
    name="openai-chat",
    title="OpenAI chat",
    example='{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi?"}, '
    '{"role": "assistant", "content": "Yes."}]}',
    note="`developer` is `system`; a content may be a list of blocks of the type `text`; `name`, `weight` and "
    "other keys of messages and beside them are left out, and the last answer must not have the weight 0",
    required=("messages",),
    recognises=_recognises,
    shape=Shape((GROUP_KEY, "messages", *sorted(MESSAGE_KEYS)), _keys),
    findings=_findings,
    texts=_TURNS.texts,
    to_record=_to_record,
    left_out=_left_out,
)
