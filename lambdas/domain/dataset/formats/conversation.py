"""The checks and texts of messages with a role and a content: what the messages format and Nova's have in common."""

from collections.abc import Callable, Iterator
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats import checks
from lambdas.domain.dataset.formats.record import Text
from lambdas.domain.dataset.rules import remedies
from lambdas.domain.dataset.rules.table import RecordFinding

ContentCheck = Callable[[Any, str], Iterator[RecordFinding]]


def messages(value: Any, content: ContentCheck) -> Iterator[RecordFinding]:
    """What a list of messages breaks; `content` checks what each of them says."""
    if not isinstance(value, list):
        message = f"A list is needed, not {checks.kind(value)}."
        yield RecordFinding("wrong-type", "/messages", message, remedies.for_list(value, "messages"))
        return
    if len(value) < 2:  # a prompt and its answer
        yield RecordFinding("message-count", "/messages", f"At least 2 messages are needed; there are {len(value)}.")
    sound = len(value) > 1
    for index, message in enumerate(value):
        for finding in _message(message, f"/messages/{index}", content):
            sound = False
            yield finding
    if sound:
        yield from checks.role_order([message["role"] for message in value], "/messages")


def texts(value: JsonObject) -> Iterator[Text]:
    """The texts of a conversation."""
    if "system" in value:
        yield Text("/system", value["system"], is_answer=False)
    last = len(value["messages"]) - 1
    for index, message in enumerate(value["messages"]):
        yield Text(f"/messages/{index}/content", message["content"], is_answer=index == last)


def _message(message: Any, pointer: str, content: ContentCheck) -> Iterator[RecordFinding]:
    if not isinstance(message, dict):
        yield RecordFinding("wrong-type", pointer, f"A message is an object, not {checks.kind(message)}.")
        return
    yield from checks.misspelt_keys(message, checks.MESSAGE_KEYS, pointer, needed=checks.MESSAGE_KEYS)
    yield from checks.missing_keys(message, ("role", "content"), pointer)
    if "content" in message:
        yield from content(message["content"], f"{pointer}/content")
    if "role" in message and message["role"] not in checks.ROLES:
        role = message["role"]
        shown = f"{role[:40]!r}" if isinstance(role, str) else checks.kind(role)
        words = f"A role is user or assistant, not {shown}."
        yield RecordFinding("role", f"{pointer}/role", words, remedies.for_role(role))
