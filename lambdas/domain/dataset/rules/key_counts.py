"""The regular shape of a record in each format: how many keys a value has that needs no further look.

A value that is anything else has 0 keys here, and `records.py` explains why. The functions are called for each record
of a file, so they are written for speed: one pass, and a failed assumption is caught where it shows.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from lambdas.domain.dataset.formats import GROUP_KEY, NOVA_SCHEMA, SourceFormat

_ANSWERS_TO = {"user": "assistant", "assistant": "user"}
_SYSTEM_AND_GROUP = ("system", GROUP_KEY)
_is_space = str.isspace


def _optional_texts(value: Any, names: tuple[str, ...]) -> int:
    """How many of the optional keys there are; -1 where one has no text."""
    found = 0
    for name in names:
        if name in value:
            if not value[name] or _is_space(value[name]):
                return -1
            found += 1
    return found


class Shape(NamedTuple):
    """A format's keys, and the number of keys in a regular value."""

    names: tuple[str, ...]
    keys: Callable[[Any], int]


def _conversation_keys(value: Any) -> int:
    try:
        messages = value["messages"]
        keys = len(value)
        if keys != 1 and keys != 1 + _optional_texts(value, _SYSTEM_AND_GROUP):
            return 0
        role = "user"
        for message in messages:
            content = message["content"]
            if message["role"] != role or len(message) != 2 or not content or _is_space(content):
                return 0
            role = _ANSWERS_TO[role]
            keys += 2
    except (KeyError, TypeError):
        return 0
    return keys if role == "user" and keys > 2 and type(messages) is list else 0


def _completion_keys(value: Any) -> int:
    try:
        texts = [value["prompt"], value["completion"]]
        if len(value) != 2:
            texts += [value[key] for key in _SYSTEM_AND_GROUP if key in value]
        for text in texts:
            if not text or _is_space(text):
                return 0
    except (KeyError, TypeError):
        return 0
    return len(value) if len(value) == len(texts) else 0


def _nova_keys(value: Any) -> int:
    """Of a value whose contents are one text block each, as nearly all are."""
    try:
        if value["schemaVersion"] != NOVA_SCHEMA:
            return 0
        messages = value["messages"]
        keys = len(value)
        if keys != 2 and (more := keys - _optional_texts(value, (GROUP_KEY,))) != 2:
            (system,) = value["system"]
            if more != 3 or len(system) != 1 or not system["text"] or _is_space(system["text"]):
                return 0
            keys += 1
        least, role = keys, "user"
        for message in messages:
            (content,) = message["content"]
            if message["role"] != role or len(message) != 2 or len(content) != 1:
                return 0
            if not content["text"] or _is_space(content["text"]):
                return 0
            role = _ANSWERS_TO[role]
            keys += 3
    except (KeyError, TypeError, ValueError):
        return 0
    return keys if role == "user" and keys > least and type(messages) is list else 0


def _question_keys(value: Any) -> int:
    try:
        texts = [value["question"], value["answer"]]
        texts += [value[key] for key in ("document", *_SYSTEM_AND_GROUP) if key in value]
        for text in texts:
            if not text or _is_space(text):
                return 0
    except (KeyError, TypeError):
        return 0
    return len(value) if len(value) == len(texts) else 0


def single_turn(keys: Callable[[Any], int]) -> Callable[[Any], int]:
    """The same for a model that learns one prompt and one answer: no key of a longer conversation counts."""

    def keys_of_single_turns(value: Any) -> int:
        found = keys(value)
        return found if found and len(value["messages"]) == 2 else 0

    return keys_of_single_turns


SHAPES: dict[SourceFormat, Shape] = {
    "messages": Shape(("system", GROUP_KEY, "messages", "role", "content"), _conversation_keys),
    "prompt/completion": Shape(("system", GROUP_KEY, "prompt", "completion"), _completion_keys),
    NOVA_SCHEMA: Shape(("schemaVersion", "system", GROUP_KEY, "messages", "role", "content", "text"), _nova_keys),
    "document/question/answer": Shape(("system", GROUP_KEY, "document", "question", "answer"), _question_keys),
}
