"""Turns as OpenAI's chat format and ShareGPT's have them: the system text may be the first one, and keys may be more.

The two differ in the names of keys and roles alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats import checks
from lambdas.domain.dataset.formats.record import GROUP_KEY, Text
from lambdas.domain.dataset.rules import remedies
from lambdas.domain.dataset.rules.table import RecordFinding

_BLOCK_KEYS = ("type", "text")
_JOIN = "Join all system texts in the first message, or write this one into the user's message after it."


@dataclass(frozen=True)
class Turns:
    """The names in a format: the list's, and those of a turn's role and text; the roles as user, assistant, system."""

    key: str
    role: str
    content: str
    roles: Mapping[str, str]

    def roles_of(self, value: JsonObject) -> list[str]:
        """The role of each turn of a value of sound structure."""
        return [self.roles[turn[self.role]] for turn in value[self.key]]

    def findings(self, value: JsonObject) -> Iterator[RecordFinding]:
        """What the list of turns breaks."""
        turns, pointer = value[self.key], f"/{self.key}"
        if not isinstance(turns, list):
            yield RecordFinding("wrong-type", pointer, f"A list is needed, not {checks.kind(turns)}.")
            return
        found = [each for index, turn in enumerate(turns) for each in self._turn(turn, f"{pointer}/{index}")]
        yield from found
        if found:
            return
        roles = self.roles_of(value)
        for index, role in enumerate(roles):
            if role == "system" and index:
                message = f"A system text stands before all other messages; this is number {index + 1}."
                yield RecordFinding("role", f"{pointer}/{index}/{self.role}", message, _JOIN)
                return
        first = 1 if roles[:1] == ["system"] else 0
        if first and is_text(value.get("system")):
            message = "There is a system text in the key system already."
            yield RecordFinding("role", f"{pointer}/0/{self.role}", message, _JOIN)
        yield from self._order(turns, roles, first)

    def _order(self, turns: list[JsonObject], roles: list[str], first: int) -> Iterator[RecordFinding]:
        pointer = f"/{self.key}"
        if len(roles) - first < 2:
            beside = " beside the system text" if first else ""
            message = f"At least 2 messages are needed{beside}; there are {len(roles) - first}."
            yield RecordFinding("message-count", pointer, message)
            return
        wrong = [*checks.role_order(roles[first:], pointer, self.role, first)]
        yield from wrong
        if not wrong and turns[-1].get("weight") == 0:
            message = "The last answer has weight 0: no model is to learn it, and here it is the one that is learnt."
            yield RecordFinding("untrained-answer", f"{pointer}/{len(turns) - 1}/weight", message)

    def _turn(self, turn: Any, pointer: str) -> Iterator[RecordFinding]:
        if not isinstance(turn, dict):
            yield RecordFinding("wrong-type", pointer, f"A message is an object, not {checks.kind(turn)}.")
            return
        needed = (self.role, self.content)
        yield from checks.misspelt_keys(turn, frozenset({*needed, "weight"}), pointer, needed=needed)
        yield from checks.missing_keys(turn, needed, pointer)
        if self.role in turn and not (isinstance(turn[self.role], str) and turn[self.role] in self.roles):
            role = turn[self.role]
            shown = f"{role[:40]!r}" if isinstance(role, str) else checks.kind(role)
            message = f"A role is {', '.join(self.roles)}, not {shown}."
            yield RecordFinding("role", f"{pointer}/{self.role}", message)
        if self.content in turn:
            yield from _content(turn[self.content], f"{pointer}/{self.content}")
        if turn.get("weight") not in (None, 0, 1):
            yield RecordFinding("wrong-type", f"{pointer}/weight", "A weight is 0 or 1.")

    def texts(self, value: JsonObject) -> Iterator[Text]:
        """Its texts as they came."""
        if is_text(value.get("system")):
            yield Text("/system", value["system"], is_answer=False)
        last = len(value[self.key]) - 1
        for index, turn in enumerate(value[self.key]):
            content, pointer = turn[self.content], f"/{self.key}/{index}/{self.content}"
            if self._is_empty_system(turn):
                continue
            if isinstance(content, str):
                yield Text(pointer, content, is_answer=index == last)
                continue
            for place, block in enumerate(content):
                yield Text(f"{pointer}/{place}/text", block["text"], index == last, after_line_feed=place > 0)

    def split(self, value: JsonObject) -> tuple[str | None, list[str]]:
        """The system text, and the texts of the turns after it."""
        texts = [_joined(turn[self.content]) for turn in value[self.key]]
        first = value[self.key][0]
        if self._is_empty_system(first):
            return None, texts[1:]
        if self.roles[first[self.role]] == "system":
            return texts[0], texts[1:]
        return (value["system"] if is_text(value.get("system")) else None), texts

    def left_out(self, value: JsonObject) -> list[str]:
        """The keys of turns that are left out, each once; a weight of 0 is told apart, and an empty system text."""
        found = dict.fromkeys(["empty system text"] if self._is_empty_system(value[self.key][0]) else [])
        for turn in value[self.key]:
            for key in turn:
                if key == "weight" and turn[key] == 0 and self.roles[turn[self.role]] == "assistant":
                    found["weight 0 of an earlier answer"] = None
                elif key not in (self.role, self.content):
                    found[key] = None
            if isinstance(turn[self.content], list):
                found |= {key: None for block in turn[self.content] for key in block if key not in _BLOCK_KEYS}
        return [*found]

    def _is_empty_system(self, turn: JsonObject) -> bool:
        return self.roles[turn[self.role]] == "system" and not is_text(turn[self.content])


def is_text(value: Any) -> bool:
    """Whether an optional text is there: neither null nor empty."""
    return value is not None and not (isinstance(value, str) and not value.strip())


def optional_findings(value: JsonObject) -> Iterator[RecordFinding]:
    """What is wrong with a record's optional texts."""
    if is_text(value.get("system")):
        yield from checks.text(value["system"], "/system")
    yield from checks.texts(value, (GROUP_KEY,))


def _content(value: Any, pointer: str) -> Iterator[RecordFinding]:
    """A text, or a list of text blocks."""
    if not isinstance(value, list):
        yield from checks.text(value, pointer)
        return
    if not value:
        yield RecordFinding("empty-text", pointer, "There is no text block.")
    for index, block in enumerate(value):
        place = f"{pointer}/{index}"
        if not isinstance(block, dict):
            yield RecordFinding(
                "wrong-type", place, f"A text block is an object, not {checks.kind(block)}.", remedies.BLOCK
            )
            continue
        if block.get("type", "text") != "text":
            yield RecordFinding("wrong-type", f"{place}/type", "The type of a text block is text.")
        yield from checks.missing_keys(block, ("text",), place)
        if "text" in block:
            yield from checks.text(block["text"], f"{place}/text")


def _joined(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(block["text"] for block in content)
