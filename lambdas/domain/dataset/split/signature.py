"""What grouping keeps of a record: its words, runs of words, its own words, and its last message but for a word.

A prompt is reduced to the set of its words and numbers without markup, of which the SIGNATURE_TOKENS with the smallest
hashes are kept (bottom-k sketch; Broder, "On the resemblance and containment of documents", 1997). The order of rows
and the brackets around cells leave no trace in it. What was copied word by word shows in the runs: hashes of RUN_WORDS
consecutive words, of which the RUNS_KEPT with the smallest hashes are kept.

Records are signed many at a time, in numpy.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.split.encoded_prompt import (
    ANSWER_WORDS,
    MAX_PROMPT_CHARACTERS,
    OWN_WORDS,
    Texts,
    encode_prompt,
)
from lambdas.domain.dataset.split.words import Hashes, Places, Words, mix, read_words

SIGNATURE_TOKENS, RUNS_KEPT = 512, 384
RUN_WORDS = 5
NO_PLACE = 65_535
# A message of so many words is short: one that differs in a single word asks nearly the same.
SHORT_MESSAGE = range(4, 25)
# Texts that are signed at once, about: the arrays stay in the processor's cache.
_BATCH_BYTES, _BATCH_RECORDS = 65_536, 2_048
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_FACTOR), -1, 1 << 64))
_POWERS, _INVERSE_POWERS = (
    np.full(MAX_PROMPT_CHARACTERS, factor).cumprod(dtype=np.uint64) for factor in (_FACTOR, _INVERSE)
)
# A key has the record above, then a hash, then a place; sorted, it has the first place of each hash of each record.
_16, _32, _48 = np.uint64(16), np.uint64(32), np.uint64(48)
# Of a long text, hashes are sorted that are likely to be among the smallest; this many times as many as are kept.
_LIKELY = 3


class Signature(NamedTuple):
    """Hashes, 4 bytes each, of the prompt's `tokens` (sorted), its `runs`, and the `own` words of question and answer.

    `words` is a hash of all words and how often each occurs. `places` and `own_places` have the number of a run's first
    word and of an own word in the prompt, 2 bytes each, NO_PLACE for a word of the answer. `near` has hashes of the
    last message as a whole (first) and, where it is short, without each of its words: 8 bytes each.
    """

    tokens: bytes
    words: int
    runs: bytes
    places: bytes
    own: bytes
    own_places: bytes
    near: bytes


def sign(record: Record) -> Signature:
    """A record's signature. Equal `words` mean the same words equally often, in whatever order and markup.

    A prompt that is not read to its end has `words` of its own: what is left out may make the difference.
    """
    return sign_all([record])[0]


def sign_all(records: Sequence[Record]) -> list[Signature]:
    """The signature of each record; far faster than one after the other."""
    signed: list[Signature] = []
    batch: list[Texts] = []
    size_bytes = 0
    for record in records:
        texts = encode_prompt(record).texts
        batch.append(texts)
        size_bytes += len(texts.before) + len(texts.message) + len(texts.answer)
        if size_bytes >= _BATCH_BYTES or len(batch) == _BATCH_RECORDS:
            signed += sign_texts(batch)
            batch, size_bytes = [], 0
    return [*signed, *sign_texts(batch)] if batch else signed


def sign_texts(texts: Sequence[Texts]) -> list[Signature]:
    """The signature of each record, of whose texts there are at least one; best for some 65,000 bytes at once."""
    count = len(texts)
    read = read_words([part for each in texts for part in each[:2]] + [each.answer for each in texts])
    prompts = _Prompts(read, count)
    tokens = _packed(prompts.tokens(), np.uint32)
    runs, places = prompts.runs()
    own, own_places = prompts.own()
    words = [each.rest or number for each, number in zip(texts, prompts.words().tolist(), strict=True)]
    packed = (
        _packed(runs, np.uint32),
        _packed(places, np.uint16),
        _packed(own, np.uint32),
        _packed(own_places, np.uint16),
        _packed(prompts.near(), np.uint64),
    )
    return [*map(Signature, tokens, words, *packed)]


class _Kept(NamedTuple):
    """Numbers that are kept of each record, one record after the other."""

    numbers: Hashes
    counts: Places


class _Prompts:
    """The words of prompts that stand one after the other; behind them are those of the answers."""

    def __init__(self, read: Words, count: int) -> None:
        self._read, self._count = read, count
        self._messages, self._ends = read.ends[0 : 2 * count : 2], read.ends[1 : 2 * count : 2]
        self._starts = np.append(0, self._ends[:-1])
        self._hashes = read.hashes[: self._ends[-1]]
        self._sizes = self._ends - self._starts
        self._owners = np.repeat(np.arange(count), self._sizes)
        self._places = np.arange(len(self._hashes)) - np.repeat(self._starts, self._sizes)

    def words(self) -> NDArray[np.int64]:
        """A hash of each record's words and how often each occurs."""
        sums = _sums(self._hashes)
        counted = sums[self._ends] - sums[self._starts] + self._sizes.astype(np.uint64)
        return mix(counted).view(np.int64)

    def tokens(self) -> _Kept:
        """The smallest hashes of each record's tokens."""
        words = self._read.token_words
        inside = words < len(self._hashes)
        keys = _keys(self._owners[words[inside]], _32) | (self._read.tokens[inside] >> _32)
        keys.sort()
        return self._kept(keys[_is_first(keys)], _32, SIGNATURE_TOKENS)

    def runs(self) -> tuple[_Kept, _Kept]:
        """The runs of each record that are kept, and their places, in the order of their places."""
        last = max(0, len(self._hashes) - RUN_WORDS + 1)
        codes = np.zeros(last, np.uint64)
        for word in range(RUN_WORDS):
            codes = codes * _FACTOR + self._hashes[word : word + last]
        codes = codes >> _32
        ends = self._places[:last] > np.repeat(self._sizes - RUN_WORDS, self._sizes)[:last]
        # Of a long text most hashes are too large to be kept.
        limits = np.minimum((_LIKELY * RUNS_KEPT << 32) // np.maximum(self._sizes, 1), 1 << 32).astype(np.uint64)
        is_long = bool((limits < 1 << 32).any())
        likely = ~ends & (codes < limits[self._owners[:last]]) if is_long else ~ends
        kept = self._smallest_runs(codes, np.flatnonzero(likely))
        if is_long and ((kept.counts < RUNS_KEPT) & (limits < 1 << 32)).any():
            kept = self._smallest_runs(codes, np.flatnonzero(~ends))
        places = (kept.numbers & np.uint64(0xFFFF)).astype(np.int64) + np.repeat(self._starts, kept.counts)
        is_kept = np.zeros(last, np.bool_)
        is_kept[places] = True
        places = np.flatnonzero(is_kept)
        return _Kept(codes[places], kept.counts), _Kept(self._places[places].astype(np.uint64), kept.counts)

    def _smallest_runs(self, codes: Hashes, begins: Places) -> _Kept:
        """A run that comes again counts where it came first."""
        keys = _keys(self._owners[begins], _48) | codes[begins] << _16 | self._places[begins].astype(np.uint64)
        keys.sort()
        return self._kept(keys[_is_first(keys >> _16)], _48, RUNS_KEPT)

    def own(self) -> tuple[_Kept, _Kept]:
        """Tokens of either end of each question, and of the answer, with their last places in the prompt."""
        answer_ends = self._read.ends[2 * self._count :].tolist()
        messages, ends = self._messages.tolist(), self._ends.tolist()
        is_own = np.zeros(len(self._read.hashes), np.bool_)
        for message, end, answer, answer_end in zip(
            messages, ends, [ends[-1], *answer_ends], answer_ends, strict=False
        ):
            is_own[message : min(message + OWN_WORDS, end)] = True
            is_own[max(message, end - OWN_WORDS) : end] = True
            is_own[answer : min(answer + ANSWER_WORDS, answer_end)] = True
        tokens = np.flatnonzero(is_own[self._read.token_words])
        words = self._read.token_words[tokens]
        in_prompt = words < len(self._hashes)
        asked, told = words[in_prompt], words[~in_prompt]
        owners = np.append(self._owners[asked], np.searchsorted(answer_ends, told, side="right"))
        places = np.append(self._places[asked], np.full(len(told), NO_PLACE)).astype(np.uint64)
        codes = self._read.tokens[np.append(tokens[in_prompt], tokens[~in_prompt])] >> _32
        keys = _keys(owners, _48) | codes << _16 | places
        keys.sort()
        kept = self._kept(keys[_is_first(keys[::-1] >> _16)[::-1]], _48, len(keys))
        return _Kept(kept.numbers >> _16, kept.counts), kept

    def near(self) -> _Kept:
        """Hashes of each last message: of all its words and, where it is short, without each of them."""
        weighted = self._hashes * _POWERS[self._places]
        sums = _sums(weighted)
        # As if the message stood at the beginning.
        moved = _INVERSE_POWERS[self._messages - self._starts]
        whole = (sums[self._ends] - sums[self._messages]) * moved
        sizes = self._ends - self._messages
        short = np.flatnonzero((sizes >= SHORT_MESSAGE.start) & (sizes < SHORT_MESSAGE.stop))
        owners = np.repeat(short, sizes[short])
        words = np.arange(len(owners)) + np.repeat(self._ends[short] - np.cumsum(sizes[short]), sizes[short])
        # What stands behind the word that is left out moves one place to the front.
        before = (sums[words] - sums[self._messages[owners]]) * moved[owners]
        without = before + (whole[owners] - before - weighted[words] * moved[owners]) * _INVERSE
        order = np.lexsort((without, owners))
        without, owners = without[order], owners[order]
        differs = _is_first(without) | _is_first(owners)
        without, owners = without[differs], owners[differs]
        # The whole message stands before the others.
        places = np.searchsorted(owners, np.arange(self._count))
        return _Kept(np.insert(without, places, whole), np.bincount(owners, minlength=self._count) + 1)

    def _kept(self, keys: Hashes, record_bits: np.uint64, most: int) -> _Kept:
        """The first numbers of each record, of sorted keys."""
        owners = (keys >> record_bits).astype(np.int64)
        starts = np.searchsorted(owners, np.arange(self._count))
        kept = keys[np.arange(len(keys)) - starts[owners] < most]
        return _Kept(kept, np.minimum(np.diff(np.append(starts, len(keys))), most))


def _sums(numbers: Hashes) -> Hashes:
    """What the numbers before each place add up to."""
    sums = np.zeros(len(numbers) + 1, np.uint64)
    np.cumsum(numbers, out=sums[1:])
    return sums


def _keys(owners: Places, bits: np.uint64) -> Hashes:
    return owners.astype(np.uint64) << bits


def _is_first(ordered: Hashes | Places) -> NDArray[np.bool_]:
    """Which numbers differ from the one before."""
    found = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=found[1:])
    return found


def _packed(kept: _Kept, kind: type[np.unsignedinteger]) -> Iterable[bytes]:
    """The last bits of each record's numbers."""
    packed = kept.numbers.astype(kind)
    data, ends = packed.tobytes(), (np.cumsum(kept.counts) * packed.itemsize).tolist()
    return (data[start:end] for start, end in zip([0, *ends], ends, strict=False))
