"""The conversations of Amazon's Nova models, and of Llama 3.3: contents are lists of text blocks."""

from collections.abc import Iterator
from typing import Any, Final

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats import checks, conversation
from lambdas.domain.dataset.formats.checks import ANSWERS_TO, are_plain, is_space, optional_texts
from lambdas.domain.dataset.formats.format import Format, Shape
from lambdas.domain.dataset.formats.record import GROUP_KEY, Conversion, Record, Text
from lambdas.domain.dataset.rules import remedies
from lambdas.domain.dataset.rules.table import RecordFinding

NOVA_SCHEMA: Final = "bedrock-conversation-2024"
REASONING: Final = "reasoningContent"
_NO_VERSION: Final = object()
_KEYS = frozenset({"schemaVersion", "system", "messages", GROUP_KEY})


def _recognises(value: JsonObject) -> bool:
    return "schemaVersion" in value or ("messages" in value and _has_blocks(value["messages"]))


def _has_blocks(messages: Any) -> bool:
    """Whether contents are lists of blocks rather than texts."""
    if not isinstance(messages, list) or not messages or not isinstance(messages[0], dict):
        return False
    content = messages[0].get("content")
    if not isinstance(content, list) or not all(isinstance(block, dict) and "type" not in block for block in content):
        return False
    return not content or any("text" in block for block in content)


def _without_others(value: JsonObject) -> int:
    """How many keys of a value are the format's; -1 where the others need a look."""
    return len(_KEYS & value.keys()) if are_plain(tuple(value), _KEYS) else -1


def _keys(value: Any) -> int:
    """Of a value whose contents are one text block each, as nearly all are."""
    try:
        known = 2
        if (version := value.get("schemaVersion", _NO_VERSION)) != NOVA_SCHEMA:
            if version is _NO_VERSION:
                known = 1
            elif version is not None and type(version) is not str:
                return 0
        messages = value["messages"]
        keys = len(value) if value.keys() <= _KEYS else _without_others(value)
        if keys != known and (more := keys - optional_texts(value, (GROUP_KEY,))) != known:
            (system,) = value["system"]
            if more != known + 1 or len(system) != 1 or not system["text"] or is_space(system["text"]):
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
    except (AttributeError, KeyError, TypeError, ValueError):
        return 0
    return keys if role == "user" and keys > least and type(messages) is list else 0


def _findings(value: JsonObject) -> Iterator[RecordFinding]:
    yield from checks.misspelt_keys(value, _KEYS, needed=("messages",))
    yield from checks.missing_keys(value, ("messages",))
    if value.get("system") and not isinstance(value["system"], str):
        yield from _blocks(value["system"], "/system")
    yield from checks.texts(value, (GROUP_KEY,))
    if value.get("schemaVersion") is not None:
        for found in checks.text(value["schemaVersion"], "/schemaVersion"):
            yield found._replace(remedy=f"Write {NOVA_SCHEMA!r}, or leave the key out.")
    if "messages" in value:
        yield from conversation.messages(value["messages"], _message_blocks)


def _message_blocks(value: Any, pointer: str) -> Iterator[RecordFinding]:
    """A list of text blocks; what the model thinks before its answer may stand beside them."""
    if not isinstance(value, list):
        yield from _blocks(value, pointer)
        return
    thoughts = {index for index, block in enumerate(value) if isinstance(block, dict) and REASONING in block}
    for index in sorted(thoughts):
        yield from _reasoning(value[index], f"{pointer}/{index}")
    if thoughts and int(pointer.split("/")[2]) % 2 == 0:
        message = f"Only an answer has {REASONING}."
        yield RecordFinding("unknown-key", f"{pointer}/{min(thoughts)}/{REASONING}", message)
    yield from _blocks(value, pointer, passed_over=thoughts)


def _reasoning(block: JsonObject, pointer: str) -> Iterator[RecordFinding]:
    yield from checks.unknown_keys(block, frozenset({REASONING}), pointer)
    place = f"{pointer}/{REASONING}"
    reasoning = block[REASONING]
    inner = reasoning.get("reasoningText") if isinstance(reasoning, dict) else None
    if not isinstance(inner, dict):
        message = "An object is needed with reasoningText, an object with text."
        yield RecordFinding("wrong-type", place, message)
        return
    yield from checks.unknown_keys(reasoning, frozenset({"reasoningText"}), place)
    yield from checks.unknown_keys(inner, frozenset({"text", "signature"}), f"{place}/reasoningText")
    yield from checks.missing_keys(inner, ("text",), f"{place}/reasoningText")
    if "text" in inner:
        yield from checks.text(inner["text"], f"{place}/reasoningText/text")


