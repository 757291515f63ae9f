"""What a record's question is about: records with the same context must not stand on both sides of a split."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lambdas.domain.formats import Record

_OPENING_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9_.-]{0,63})(?:\s[^<>]{0,200})?>")
# Bounds the search in texts with many tags that are never closed.
_UNCLOSED_TAGS = 32


class Context(NamedTuple):
    """Digests of a record's candidates for its context; None where there is no such thing."""

    user_block: bytes | None
    system_block: bytes | None
    opening: bytes


def context(record: Record) -> Context:
    """The longest block in XML tags of the first user message and of the system text, and the first user message.

    Documents and tables are put into XML tags (Anthropic's advice, repeated in AWS's guides for fine-tuning Claude);
    the longest block is taken since a question may have tags of its own.
    """
    first = record.turns[0]
    return Context(_block_digest(first), _block_digest(record.system or ""), digest(_normalised(first)))


def group_keys(contexts: Sequence[Context]) -> list[bytes]:
    """The key of each record's group.

    It is the block in the user's message, else the one in the system text, else the whole first message. A system
    block that all records share is an instruction, not what they ask about.
    """
    systems = {each.system_block for each in contexts}
    constant = contexts[0].system_block if len(systems) == 1 else None
    return [
        each.user_block or (each.system_block if each.system_block != constant else None) or each.opening
        for each in contexts
    ]


def digest(text: str) -> bytes:
    """16 bytes that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _block_digest(text: str) -> bytes | None:
    longest = max((_normalised(block) for block in _blocks(text)), key=len, default="")
    return digest(longest) if longest else None


def _blocks(text: str) -> Iterable[str]:
    """The outermost `<tag>…</tag>` blocks, in time linear in the text's length."""
    position, unclosed = 0, set[str]()
    while len(unclosed) < _UNCLOSED_TAGS and (opening := _OPENING_TAG.search(text, position)):
        position = opening.end()
        tag = opening[1]
        if tag in unclosed:
            continue
        end = text.find(f"</{tag}>", position)
        if end < 0:
            unclosed.add(tag)
            continue
        yield text[position:end]
        position = end + len(tag) + 3


def _normalised(text: str) -> str:
    return " ".join(text.split())
