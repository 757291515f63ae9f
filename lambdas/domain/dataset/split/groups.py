"""Groups of records with the same context, also where it was rendered otherwise, re-ordered or quoted in part.

A record's prompt is reduced to a signature: the set of its words and numbers without markup, of which the
SIGNATURE_TOKENS with the smallest hashes are kept (bottom-k sketch; Broder, "On the resemblance and containment of
documents", 1997). The order of rows and the brackets around cells leave no trace in it. Two records are linked where
the smaller signature lies in the larger one to at least CONTAINMENT by weight, and by at least COMMON_TOKENS tokens
that weigh anything. A token weighs the square of its inverse document frequency, so that a table's numbers and names
decide, while words that more than half of the records have, such as those of an instruction, neither weigh nor count.
Containment, not Jaccard similarity: one question may quote a table alone, the next the table and two paragraphs.

Candidates come from an inverted index, asked for each signature's rarest tokens, just so many that a larger signature
that holds enough of it must have one of them (prefix filter; Chaudhuri, Ganti, Kaushik, "A primitive operator for
similarity joins in data cleaning", 2006); each is checked against the whole signatures. Signatures go from large to
small, and of one that was linked only the tokens that its larger ones lack are indexed. Links are transitive; nothing
is random.

Bounds for a record: MAX_PROMPT_CHARACTERS read, SIGNATURE_TOKENS times 4 bytes kept, POSTINGS candidates for each token
that is looked up, CANDIDATES compared. The search is exact up to these bounds.
"""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log
from typing import NamedTuple
from zlib import crc32

CONTAINMENT = 0.7
COMMON_TOKENS = 8
SIGNATURE_TOKENS = 512
MAX_PROMPT_CHARACTERS = 65_536
POSTINGS = 32
CANDIDATES = 32

# ASCII letters in lower case, digits, all beyond ASCII, and the points and commas within numbers; whatever else
# separates words, the brackets of all markups among it. Names of tags stay: they are frequent and weigh little.
_WORDS = bytes(byte if byte > 127 or chr(byte).isalnum() or byte in b",." else 32 for byte in bytes(range(256)).lower())
# In words that are not plain: a number without its thousands' commas is one token, but `21,70,27` is three; Chinese and
# Japanese characters, three bytes each, are tokens.
_TOKEN = re.compile(rb"\d{1,3}(?:,\d{3}){1,9}+(?![\d,])|[\xe3-\xe9][\x80-\xbf]{2}|[^,.\xe3-\xe9]+(?:\.\d+)?")

# A table that was written as JSON within a prompt may have its characters escaped.
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


class Signature(NamedTuple):
    """`tokens`: sorted hashes, at most SIGNATURE_TOKENS; `words`: a hash of all words and how often each occurs."""

    tokens: bytes
    words: int


def signature(prompt: str) -> Signature:
    """A prompt's signature. Equal `words` mean the same words equally often, in whatever order and markup.

    A prompt that is not read to its end has `words` of its own: what follows may make the difference.
    """
    text = prompt[:MAX_PROMPT_CHARACTERS]
    if "\\u" in text:
        text = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)
    words = text.encode(errors="replace").translate(_WORDS).replace(b", ", b" ").replace(b". ", b" ").split()
    different = {*words}
    odd = {word for word in different if not word.isalnum()}
    hashes = {*map(crc32, different - odd)}
    hashes.update(crc32(token.replace(b",", b"")) for word in odd for token in _TOKEN.findall(word))
    tokens = array("I", sorted(hashes)[:SIGNATURE_TOKENS])
    whole = len(prompt) <= MAX_PROMPT_CHARACTERS
    return Signature(tokens.tobytes(), hash((len(words), sum(map(crc32, words)))) if whole else hash(prompt))


def group(signatures: Sequence[bytes], contexts: Sequence[bytes | None] = ()) -> list[int]:
    """The group of each record: the index of the group's first record.

    Takes the signatures' `tokens`, and digests of what is known to be a record's context, such as its block in XML
    tags: equal ones are linked whatever their words weigh.
    """
    frequency = Counter(token for tokens in signatures for token in array("I", tokens))
    # What most records have tells none of them apart.
    weights = {t: log(len(signatures) / n) ** 2 if 2 * n <= len(signatures) else 0.0 for t, n in frequency.items()}
    parents = list(range(len(signatures)))
    named: dict[bytes, int] = {}
    for index, context in enumerate(contexts):
        if context is not None:
            _join(parents, named.setdefault(context, index), index)
    same: dict[bytes, int] = {}
    postings: defaultdict[int, list[int]] = defaultdict(list)
    for index in sorted(range(len(signatures)), key=lambda index: (-len(signatures[index]), index)):
        packed = signatures[index]
        first = same.setdefault(packed, index)
        if first != index:
            _join(parents, first, index)
            continue
        tokens = array("I", packed)
        near = Counter(other for token in _prefix(tokens, weights) for other in postings.get(token, ())[-POSTINGS:])
        uncovered = {token for token in tokens if frequency[token] > 1}
        for other, _ in near.most_common(CANDIDATES):
            if contained(tokens, larger := array("I", signatures[other]), weights):
                _join(parents, other, index)
                uncovered.difference_update(larger)
        for token in uncovered:
            postings[token].append(index)
    return [_root(parents, index) for index in range(len(signatures))]


def contained(smaller: Sequence[int], larger: Sequence[int], weights: dict[int, float]) -> bool:
    """Whether the larger signature holds enough of the smaller one.

    Of a signature that was cut, tokens above its greatest hash are unknown: they are left out of the comparison.
    """
    top = min((each[-1] for each in (smaller, larger) if len(each) == SIGNATURE_TOKENS), default=None)
    own = {token for token in smaller if weights[token] > 0 and (top is None or token <= top)}
    common = own.intersection(larger)
    if len(common) < COMMON_TOKENS:
        return False
    return sum(weights[token] for token in common) >= CONTAINMENT * sum(weights[token] for token in own)


def _prefix(tokens: Sequence[int], weights: dict[int, float]) -> list[int]:
    """The rarest tokens, up to where the rest weighs less than a link needs."""
    rarest = sorted(tokens, key=lambda token: (-weights[token], token))
    allowed = (1 - CONTAINMENT) * sum(map(weights.__getitem__, tokens))
    for end, token in enumerate(rarest, 1):
        allowed -= weights[token]
        if allowed < 0:
            return rarest[:end]
    return rarest


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _join(parents: list[int], left: int, right: int) -> None:
    first, second = sorted((_root(parents, left), _root(parents, right)))
    parents[second] = first


def expected_leakage(groups: Sequence[int], test_records: int) -> float:
    """How many of `test_records` drawn at random would have a record of their group outside the test set, on average.

    Of a record of a group of g in N, drawn into a test set of n: all g - 1 others are drawn, too, with the probability
    C(N - g, n - g) / C(N - 1, n - 1) = (n - 1)…(n - g + 1) / ((N - 1)…(N - g + 1)).
    """
    total, leaked = len(groups), 0.0
    for size in Counter(groups).values():
        alone = 1.0
        for k in range(1, size):
            alone *= max(0, test_records - k) / (total - k)
        leaked += size / total * test_records * (1 - alone)
    return leaked
