"""What a record's question is about: records with the same context must not stand on both sides of a split."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lambdas.domain.dataset.formats import Record

_OPENING_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9_.-]{0,63})(?:\s[^<>]{0,200})?>")
# Bounds the search in texts with many tags that are never closed.
_UNCLOSED_TAGS = 32
# The blocks of a record that are kept: 16 bytes each.
_BLOCKS = 4


class Context(NamedTuple):
    """Digests of a record's candidates for its context: its longest blocks, longest first, and its first message."""

    blocks: tuple[bytes, ...]
    opening: bytes


def context(record: Record) -> Context:
    """The longest blocks in XML tags of the system text and the first user message, and that message itself.

    Documents and tables are put into XML tags (Anthropic's advice, repeated in AWS's guides for fine-tuning Claude).
    Instructions, lists of categories and questions are, too, so that more than one block is kept.
    """
    first = record.turns[0]
    blocks = {_normalised(block) for text in (first, record.system or "") for block in _blocks(text)} - {""}
    longest = sorted(blocks, key=lambda block: (-len(block), block))[:_BLOCKS]
    return Context(tuple(map(digest, longest)), digest(_normalised(first)))


def group_keys(contexts: Sequence[Context]) -> list[bytes]:
    """The key of each record's group: its longest block that is no instruction, else the whole first message.

    A block in half of all records or more is an instruction, or one of its two variants, and not what they ask about:
    grouping by it would leave nothing to split.
    """
    records = Counter(block for each in contexts for block in each.blocks)
    return [
        next((block for block in each.blocks if 2 * records[block] < len(contexts)), each.opening) for each in contexts
    ]


def digest(text: str) -> bytes:
    """16 bytes that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


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