def _blocks(value: Any, pointer: str, passed_over: set[int] | frozenset[int] = frozenset()) -> Iterator[RecordFinding]:
    """A list of text blocks; images and videos are not trained on here."""
    if not isinstance(value, list):
        message = f"A list of text blocks is needed, not {checks.kind(value)}."
        yield RecordFinding("wrong-type", pointer, message, remedies.for_list(value, "text blocks"))
        return
    if len(value) == len(passed_over):
        yield RecordFinding("empty-text", pointer, "There is no text block.")
    for index, block in enumerate(value):
        if index in passed_over:
            continue
        place = f"{pointer}/{index}"
        if not isinstance(block, dict):
            yield RecordFinding(
                "wrong-type", place, f"A text block is an object, not {checks.kind(block)}.", remedies.BLOCK
            )
            continue
        yield from checks.unknown_keys(block, frozenset({"text"}), place)
        if "text" in block:
            yield from checks.text(block["text"], f"{place}/text")
        else:
            yield RecordFinding("missing-key", place, "text is missing.")


def _texts(value: JsonObject) -> Iterator[Text]:
    """All texts; what a model thinks is no part of a prompt."""
    if isinstance(value.get("system"), str):
        if value["system"]:
            yield Text("/system", value["system"], is_answer=False)
    elif value.get("system"):
        yield from _block_texts(value["system"], "/system", is_answer=False)
    last = len(value["messages"]) - 1
    for index, message in enumerate(value["messages"]):
        yield from _block_texts(message["content"], f"/messages/{index}/content", is_answer=index == last)


def _block_texts(blocks: list[JsonObject], pointer: str, *, is_answer: bool) -> Iterator[Text]:
    first = True
    for index, block in enumerate(blocks):
        if REASONING in block:
            text = block[REASONING]["reasoningText"]["text"]
            yield Text(f"{pointer}/{index}/{REASONING}/reasoningText/text", text, is_answer=True)
            continue
        yield Text(f"{pointer}/{index}/text", block["text"], is_answer, after_line_feed=not first)
        first = False


def _to_record(value: JsonObject, _conversion: Conversion) -> Record:
    system = [block["text"] for block in _system_blocks(value)]
    contents = [message["content"] for message in value["messages"]]
    turns = ["\n".join([block["text"] for block in content if "text" in block]) for content in contents]
    joined = "\n".join(system) if system else None
    if not any(len(content) > 1 and has_reasoning(content) for content in contents):
        return Record(joined, turns)
    thoughts = [
        [block[REASONING]["reasoningText"]["text"] for block in each if REASONING in block] for each in contents
    ]
    return Record(joined, turns, tuple("\n".join(each) if each else None for each in thoughts))


def _system_blocks(value: JsonObject) -> list[JsonObject]:
    system = value.get("system") or []
    return [{"text": system}] if isinstance(system, str) else system


def has_reasoning(content: list[JsonObject]) -> bool:
    """Whether what the model thinks stands in a content."""
    return any(REASONING in block for block in content)


def rewriting_needed(value: JsonObject, *, keeps_reasoning: bool) -> list[str]:
    """What must be done to a value of this format that breaks no rule, before a model of the same format learns it.

    A text in several blocks would be trained on otherwise than it is asked.
    """
    needed = []
    if value.get("schemaVersion") != NOVA_SCHEMA:
        needed.append(f"schemaVersion written as {NOVA_SCHEMA}")
    if "system" in value and not value["system"]:
        needed.append("empty system text left out")
    if value.get("system") and isinstance(value["system"], str):
        needed.append("system text written as a block")
    contents = [message["content"] for message in value["messages"]]
    if len(_system_blocks(value)) > 1 or any(len(content) > 1 + has_reasoning(content) for content in contents):
        needed.append("text blocks joined")
    if not keeps_reasoning and any(len(content) > 1 and has_reasoning(content) for content in contents):
        needed.append(f"{REASONING} left out")
    return needed


NOVA = Format(
    name=NOVA_SCHEMA,
    title=f"Nova's conversation (`{NOVA_SCHEMA}`)",
    example=f'{{"schemaVersion": "{NOVA_SCHEMA}", "system": [{{"text": "Be brief."}}], "messages": '
    '[{"role": "user", "content": [{"text": "Hi?"}]}, {"role": "assistant", "content": [{"text": "Yes."}]}]}',
    note="any `schemaVersion`, or none; `system` may be a text, empty or null; text blocks of one message are joined "
    f"by line feeds; `{REASONING}` before an answer is trained on where the base model learns it, and no part of the "
    "reference; other keys of a record and of its messages are left out",
    required=("messages",),
    recognises=_recognises,
    shape=Shape(("schemaVersion", "system", GROUP_KEY, "messages", "role", "content", "text"), _keys),
    findings=_findings,
    texts=_texts,
    to_record=_to_record,
    left_out=lambda value: [*checks.left_out_keys(value, _KEYS), *checks.left_out_of_messages(value)],
)
