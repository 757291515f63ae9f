"""Answers of multiple choice: which letter an answer names. "A" is no article here."""

import re

LETTERS = "ABCDEFGH"
_REFERENCE = re.compile(rf"\s*[(\[]?([{LETTERS}{LETTERS.lower()}])[)\].:]?\s*")
# "(B)", "B.", "B) Paris", "**B**" at the start; "B" alone between words is told by "answer is" or brackets.
_FIRST = re.compile(rf"\W{{0,4}}([{LETTERS}])(?:[)\].:*]|\s*$)")
# A small letter that a word follows is none: "The answer is a river". Neither is one of "A or B", nor of "A is wrong".
_LETTER = (
    rf"\W{{0,4}}(?i:is\b)?\W{{0,6}}([{LETTERS}]\b|[{LETTERS.lower()}]\b(?!\s+\w))"
    rf"(?!\W*(?:\bor\b|\band\b|,|/)\W*[{LETTERS}]\b)(?!\W+(?:is|are)\s+(?:not|wrong|incorrect|false)\b)"
)
_NAMED = re.compile(rf"\b(?i:answer|option|choice)\b{_LETTER}")
# What an answer concludes with counts more than the options that it goes through before.
_CONCLUDED = re.compile(rf"\b(?i:answer)\b{_LETTER}")
_IN_BRACKETS = re.compile(rf"[(\[]([{LETTERS}])[)\]]")


def is_choice(text: str) -> bool:
    """Whether a text is one letter of A to H, in brackets or with a full stop or not."""
    return _REFERENCE.fullmatch(text) is not None


def choice(text: str) -> str | None:
    """The letter of a text that is nothing else; None where it is more."""
    found = _REFERENCE.fullmatch(text)
    return found[1].upper() if found else None


def choice_match(response: str, reference: str) -> float | None:
    """100 where the answer is the reference's letter alone, else 0; None where the reference is no letter."""
    wanted = choice(reference)
    return None if wanted is None else 100.0 if choice(response) == wanted else 0.0


def named_choice(response: str) -> str | None:
    """The letter that an answer names in a phrase, such as "B) Paris" or "The answer is (B)"; None where unclear."""
    if (alone := choice(response)) is not None:
        return alone
    concluded: set[str] = {found.upper() for found in _CONCLUDED.findall(response)}
    if len(concluded) == 1:
        return concluded.pop()
    if first := _FIRST.match(response):
        return first[1].upper()
    named = {found.upper() for found in (*_NAMED.findall(response), *_IN_BRACKETS.findall(response))}
    return named.pop() if len(named) == 1 else None
