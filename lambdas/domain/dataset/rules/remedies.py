"""What to do about a value of the wrong type: about this value, not about the rule."""

from typing import Any

# Whose answers would be nothing at all.
_NULL = "Fill in the text, or leave the record out: null is the absence of a text."
_NULL_OPTIONAL = "Leave the key out: null is the absence of a text."
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
    return _BY_TYPE[type(value)]


def for_list(value: Any, what: str) -> str:
    """What to do where a list is needed; `what` are its items, such as `messages`."""
    if value is None:
        return f"Fill in the {what}, or leave the record out."
    if isinstance(value, str):
        return f"Write the {what} as a list: a list written as a text is no list, so export it without quotes."
    return f"Write the {what} as a list in square brackets."
