"""The words of many texts at once, as hashes of 64 bits, in numpy: no Python object is made for a word.

ASCII letters count in lower case, digits, all beyond ASCII, and the points and commas within numbers; whatever else
separates words, the brackets of all markups among it. Names of tags stay: they are frequent and weigh little.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

# All that is kept beside them is greater.
_SPACE, _COMMA, _POINT = b" ,."
_WORDS = bytes(byte if byte > 127 or chr(byte).isalnum() or byte in b",." else 32 for byte in bytes(range(256)).lower())
# In words that are not plain: a number without its thousands' commas is one token, but `21,70,27` is three; Chinese and
# Japanese characters, three bytes each, are tokens.
_TOKEN = re.compile(rb"\d{1,3}(?:,\d{3}){1,9}+(?![\d,])|[\xe3-\xe9][\x80-\xbf]{2}|[^,.\xe3-\xe9]+(?:\.\d+)?")
_FIRST_CJK, _CJK_BYTES = 0xE3, 7
# A table that was written as JSON within a prompt may have its characters escaped.
_ESCAPED = re.compile(rb"\\u([0-9a-fA-F]{4})")

# Points or commas at the end of a word that are no part of it.
_ENDINGS = 3
# Words are hashed 8 bytes at a time; of longer ones the whole is hashed as well.
_LONG_WORD = 64
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
_FIRST_FACTOR, _SECOND_FACTOR = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_HALF = np.uint64(33)


class Words(NamedTuple):
    """Words in the order of the texts; `ends` has for each text the number of the word behind its last one.

    `tokens` are hashes of words, or of the first part of those that are not plain; `more` has the hashes of their
    further parts, `more_words` the word of each of these. `without` are the words of punctuation alone, without a
    token.
    """

    hashes: Hashes
    ends: Places
    tokens: Hashes
    more: Hashes
    more_words: Places
    without: Places


def read_words(texts: Sequence[bytes]) -> Words:
    """The words of all texts, given in UTF-8; each text begins a word of its own."""
    parts = [*map(_with_characters, texts)]
    data = b" ".join([*parts, b" " * 8]).translate(_WORDS)
    characters = np.frombuffer(data, np.uint8)
    starts, ends = _bounds(characters)
    hashes = _hashes(data, starts, ends)
    text_ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)) + 1)
    odd = _odd(characters, starts, ends, is_ascii=data.isascii())
    return Words(hashes, np.searchsorted(starts, text_ends), *_tokens(data, hashes, starts, ends, odd))


def mix(hashes: Hashes) -> Hashes:
    """Bits that depend on all bits of the number (the finaliser of MurmurHash3)."""
    mixed = hashes ^ (hashes >> _HALF)
    mixed *= _FIRST_FACTOR
    mixed ^= mixed >> _HALF
    mixed *= _SECOND_FACTOR
    mixed ^= mixed >> _HALF
    return mixed


def _with_characters(text: bytes) -> bytes:
    """The text with its escaped characters written as they are."""
    # One byte is found faster than two.
    if b"\\" in text and b"\\u" in text:
        return _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)).encode(errors="replace"), text)
    return text


def _bounds(characters: NDArray[np.uint8]) -> tuple[Places, Places]:
    """Where words begin and end, without the punctuation at their ends."""
    inside = np.zeros(len(characters) + 1, np.bool_)
    np.not_equal(characters, _SPACE, out=inside[1:])
    bounds = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = bounds[::2].copy(), bounds[1::2].copy()
    closing = np.flatnonzero(characters[ends - 1] <= _POINT)
    is_empty = False
    for _ in range(_ENDINGS):
        if not len(closing):
            break
        ends[closing] -= 1
        rest = closing[ends[closing] > starts[closing]]
        is_empty |= len(rest) < len(closing)
        closing = rest[characters[ends[rest] - 1] <= _POINT]
    if is_empty:
        kept = ends > starts
        starts, ends = starts[kept], ends[kept]
    return starts, ends


def _odd(characters: NDArray[np.uint8], starts: Places, ends: Places, *, is_ascii: bool) -> Places:
    """The numbers of the words that are not plain."""
    found = (characters == _COMMA) | (characters == _POINT)
    if not is_ascii:
        found |= (characters - np.uint8(_FIRST_CJK)) < _CJK_BYTES
    places = np.flatnonzero(found)
    words = np.searchsorted(starts, places, side="right") - 1
    # The punctuation at the end of a word is behind it.
    return np.unique(words[(words >= 0) & (places < ends[words])]) if len(starts) else words[:0]


def _tokens(
    data: bytes, hashes: Hashes, starts: Places, ends: Places, odd: Places
) -> tuple[Hashes, Hashes, Places, Places]:
    if not len(odd):
        return hashes, hashes[:0], odd, odd
    found = [
        [token.replace(b",", b"") for token in _TOKEN.findall(data[start:end])]
        for start, end in zip(starts[odd].tolist(), ends[odd].tolist(), strict=True)
    ]
    tokens = [token for each in found for token in each]
    sizes = np.fromiter(map(len, tokens), np.int64, len(tokens))
    behind = np.cumsum(sizes)
    parts = _hashes(b"".join([*tokens, b" " * 8]), behind - sizes, behind)
    counts = np.fromiter(map(len, found), np.int64, len(found))
    is_first = np.zeros(len(parts), np.bool_)
    has_any = counts > 0
    is_first[(np.cumsum(counts) - counts)[has_any]] = True
    plain_or_first = hashes.copy()
    plain_or_first[odd[has_any]] = parts[is_first]
    its_words = np.repeat(odd, counts)
    return plain_or_first, parts[~is_first], its_words[~is_first], odd[~has_any]


def _hashes(data: bytes, starts: Places, ends: Places) -> Hashes:
    """Hashes of parts of the data, which has 8 bytes behind the last one."""
    eights: Hashes = np.ndarray((len(data) - 7,), "<u8", buffer=data, strides=(1,))
    sizes = ends - starts
    hashes = mix(eights.take(starts) & _MASKS.take(sizes, mode="clip"))
    longer = np.flatnonzero(sizes > 8)
    for place in range(8, _LONG_WORD, 8):
        if not len(longer):
            return hashes
        rest = sizes[longer] - place
        rest_of_words = eights.take(starts[longer] + place) & _MASKS.take(rest, mode="clip")
        hashes[longer] = mix(hashes[longer] + rest_of_words)
        longer = longer[rest > 8]
    for word in longer.tolist():
        hashes[word] ^= np.uint64(crc32(data[starts[word] : ends[word]]) << 32)
    return hashes
