"""What to do about a value of the wrong type: about this value, not about the rule."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lambdas.domain.core.did_you_mean import closest

# Whose answers would be nothing at all.
_NULL = "Fill in the text, or leave the record out: null is the absence of a text."
_NULL_OPTIONAL = "Leave the key out: null is the absence of a text."
_MESSAGES = (
    "These are messages of a conversation: put them all into one list, the prompt's first and the answer last, such as "
    '{"messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Yes."}]}.'
)
BLOCK = 'Write each block as an object, such as {"text": "Hi?"}, or the content as one text.'
_ENCODING = "Export the file as UTF-8; if it is in Windows-1252, `fine-tune convert` reads it as such."
_BY_SYNTAX: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\r"), "End lines in a line feed: a carriage return alone is none."),
    (re.compile(rb"^\{\s*'"), "Python's notation is no JSON: convert the file with `fine-tune convert`."),
    (
        re.compile(rb"\}\s*,$"),
        "Remove the comma at the end of the line: `fine-tune convert` does it for all.",
    ),
    (re.compile(rb":\s*(NaN|-?Infinity)\b"), "Write a text for NaN and Infinity, which JSON does not have."),
    (re.compile(rb":\s*(True|False|None)\b"), "Write true, false and null in small letters, as JSON does."),
    (re.compile(rb"^\s*(//|#)"), "Remove the comment: JSON has none."),
    (re.compile(rb",\s*[}\]]"), "Remove the comma after the last item."),
    (re.compile(rb"^\{.*[^}\]]$"), "Write the whole record on one line: line breaks in texts are written \\n."),
)
_SYSTEM = ("system", "developer", "instruction", "instructions")
_ROLES = {
    "user": ("human", "user", "customer", "client", "question", "prompt", "input", "person"),
    "assistant": (
        "assistant",
        "gpt",
        "bot",
        "chatgpt",
        "model",
        "ai",
        "chatbot",
        "agent",
        "answer",
        "output",
        "response",
    ),
}
_BY_TYPE: dict[type, str] = {
    list: "Join the list into one text, or write a record for each of its items.",
    dict: "Write the object as a text, such as with json.dumps, if the model should read or write JSON.",
    bool: "Write true or false in quotes, or the word that the model should use.",
    int: "Write the number in quotes: numbers are learnt as text.",
    float: "Write the number in quotes: numbers are learnt as text.",
    str: "Give the text a list of its own: docs/data-gate.md shows each format.",
}


def for_text(value: Any, *, optional: bool = False) -> str:
    """What to do where a text is needed and this is not one; `optional`: its key may be left out."""
    if value is None:
        return _NULL_OPTIONAL if optional else _NULL
    if isinstance(value, list) and value and all(isinstance(each, dict) and is_turn(each) for each in value):
        return _MESSAGES
    return _BY_TYPE[type(value)]


def for_record(value: Any) -> str:
    """What to do where a record is not an object."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        return "The line is JSON that was written as a text: `fine-tune convert` decodes it once more."
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        if is_turn(value[0]):
            return 'Put each line\'s list into an object, such as {"messages": […]}.'
        return "Write each object of the list on a line of its own."
    if isinstance(value, list):
        return 'Write the list\'s items with their keys, such as {"prompt": …, "completion": …}.'
    return 'Write an object with its keys, such as {"prompt": …, "completion": …}.'


def is_turn(value: Mapping[str, Any]) -> bool:
    """Whether an object is a message of a conversation rather than a record."""
    return "role" in value or "from" in value


def for_line(rule: str, line: bytes) -> str:
    """What to do about a line that is not JSON, or not UTF-8; empty where it shows nothing in particular."""
    text = line.rstrip()
    if rule == "encoding":
        return "" if text.isascii() else _ENCODING
    return next((remedy for pattern, remedy in _BY_SYNTAX if pattern.search(text)), "")


def for_missing_key(name: str, value: Mapping[str, Any], names: Sequence[str]) -> str:
    """What to do where a key is missing: often it is there under a name that is close; else empty."""
    meant = closest(name, [key for key in value if key not in names])
    if meant and name != "messages" and isinstance(value[meant], dict | list):
        what = "an object" if isinstance(value[meant], dict) else "a list"
        return f"Write one text of {meant!r}, which is {what}, such as its first, as {name!r}."
    return f"Rename the key {meant!r} to {name!r}." if meant else ""


def for_unknown_key(key: str, value: Mapping[str, Any], known: Collection[str]) -> str:
    """What to do about a key that the format does not have; empty where it is close to none that it has."""
    meant = closest(key, sorted(each for each in known if each not in value))
    return f"Rename it to {meant!r} if that is meant, else remove it." if meant else ""


def for_role(role: Any) -> str:
    """What to do about a role that is none; empty where it tells nothing."""
    word = role.casefold() if isinstance(role, str) else ""
    if word in _SYSTEM:
        return "Give the system text the key `system`, beside the messages."
    meant = next((meant for meant, words in _ROLES.items() if word in words), None)
    return f"Write {meant} instead." if meant else ""


def for_role_order(role: str, *, is_first: bool) -> str:
    """What to do about a message of a role that is not its turn."""
    if is_first:
        return "Begin with the user's message, or leave the first one out."
    return f"Join the two messages of the {role}, or add what was said between them."


def for_empty_text(pointer: str, *, is_answer: bool) -> str:
    """What to do about a text that is empty, by what it is for."""
    if pointer in ("/system", "/document", "/group"):
        return "Leave the key out, or fill in its text."
    return f"Fill in the {'answer' if is_answer else 'text'}, or leave the record out."


def for_list(value: Any, what: str) -> str:
    """What to do where a list is needed; `what` are its items, such as `messages`."""
    if value is None:
        return f"Fill in the {what}, or leave the record out."
    if isinstance(value, str):
        return f"Write the {what} as a list: a list written as a text is no list, so export it without quotes."
    return f"Write the {what} as a list in square brackets."
