"""What a record's question is about: records with the same context must not stand on both sides of a split."""

import hashlib
import re
import string
from collections.abc import Iterable
from typing import NamedTuple

from lambdas.domain.dataset.formats import Record

_WHITE_SPACE = string.whitespace.encode()
_OPENING_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9_.-]{0,63})(?:\s[^<>]{0,200})?>")
# Bounds the search in texts with many tags that are never closed.
_UNCLOSED_TAGS = 32
# The blocks of a record that are kept, and the bytes that stand for each.
_BLOCKS, _DIGEST_BYTES = 4, 16
# Tags of what is asked about. Blocks in others may be instructions or examples, which many records share.
_DOCUMENTS = {"article", "contract", "data", "doc", "document", "documents", "email", "page", "passage", "report"}
_DOCUMENTS |= {"context", "source", "table", "tables", "text", "transcript"}


class Context(NamedTuple):
    """Digests of a record's candidates for its context: its longest blocks in tags, longest first.

    `documents` are those of them whose tag says that they are what is asked about.
    """

    blocks: tuple[bytes, ...] = ()
    documents: frozenset[bytes] = frozenset()


def context(record: Record) -> Context:
    """The longest blocks in XML tags of the system text and the first user message.

    Documents and tables are put into XML tags (Anthropic's advice, repeated in AWS's guides for fine-tuning Claude).
    Instructions, lists of categories and questions are, too, so that more than one block is kept.
    """
    texts = [text for text in (record.turns[0], record.system or "") if "<" in text]
    blocks = {_normalised(block): tag.lower() for text in texts for tag, block in _blocks(text)}
    blocks.pop(b"", None)
    longest = sorted(blocks, key=lambda block: (-len(block), block))[:_BLOCKS]
    digests = {_block_digest(block): blocks[block] for block in longest}
    return Context(tuple(digests), frozenset(each for each, tag in digests.items() if tag in _DOCUMENTS))


def digest(text: str) -> bytes:
    """16 bytes that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _blocks(text: str) -> Iterable[tuple[str, str]]:
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
        yield tag, text[position:end]
        position = end + len(tag) + 3


def _normalised(text: str) -> bytes:
    """The text without white space, however it was wrapped and indented."""
    return text.encode().translate(None, _WHITE_SPACE)


def _block_digest(block: bytes) -> bytes:
    # Processors have instructions for SHA-256.
    return hashlib.sha256(block).digest()[:_DIGEST_BYTES]
