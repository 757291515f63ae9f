"""What a record's question is about: records with the same context must not stand on both sides of a split."""

import hashlib
import re
import string
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lambdas.domain.dataset.formats import Record

_WHITE_SPACE = string.whitespace.encode()
# In UTF-8: Unicode's white space, and up to 200 characters.
_SPACE = rb"(?:[\s\x1c-\x1f]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)"
_OPENING_TAG = re.compile(
    rb"<([A-Za-z][A-Za-z0-9_.-]{0,63})(?:" + _SPACE + rb"(?:[^<>\x80-\xbf][\x80-\xbf]{0,3}){0,200})?>"
)
# Bounds the search in texts with many tags that are never closed.
_UNCLOSED_TAGS = 32
# The blocks of a record that are kept, and the bytes that stand for each.
_BLOCKS, _DIGEST_BYTES = 4, 16
# Tags of what is asked about. Blocks in others may be instructions or examples, which many records share.
DOCUMENT_TAGS = {"article", "contract", "data", "doc", "document", "documents", "email", "page", "passage", "report"}
DOCUMENT_TAGS |= {"context", "source", "table", "tables", "text", "transcript"}


class Context(NamedTuple):
    """Digests of a record's candidates for its context: its longest blocks in tags, longest first.

    `documents` are those of them whose tag says that they are what is asked about.
    """

    blocks: tuple[bytes, ...] = ()
    documents: frozenset[bytes] = frozenset()


class Surrounded(NamedTuple):
    """A text in three parts: its longest block with its tags, what stands in them, and what stands around."""

    before: str
    block: str
    document: str
    after: str


class Piece(NamedTuple):
    """A part of a text: what stands in a block, with its tag; outside all blocks, with none; or a block's tag, None."""

    text: str
    tag: str | None


class _Block(NamedTuple):
    """A block's tag in lower case, and where its text begins and ends."""

    tag: str
    opening: int
    begin: int
    end: int

    @property
    def closing(self) -> int:
        """Where the text behind its closing tag begins."""
        return self.end + len(self.tag) + 3


_NO_CONTEXT = Context()


def context(record: Record, first: bytes | None = None) -> Context:
    """The longest blocks in XML tags of the system text and the first user message.

    Documents and tables are put into XML tags (Anthropic's advice, repeated in AWS's guides for fine-tuning Claude).
    Instructions, lists of categories and questions are, too, so that more than one block is kept. `first` is the
    message in UTF-8 where that is known already.
    """
    blocks: dict[bytes, str] = {}
    if "<" in record.turns[0]:
        _add_blocks(first or record.turns[0].encode(errors="replace"), blocks)
    if record.system and "<" in record.system:
        _add_blocks(record.system.encode(errors="replace"), blocks)
    blocks.pop(b"", None)
    if not blocks:
        return _NO_CONTEXT
    longest = sorted(blocks, key=lambda block: (-len(block), block))[:_BLOCKS] if len(blocks) > 1 else blocks
    # Processors have instructions for SHA-256.
    digests = {hashlib.sha256(block).digest()[:_DIGEST_BYTES]: blocks[block] for block in longest}
    return Context(tuple(digests), frozenset([each for each, tag in digests.items() if tag in DOCUMENT_TAGS]))


def split_at_document(message: str) -> Surrounded | None:
    """A message around its longest block: of those whose tag says that they are what is asked about, if there are any.

    None where nothing stands in tags, or the message cannot be stored as UTF-8.
    """
    try:
        text = message.encode()
    except UnicodeEncodeError:
        return None
    blocks = list(_blocks(text))
    documents = [block for block in blocks if block.tag in DOCUMENT_TAGS]
    longest = max(documents or blocks, key=lambda block: block.end - block.begin, default=None)
    if longest is None:
        return None
    parts = (
        text[: longest.opening],
        text[longest.opening : longest.closing],
        text[longest.begin : longest.end],
        text[longest.closing :],
    )
    return Surrounded(*(part.decode() for part in parts))


def take_apart(text: str) -> Iterator[Piece]:
    """A text in pieces around its outermost blocks; together they are the text."""
    encoded, position = text.encode(errors="surrogatepass"), 0

    def decode(start: int, end: int) -> str:
        return encoded[start:end].decode(errors="surrogatepass")

    for block in _blocks(encoded):
        yield Piece(decode(position, block.opening), "")
        yield Piece(decode(block.opening, block.begin), None)
        yield Piece(decode(block.begin, block.end), block.tag)
        yield Piece(decode(block.end, block.closing), None)
        position = block.closing
    yield Piece(decode(position, len(encoded)), "")


def digest(*parts: bytes) -> bytes:
    """16 bytes that stand for a text in UTF-8, given in parts."""
    found = hashlib.blake2b(parts[0], digest_size=16)
    for part in parts[1:]:
        found.update(part)
    return found.digest()


def _add_blocks(text: bytes, blocks: dict[bytes, str]) -> None:
    """Adds a text's blocks without white space, each with its tag."""
    for block in _blocks(text):
        blocks[text[block.begin : block.end].translate(None, _WHITE_SPACE)] = block.tag


def _blocks(text: bytes) -> Iterable[_Block]:
    """The outermost `<tag>…</tag>` blocks, in time linear in the text's length."""
    position, unclosed = 0, set[bytes]()
    while len(unclosed) < _UNCLOSED_TAGS and (opening := _OPENING_TAG.search(text, position)):
        position = opening.end()
        tag = opening[1]
        if tag in unclosed:
            continue
        end = text.find(b"</%b>" % tag, position)
        if end < 0:
            unclosed.add(tag)
            continue
        block = _Block(tag.lower().decode(), opening.start(), position, end)
        yield block
        position = block.closing
