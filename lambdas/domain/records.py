"""One record: from a line's JSON value to the canonical form, by small rules, and on to the base model's format."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import orjson

from lambdas.domain.models import BaseModelEntry, RecordFormat
from lambdas.domain.rules import Finding

SourceFormat = Literal["messages", "prompt/completion"]

_ROLES = ("user", "assistant")
_CONVERSATION_KEYS = frozenset({"system", "messages"})
_COMPLETION_KEYS = frozenset({"system", "prompt", "completion"})
_MESSAGE_KEYS = frozenset({"role", "content"})
# Within a JSON string a quote is escaped, so `"role"` can only be a whole string: more of them than objects that have
# the key, or an escaped letter that could hide one, calls for the slow search for duplicate keys.
_ESCAPED_ASCII = re.compile(rb"\\u00[2-7]")


class Message(NamedTuple):
    """A turn of a conversation."""

    role: str
    content: str


class Record(NamedTuple):
    """The canonical form: an optional system text and alternating messages; the last one is the reference answer."""

    system: str | None
    messages: tuple[Message, ...]

    @property
    def prompt(self) -> tuple[str | None, tuple[Message, ...]]:
        """All that the model is given."""
        return self.system, self.messages[:-1]


class Parsed(NamedTuple):
    """A record (None where a rule forbids it), the format it came in (None where that is unclear), what was found."""

    record: Record | None
    source_format: SourceFormat | None
    findings: list[Finding]


def parse(line: bytes, value: Any, model: BaseModelEntry, system: str | None = None) -> Parsed:
    """Checks a line's JSON value by all record rules; `system` completes prompt/completion records without one."""
    if not isinstance(value, dict):
        return Parsed(None, None, [Finding("record-type", "", f"A JSON object is needed, not {_kind(value)}.")])
    source_format: SourceFormat = (
        "prompt/completion" if "messages" not in value and ("prompt" in value or "completion" in value) else "messages"
    )
    conversation = source_format == "messages"
    findings = list(_conversation_structure(value) if conversation else _completion_structure(value))
    findings += _duplicate_keys(line, value)
    if findings:
        return Parsed(None, source_format, findings)
    record = _from_conversation(value) if conversation else _from_completion(value, system)
    findings = [*_empty_texts(record, source_format), *_reserved_words(record, model, source_format)]
    findings += _tokens(line, record, model)
    return Parsed(record, source_format, findings)


def dump(record: Record, record_format: RecordFormat) -> bytes:
    """The record as a line of the base model's format, without its line feed."""
    formatters = {"messages": _as_messages}
    return orjson.dumps(formatters[record_format](record))


def _as_messages(record: Record) -> dict[str, Any]:
    messages = [{"role": role, "content": content} for role, content in record.messages]
    return {"messages": messages} if record.system is None else {"system": record.system, "messages": messages}


def _from_conversation(value: dict[str, Any]) -> Record:
    return Record(
        value.get("system"), tuple(Message(message["role"], message["content"]) for message in value["messages"])
    )


def _from_completion(value: dict[str, Any], system: str | None) -> Record:
    turns = (Message("user", value["prompt"]), Message("assistant", value["completion"]))
    return Record(value.get("system", system), turns)


def _conversation_structure(value: dict[str, Any]) -> Iterator[Finding]:
    yield from _unknown_keys(value, _CONVERSATION_KEYS, "")
    if "system" in value:
        yield from _text_type(value["system"], "/system")
    if "messages" not in value:
        yield Finding("missing-key", "", "messages is missing, and so are prompt and completion.")
        return
    messages = value["messages"]
    if not isinstance(messages, list):
        yield Finding("wrong-type", "/messages", f"A list is needed, not {_kind(messages)}.")
        return
    if len(messages) < 2:  # a prompt and its answer
        yield Finding("message-count", "/messages", f"At least 2 messages are needed; there are {len(messages)}.")
    sound = len(messages) > 1
    for index, message in enumerate(messages):
        for finding in _message_structure(message, f"/messages/{index}"):
            sound = False
            yield finding
    if sound:
        yield from _role_order([message["role"] for message in messages])


def _completion_structure(value: dict[str, Any]) -> Iterator[Finding]:
    yield from _unknown_keys(value, _COMPLETION_KEYS, "")
    for key in ("prompt", "completion"):
        if key in value:
            yield from _text_type(value[key], f"/{key}")
        else:
            yield Finding("missing-key", "", f"{key} is missing.")
    if "system" in value:
        yield from _text_type(value["system"], "/system")


