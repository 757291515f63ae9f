"""One record by small rules that explain what is wrong, whatever format it is in."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset import formats
from lambdas.domain.dataset.formats import COMPLETION_KEYS, GROUP_KEY, NOVA_SCHEMA, QUESTION_KEYS, SourceFormat, Text
from lambdas.domain.dataset.rules.table import RecordFinding
from lambdas.domain.models.catalogue import BaseModelEntry

_ROLES = ("user", "assistant")
_MESSAGE_KEYS = frozenset({"role", "content"})
_KNOWN_KEYS: dict[SourceFormat, frozenset[str]] = {
    "messages": frozenset({"system", "messages", GROUP_KEY}),
    NOVA_SCHEMA: frozenset({"schemaVersion", "system", "messages", GROUP_KEY}),
    "prompt/completion": COMPLETION_KEYS | {"system", GROUP_KEY},
    "document/question/answer": QUESTION_KEYS | {"system", GROUP_KEY},
}
_REQUIRED_KEYS: dict[SourceFormat, tuple[str, ...]] = {
    "messages": ("messages",),
    NOVA_SCHEMA: ("schemaVersion", "messages"),
    "prompt/completion": ("prompt", "completion"),
    "document/question/answer": ("question", "answer"),
}


def findings(line: bytes, value: Any, model: BaseModelEntry) -> list[RecordFinding]:
    """What a line's JSON value breaks of the rules for records; tokens are counted elsewhere."""
    if not isinstance(value, dict):
        return [RecordFinding("record-type", "", f"A JSON object is needed, not {_kind(value)}.")]
    source_format = formats.detect(value)
    if source_format is None:
        message = "There are neither messages, nor prompt and completion, nor question and answer."
        return [RecordFinding("missing-key", "", message)]
    found = [*_structure(value, source_format), *_duplicate_keys(line)]
    if found:
        return found
    if model.record_format == "prompt-completion" and len(value.get("messages", ())) > 2:
        message = f"{model.name} learns one prompt and one answer; there are {len(value['messages'])} messages."
        return [RecordFinding("single-turn", "/messages", message)]
    texts = [*_group_text(value), *formats.texts(value, source_format)]
    return [*_empty_texts(texts), *_reserved_words(texts, model)]


def _structure(value: JsonObject, source_format: SourceFormat) -> Iterator[RecordFinding]:
    yield from _unknown_keys(value, _KNOWN_KEYS[source_format], "")
    for key in _REQUIRED_KEYS[source_format]:
        if key not in value:
            yield RecordFinding("missing-key", "", f"{key} is missing.")
    blocks = source_format == NOVA_SCHEMA
    if "system" in value:
        yield from _content(value["system"], "/system", blocks=blocks)
    if GROUP_KEY in value:
        yield from _content(value[GROUP_KEY], f"/{GROUP_KEY}", blocks=False)
    if "schemaVersion" in value and value["schemaVersion"] != NOVA_SCHEMA:
        yield RecordFinding("wrong-type", "/schemaVersion", f"The schema version is {NOVA_SCHEMA!r}.")
    if "messages" in value:
        yield from _messages(value["messages"], blocks=blocks)
    else:
        for key in (*_REQUIRED_KEYS[source_format], "document"):
            if key in value and key != "schemaVersion":
                yield from _content(value[key], f"/{key}", blocks=False)


def _messages(messages: Any, *, blocks: bool) -> Iterator[RecordFinding]:
    if not isinstance(messages, list):
        yield RecordFinding("wrong-type", "/messages", f"A list is needed, not {_kind(messages)}.")
        return
    if len(messages) < 2:  # a prompt and its answer
        yield RecordFinding("message-count", "/messages", f"At least 2 messages are needed; there are {len(messages)}.")
    sound = len(messages) > 1
    for index, message in enumerate(messages):
        for finding in _message(message, f"/messages/{index}", blocks=blocks):
            sound = False
            yield finding
    if sound:
        yield from _role_order([message["role"] for message in messages])


def _message(message: Any, pointer: str, *, blocks: bool) -> Iterator[RecordFinding]:
    if not isinstance(message, dict):
        yield RecordFinding("wrong-type", pointer, f"A message is an object, not {_kind(message)}.")
        return
    yield from _unknown_keys(message, _MESSAGE_KEYS, pointer)
    for key in ("role", "content"):
        if key not in message:
            yield RecordFinding("missing-key", pointer, f"{key} is missing.")
    if "content" in message:
        yield from _content(message["content"], f"{pointer}/content", blocks=blocks)
    if "role" in message and message["role"] not in _ROLES:
        role = message["role"]
        shown = f"{role[:40]!r}" if isinstance(role, str) else _kind(role)
        yield RecordFinding("role", f"{pointer}/role", f"A role is user or assistant, not {shown}.")


