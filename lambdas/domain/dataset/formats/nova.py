"""The conversations of Amazon's Nova models, and of Llama 3.3: contents are lists of text blocks."""

from collections.abc import Iterator
from typing import Any, Final

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats import checks, conversation
from lambdas.domain.dataset.formats.checks import ANSWERS_TO, is_space, optional_texts
from lambdas.domain.dataset.formats.format import Format, Shape
from lambdas.domain.dataset.formats.record import GROUP_KEY, Conversion, Record
from lambdas.domain.dataset.rules import remedies
from lambdas.domain.dataset.rules.table import RecordFinding

NOVA_SCHEMA: Final = "bedrock-conversation-2024"
_KEYS = frozenset({"schemaVersion", "system", "messages", GROUP_KEY})


def _recognises(value: JsonObject) -> bool:
    return "schemaVersion" in value or ("messages" in value and _has_blocks(value["messages"]))


def _has_blocks(messages: Any) -> bool:
    """Whether contents are lists of blocks rather than texts."""
    if not isinstance(messages, list) or not messages or not isinstance(messages[0], dict):
        return False
    content = messages[0].get("content")
    return isinstance(content, list) and all(
        isinstance(block, dict) and "text" in block and "type" not in block for block in content
    )


def _keys(value: Any) -> int:
    """Of a value whose contents are one text block each, as nearly all are."""
    try:
        if value["schemaVersion"] != NOVA_SCHEMA:
            return 0
        messages = value["messages"]
        keys = len(value)
        if keys != 2 and (more := keys - optional_texts(value, (GROUP_KEY,))) != 2:
            (system,) = value["system"]
            if more != 3 or len(system) != 1 or not system["text"] or is_space(system["text"]):
                return 0
            keys += 1
        least, role = keys, "user"
        for message in messages:
            (content,) = message["content"]
            if message["role"] != role or len(message) != 2 or len(content) != 1:
                return 0
            if not content["text"] or is_space(content["text"]):
                return 0
            role = ANSWERS_TO[role]
            keys += 3
    except (KeyError, TypeError, ValueError):
        return 0
    return keys if role == "user" and keys > least and type(messages) is list else 0


def _findings(value: JsonObject) -> Iterator[RecordFinding]:
    yield from checks.unknown_keys(value, _KEYS)
    yield from checks.missing_keys(value, ("schemaVersion", "messages"))
    if "system" in value:
        yield from _blocks(value["system"], "/system")
    yield from checks.texts(value, (GROUP_KEY,))
    if "schemaVersion" in value and value["schemaVersion"] != NOVA_SCHEMA:
        yield RecordFinding("wrong-type", "/schemaVersion", f"The schema version is {NOVA_SCHEMA!r}.")
    if "messages" in value:
        yield from conversation.messages(value["messages"], _blocks)


def _blocks(value: Any, pointer: str) -> Iterator[RecordFinding]:
    """A list of text blocks; images and videos are not trained on here."""
    if not isinstance(value, list):
        message = f"A list of text blocks is needed, not {checks.kind(value)}."
        yield RecordFinding("wrong-type", pointer, message, remedies.for_list(value, "text blocks"))
        return
    if not value:
        yield RecordFinding("empty-text", pointer, "There is no text block.")
    for index, block in enumerate(value):
        place = f"{pointer}/{index}"
        if not isinstance(block, dict):
            yield RecordFinding("wrong-type", place, f"A text block is an object, not {checks.kind(block)}.")
            continue
        yield from checks.unknown_keys(block, frozenset({"text"}), place)
        if "text" in block:
            yield from checks.text(block["text"], f"{place}/text")
        else:
            yield RecordFinding("missing-key", place, "text is missing.")


def _to_record(value: JsonObject, _conversion: Conversion) -> Record:
    system = [block["text"] for block in value.get("system", ())]
    turns = ["\n".join([block["text"] for block in message["content"]]) for message in value["messages"]]
    return Record("\n".join(system) if system else None, turns)


def has_single_blocks(value: JsonObject) -> bool:
    """Whether each content is one block. A text in several would be trained on otherwise than it is asked."""
    contents = [message["content"] for message in value["messages"]]
    return len(value.get("system", ("",))) == 1 and all(len(content) == 1 for content in contents)


NOVA = Format(
    name=NOVA_SCHEMA,
    title=f"Nova's conversation (`{NOVA_SCHEMA}`)",
    example=f'{{"schemaVersion": "{NOVA_SCHEMA}", "system": [{{"text": "Be brief."}}], "messages": '
    '[{"role": "user", "content": [{"text": "Hi?"}]}, {"role": "assistant", "content": [{"text": "Yes."}]}]}',
    recognises=_recognises,
    shape=Shape(("schemaVersion", "system", GROUP_KEY, "messages", "role", "content", "text"), _keys),
    findings=_findings,
    texts=conversation.texts,
    to_record=_to_record,
)
