r"""Texts from outside (keys, names, settings, AWS's own messages) made safe to be shown in a terminal or a message.

What cannot be seen is spelt out: an escape character becomes `\x1b`, a change of direction `\u202e`. So no text moves a
cursor, hides a part of itself, or begins a line of its own. Links are broken, so that mail clients do not offer them.
"""

import json
import re

NAME_LENGTH = 80
SENTENCE_LENGTH = 1_000
# Visible by their category, and blank nevertheless: fillers, variation selectors, the grapheme joiner, Braille's blank.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_SCHEME = re.compile(r"(?i)\b(?!s3:)([a-z][a-z0-9+.-]{0,20}):(?=//)|\b(mailto|javascript):")
_WWW = re.compile(r"(?i)\b(www\d?)\.")
# The project's own links: an AWS console's page of a quota, the source of the prices, the terms of models,
# AWS's documentation.
_OWN_LINK = re.compile(
    r"https://[a-z0-9-]{1,30}\.console\.aws\.amazon\.com/servicequotas/home/services/[a-z0-9-]{1,30}/quotas/L-[A-Z0-9]{8}\b"
    r"|https://aws\.amazon\.com/bedrock/pricing/"
    r"|https://aws\.amazon\.com/legal/bedrock/third-party-models/"
    r"|https://docs\.aws\.amazon\.com/[a-zA-Z0-9/_.#-]{1,200}"
)
_ELLIPSIS = "…"


def visible(text: str, keep: str = "") -> str:
    """The text with everything that cannot be seen as its escape, but for the characters in `keep`."""
    if text.isprintable() and not _BLANK.search(text):
        return text
    return "".join(
        character if character in keep or is_visible(character) else _escaped(character) for character in text
    )


def is_visible(character: str) -> bool:
    """Whether a person can see the character, or sees a plain space."""
    return character.isprintable() and not _BLANK.match(character)


def without_links(text: str) -> str:
    """The text with its links broken, so that nobody follows one by a click: `http[:]//`, `www[.]`."""
    return _WWW.sub(r"\1[.]", _SCHEME.sub(lambda found: f"{found[1] or found[2]}[:]", text))


def with_own_links(text: str) -> str:
    """The text with all links but the project's own broken."""
    parts, end = [], 0
    for own in _OWN_LINK.finditer(text):
        parts += [without_links(text[end : own.start()]), own[0]]
        end = own.end()
    return "".join([*parts, without_links(text[end:])])


def name(text: str, most: int = NAME_LENGTH) -> str:
    """A name from outside in one line of at most `most` characters, without links."""
    return shortened(without_links(visible(text[: most + 1])), most)


def sentence(text: str, most: int = SENTENCE_LENGTH) -> str:
    """Words from outside, such as AWS's, in one line of at most `most` characters, without links."""
    words = " ".join(text[: 2 * most].split())
    return shortened(without_links(visible(words)), most)


def own_sentence(text: str, most: int = SENTENCE_LENGTH) -> str:
    """Words of the project's own with names from outside in them: as `sentence`, but with the project's own links."""
    words = " ".join(text[: 2 * most].split())
    return shortened(with_own_links(visible(words)), most)


def shortened(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis: at most `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}{_ELLIPSIS}"


def shortened_to_bytes(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis: at most `most` bytes as a JSON string in UTF-8."""
    if json_bytes(text) <= most:
        return text
    kept, room = 0, most - json_bytes(_ELLIPSIS)
    for character in text[:most]:
        room -= json_bytes(character) - 2
        if room < 0:
            break
        kept += 1
    return f"{text[:kept]}{_ELLIPSIS}"


def json_bytes(value: object) -> int:
    """How many bytes a value has as JSON in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _escaped(character: str) -> str:
    code = ord(character)
    short = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(character)
    if short:
        return short
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