def _message_structure(message: Any, pointer: str) -> Iterator[Finding]:
    if not isinstance(message, dict):
        yield Finding("wrong-type", pointer, f"A message is an object, not {_kind(message)}.")
        return
    yield from _unknown_keys(message, _MESSAGE_KEYS, pointer)
    for key in ("role", "content"):
        if key not in message:
            yield Finding("missing-key", pointer, f"{key} is missing.")
    if "content" in message:
        yield from _text_type(message["content"], f"{pointer}/content")
    if "role" in message and message["role"] not in _ROLES:
        role = message["role"]
        shown = f"{role[:40]!r}" if isinstance(role, str) else _kind(role)
        yield Finding("role", f"{pointer}/role", f"A role is user or assistant, not {shown}.")


def _role_order(roles: list[str]) -> Iterator[Finding]:
    for index, role in enumerate(roles):
        expected = _ROLES[index % 2]
        if role != expected:
            yield Finding("role-order", f"/messages/{index}/role", f"{expected} is expected here, not {role}.")
            return
    if roles and roles[-1] != "assistant":
        last = len(roles) - 1
        yield Finding(
            "role-order", f"/messages/{last}/role", "The last message is the assistant's answer, not the user's."
        )


def _unknown_keys(value: dict[str, Any], known: frozenset[str], pointer: str) -> Iterator[Finding]:
    if not value.keys() <= known:
        for key in value.keys() - known:
            escaped = key[:40].replace("~", "~0").replace("/", "~1")
            yield Finding("unknown-key", f"{pointer}/{escaped}", f"The key {key[:40]!r} is not part of the format.")


def _text_type(value: Any, pointer: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield Finding("wrong-type", pointer, f"A text is needed, not {_kind(value)}.")


def _duplicate_keys(line: bytes, value: dict[str, Any]) -> list[Finding]:
    messages = value.get("messages")
    turns = len(messages) if isinstance(messages, list) else 0
    once = ("system", "messages", "prompt", "completion")
    plain = all(line.count(f'"{key}"'.encode()) <= 1 for key in once) and all(
        line.count(f'"{key}"'.encode()) <= turns for key in _MESSAGE_KEYS
    )
    if plain and not _ESCAPED_ASCII.search(line):
        return []
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen = dict(pairs)
        if len(seen) < len(pairs):
            repeated.extend(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        return seen

    try:
        json.loads(line, object_pairs_hook=collect)
    except RecursionError:
        return []  # nested so deeply that its types are wrong anyway
    return [Finding("duplicate-key", "", f"The key {key[:40]!r} stands twice in an object.") for key in repeated]


def _empty_texts(record: Record, source_format: SourceFormat) -> Iterator[Finding]:
    for pointer, text in _texts(record, source_format):
        if not text or text.isspace():
            yield Finding("empty-text", pointer, "The text is empty or only white space.")


def _reserved_words(record: Record, model: BaseModelEntry, source_format: SourceFormat) -> Iterator[Finding]:
    for pointer, text in _texts(Record(record.system, record.messages[:-1]), source_format):
        for word in model.reserved_words:
            if word in text:
                yield Finding("reserved-word", pointer, f"A prompt for {model.name} cannot have {word!r}.")


def _texts(record: Record, source_format: SourceFormat) -> Iterator[tuple[str, str]]:
    if record.system is not None:
        yield "/system", record.system
    pointers = ("/prompt", "/completion")
    for index, message in enumerate(record.messages):
        yield (f"/messages/{index}/content" if source_format == "messages" else pointers[index]), message.content


def _tokens(line: bytes, record: Record, model: BaseModelEntry) -> Iterator[Finding]:
    """Decides by bounds, since the model's tokenizer is not public.

    A byte-level tokenizer makes at most one token of a byte; in measurements on English text and tables half the bytes
    were never exceeded, and a sixth of the characters always was.
    """
    limit = model.limits.max_record_tokens
    added = 0 if record.system is None else len(record.system) * 4  # run.json's system text is not part of the line
    if (len(line) + added) / 2 < limit:
        return
    texts = [text for _, text in _texts(record, "messages")]
    characters, size_bytes = sum(map(len, texts)), sum(len(text.encode()) for text in texts)
    if size_bytes / 2 < limit:
        return
    if characters / 6 > limit:
        message = f"The record has more than {limit} tokens: even at 6 characters a token they are {characters // 6}."
        yield Finding("token-limit", "", message)
    else:
        message = (
            f"The record may have {limit} tokens or more: between {characters // 6} and {size_bytes // 2} are likely."
        )
        yield Finding("token-estimate", "", message)


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
