"""The formats that records come in, recognised by their keys, and the one canonical record that all become.

Conversions lose nothing: each text arrives as it is. A document is put into XML tags before its question, since the
base models are trained to tell context so marked from instructions.
"""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any, Final, Literal, NamedTuple

import orjson

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.models.catalogue import RecordFormat

SourceFormat = Literal["messages", "prompt/completion", "bedrock-conversation-2024", "document/question/answer"]

NOVA_SCHEMA: Final = "bedrock-conversation-2024"
DEFAULT_CONTEXT_TAG = "document"
COMPLETION_KEYS = frozenset({"prompt", "completion"})
QUESTION_KEYS = frozenset({"document", "question", "answer"})
# Names the records that must stay on one side of a split. It is no part of what a model is trained on or asked.
GROUP_KEY: Final = "group"


class Record(NamedTuple):
    """The canonical form: an optional system text and the turns, user first; the last one is the reference answer."""

    system: str | None
    turns: list[str]


class Conversion(NamedTuple):
    """What is added in converting: a system text for records that are no conversations, the tag around documents."""

    system: str | None = None
    context_tag: str = DEFAULT_CONTEXT_TAG


class Text(NamedTuple):
    """A text of a record as it came, with its JSON Pointer.

    `after_line_feed`: a line feed stands before it in the canonical record.
    """

    pointer: str
    text: str
    is_answer: bool
    after_line_feed: bool = False


def detect(value: Any) -> SourceFormat | None:
    """The format of a JSON line's value, by its keys; None for what is nobody's."""
    if not isinstance(value, dict):
        return None
    if "messages" in value:
        return NOVA_SCHEMA if "schemaVersion" in value or _has_blocks(value["messages"]) else "messages"
    if "schemaVersion" in value:
        return NOVA_SCHEMA
    if not value.keys().isdisjoint(COMPLETION_KEYS):
        return "prompt/completion"
    return None if value.keys().isdisjoint(QUESTION_KEYS) else "document/question/answer"


def to_record(value: JsonObject, source_format: SourceFormat, conversion: Conversion) -> Record:
    """The canonical form of a value that breaks no rule."""
    return _READERS[source_format](value, conversion)


def dump(record: Record, record_format: RecordFormat) -> bytes:
    """The record as a line of the base model's format, without its line feed.

    As prompt and completion the system text stands before the prompt; a record of several turns has no such form.
    """
    return orjson.dumps(_WRITERS[record_format](record))


def conversion_needed(
    value: JsonObject, source_format: SourceFormat, record_format: RecordFormat, conversion: Conversion
) -> str | None:
    """What must be done to a value that breaks no rule before the base model is trained on it; None for nothing."""
    changed = _conversion_needed(value, source_format, record_format, conversion)
    if GROUP_KEY not in value:
        return changed
    return f"{changed}, group left out" if changed else "group left out"


def _conversion_needed(
    value: JsonObject, source_format: SourceFormat, record_format: RecordFormat, conversion: Conversion
) -> str | None:
    if source_format == "prompt/completion" and record_format == "prompt-completion":
        system = value.get("system", conversion.system)
        return None if system is None else "system text put before the prompt"
    if source_format != record_format:
        return f"converted from {source_format} to {record_format}"
    # A text in several blocks would be trained on otherwise than it is asked, as one block.
    if source_format == NOVA_SCHEMA and not _has_single_blocks(value):
        return "text blocks joined"
    return None


def texts(value: JsonObject, source_format: SourceFormat) -> Iterator[Text]:
    """All texts of a value of sound structure, as they came, the answer's last."""
    if source_format in ("messages", NOVA_SCHEMA):
        yield from _conversation_texts(value, source_format)
        return
    if "system" in value:
        yield Text("/system", value["system"], is_answer=False)
    prompt, answer = ("prompt", "completion") if source_format == "prompt/completion" else ("question", "answer")
    tagged = "document" in value
    if tagged:
        yield Text("/document", value["document"], is_answer=False, after_line_feed=True)
    yield Text(f"/{prompt}", value[prompt], is_answer=False, after_line_feed=tagged)
    yield Text(f"/{answer}", value[answer], is_answer=True)


