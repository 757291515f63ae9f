"""A record's prompt in UTF-8, encoded once for all that is kept of it, and what of it is signed."""

from typing import NamedTuple

from lambdas.domain.dataset.formats import Record

MAX_PROMPT_CHARACTERS = 65_536
# How many words from either end of the question, and of the answer, are a record's own.
OWN_WORDS, ANSWER_WORDS = 48, 24
# Of a longer message, so much of its end is read: the question often stands there.
_END_CHARACTERS = 16 * OWN_WORDS


class Texts(NamedTuple):
    """What is signed of a record, in UTF-8; `rest` is 0 where that is its whole prompt, else a hash of the whole."""

    before: bytes
    message: bytes
    answer: bytes
    rest: int


class EncodedPrompt(NamedTuple):
    """The prompt's texts, joined by line feeds: all `before` its last message, with a line feed behind it, and this."""

    before: bytes
    message: bytes
    texts: Texts


def encode_prompt(record: Record) -> EncodedPrompt:
    """No character is encoded twice, and the last ones of a text that is cut hardly more often."""
    system, turns = record.system, record.turns
    before = "\n".join([system or "", *turns[:-2], ""]) if system or len(turns) > 2 else ""
    message, answer = turns[-2], _encode(turns[-1][: 16 * ANSWER_WORDS])
    if len(before) + len(message) <= MAX_PROMPT_CHARACTERS:
        first, last = before.encode(errors="replace"), message.encode(errors="replace")
        return EncodedPrompt(first or b"\n", last, Texts(first, last, answer, 0))
    rest = hash((before, message))
    most = max(MAX_PROMPT_CHARACTERS - len(message), MAX_PROMPT_CHARACTERS // 2)
    first, first_read = _encode_cut(before, most)
    room = MAX_PROMPT_CHARACTERS - min(len(before), most)
    if len(message) > room:
        last, last_read = _encode_cut(message, room - _END_CHARACTERS)
        last_read = b"%b %b" % (last_read, _encode(message[-_END_CHARACTERS:]))
    else:
        last = last_read = _encode(message)
    return EncodedPrompt(first or b"\n", last, Texts(first_read, last_read, answer, rest))


def _encode_cut(text: str, characters: int) -> tuple[bytes, bytes]:
    """The text, and its first characters."""
    if text.isascii() or len(text) <= characters:
        encoded = _encode(text)
        return encoded, encoded if len(text) <= characters else encoded[:characters]
    start = _encode(text[:characters])
    return start + _encode(text[characters:]), start


def _encode(text: str) -> bytes:
    # A rule of its own tells a lone half of a surrogate pair.
    return text.encode(errors="replace")