def _content(value: Any, pointer: str, *, blocks: bool) -> Iterator[RecordFinding]:
    """A text, or in Nova's format a list of text blocks; images and videos are not trained on here."""
    if not blocks:
        if not isinstance(value, str):
            yield RecordFinding("wrong-type", pointer, f"A text is needed, not {_kind(value)}.")
        return
    if not isinstance(value, list):
        yield RecordFinding("wrong-type", pointer, f"A list of text blocks is needed, not {_kind(value)}.")
        return
    if not value:
        yield RecordFinding("empty-text", pointer, "There is no text block.")
    for index, block in enumerate(value):
        if not isinstance(block, dict):
            yield RecordFinding("wrong-type", f"{pointer}/{index}", f"A text block is an object, not {_kind(block)}.")
            continue
        yield from _unknown_keys(block, frozenset({"text"}), f"{pointer}/{index}")
        if "text" in block:
            yield from _content(block["text"], f"{pointer}/{index}/text", blocks=False)
        else:
            yield RecordFinding("missing-key", f"{pointer}/{index}", "text is missing.")


def _role_order(roles: list[str]) -> Iterator[RecordFinding]:
    for index, role in enumerate(roles):
        expected = _ROLES[index % 2]
        if role != expected:
            yield RecordFinding("role-order", f"/messages/{index}/role", f"{expected} is expected here, not {role}.")
            return
    if roles[-1] != "assistant":
        last = len(roles) - 1
        yield RecordFinding(
            "role-order", f"/messages/{last}/role", "The last message is the assistant's answer, not the user's."
        )


def _unknown_keys(value: JsonObject, known: frozenset[str], pointer: str) -> Iterator[RecordFinding]:
    if not value.keys() <= known:
        for key in value:
            if key not in known:
                escaped = key[:40].replace("~", "~0").replace("/", "~1")
                message = f"The key {key[:40]!r} is not part of the format."
                yield RecordFinding("unknown-key", f"{pointer}/{escaped}", message)


def _duplicate_keys(line: bytes) -> list[RecordFinding]:
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> JsonObject:
        seen = dict(pairs)
        if len(seen) < len(pairs):
            repeated.extend(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        return seen

    try:
        # Numbers stay texts: Python refuses to convert very long ones.
        json.loads(line, object_pairs_hook=collect, parse_int=str, parse_float=str)
    except RecursionError:
        return []  # nested so deeply that its types are wrong anyway
    return [RecordFinding("duplicate-key", "", f"The key {key[:40]!r} occurs twice in an object.") for key in repeated]


def _group_text(value: JsonObject) -> Iterator[Text]:
    """The name of the record's group, in which any word may stand: no model reads it."""
    if GROUP_KEY in value:
        yield Text(f"/{GROUP_KEY}", value[GROUP_KEY], is_answer=True)


def _empty_texts(texts: Sequence[Text]) -> Iterator[RecordFinding]:
    for pointer, text, *_ in texts:
        if not text or text.isspace():
            yield RecordFinding("empty-text", pointer, "The text is empty or only white space.")


def _reserved_words(texts: Sequence[Text], model: BaseModelEntry) -> Iterator[RecordFinding]:
    for pointer, text, is_answer, after_line_feed in texts:
        if is_answer:
            continue
        for word in model.reserved_words:
            if word in text or (after_line_feed and f"\n{text[: len(word)]}".startswith(word)):
                yield RecordFinding("reserved-word", pointer, f"A prompt for {model.name} cannot have {word!r}.")


def further_reserved_words(texts: Iterable[tuple[str, str]], model: BaseModelEntry) -> Iterator[RecordFinding]:
    """Words that AWS's own checks refuse, in texts with their JSON Pointers, whatever their case."""
    for pointer, text in texts:
        folded = text.lower()
        for word in model.further_reserved_words:
            if word.lower() in folded:
                message = f"AWS's own checks of data for {model.name} refuse {word!r}, in any case."
                yield RecordFinding("further-reserved-word", pointer, message)


def _kind(value: Any) -> str:
    kinds = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return kinds.get(type(value), "null")