def _conversation_texts(value: JsonObject, source_format: SourceFormat) -> Iterator[Text]:
    if "system" in value:
        yield from _content_texts(value["system"], "/system", is_answer=False)
    last = len(value["messages"]) - 1
    for index, message in enumerate(value["messages"]):
        pointer = f"/messages/{index}/content"
        yield from _content_texts(message["content"], pointer, is_answer=index == last)


def _content_texts(content: Any, pointer: str, *, is_answer: bool) -> Iterator[Text]:
    """A text, or Nova's list of text blocks, which are joined by line feeds."""
    if isinstance(content, str):
        yield Text(pointer, content, is_answer)
        return
    for index, block in enumerate(content):
        yield Text(f"{pointer}/{index}/text", block["text"], is_answer, after_line_feed=index > 0)


def _from_conversation(value: JsonObject, _conversion: Conversion) -> Record:
    return Record(value.get("system"), [message["content"] for message in value["messages"]])


def _from_nova(value: JsonObject, _conversion: Conversion) -> Record:
    system = [block["text"] for block in value.get("system", ())]
    turns = ["\n".join([block["text"] for block in message["content"]]) for message in value["messages"]]
    return Record("\n".join(system) if system else None, turns)


def _from_completion(value: JsonObject, conversion: Conversion) -> Record:
    return Record(value.get("system", conversion.system), [value["prompt"], value["completion"]])


def _from_question(value: JsonObject, conversion: Conversion) -> Record:
    document, tag = value.get("document"), conversion.context_tag
    context = "" if document is None else f"<{tag}>\n{document}\n</{tag}>\n\n"
    return Record(value.get("system", conversion.system), [context + value["question"], value["answer"]])


def _as_messages(record: Record) -> JsonObject:
    messages = [
        {"role": role, "content": text} for role, text in zip(cycle(("user", "assistant")), record.turns, strict=False)
    ]
    return {"messages": messages} if record.system is None else {"system": record.system, "messages": messages}


def _as_nova(record: Record) -> JsonObject:
    system = {} if record.system is None else {"system": [{"text": record.system}]}
    messages = [
        {"role": role, "content": [{"text": text}]}
        for role, text in zip(cycle(("user", "assistant")), record.turns, strict=False)
    ]
    return {"schemaVersion": NOVA_SCHEMA, **system, "messages": messages}


def _as_completion(record: Record) -> JsonObject:
    prompt, completion = record.turns
    return {"prompt": prompt if record.system is None else f"{record.system}\n\n{prompt}", "completion": completion}


_READERS: dict[SourceFormat, Callable[[JsonObject, Conversion], Record]] = {
    "messages": _from_conversation,
    NOVA_SCHEMA: _from_nova,
    "prompt/completion": _from_completion,
    "document/question/answer": _from_question,
}
_WRITERS: dict[RecordFormat, Callable[[Record], JsonObject]] = {
    "messages": _as_messages,
    NOVA_SCHEMA: _as_nova,
    "prompt-completion": _as_completion,
}


def _has_single_blocks(value: JsonObject) -> bool:
    contents = [message["content"] for message in value["messages"]]
    return len(value.get("system", ("",))) == 1 and all(len(content) == 1 for content in contents)


def _has_blocks(messages: Any) -> bool:
    """Whether contents are lists of blocks, as in Nova's format, rather than texts."""
    if not isinstance(messages, list) or not messages or not isinstance(messages[0], dict):
        return False
    content = messages[0].get("content")
    return isinstance(content, list) and all(
        isinstance(block, dict) and "text" in block and "type" not in block for block in content
    )
