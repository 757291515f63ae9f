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
# Texts that are signed at once, about: fewer cost more calls of numpy. A key has 16 bits for the record.
BATCH_BYTES, BATCH_RECORDS = 262_144, 4_096
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_FACTOR), -1, 1 << 64))
_POWERS, _INVERSE_POWERS = (
    np.full(MAX_PROMPT_CHARACTERS, factor).cumprod(dtype=np.uint64) for factor in (_FACTOR, _INVERSE)
)
# A key has the record above, then a hash and a place; sorted, it has the first place of each hash of each record.
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


def sign_all(records: Iterable[Record]) -> list[Signature]:
    """The signature of each record; far faster than one after the other. Few records are held at a time."""
    signed: list[Signature] = []
    batch: list[Texts] = []
    size_bytes = 0
    for record in records:
        texts = encode_prompt(record).texts
        batch.append(texts)
        size_bytes += len(texts.before) + len(texts.message) + len(texts.answer)
        if size_bytes >= BATCH_BYTES or len(batch) == BATCH_RECORDS:
            signed += sign_texts(batch)
            batch, size_bytes = [], 0
    return [*signed, *sign_texts(batch)] if batch else signed


def sign_texts(texts: Sequence[Texts]) -> list[Signature]:
    """The signature of each record, of whose texts there are at least one; best for BATCH_BYTES at once."""
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
        self._starts = np.concatenate(([0], self._ends[:-1]))
        self._hashes = read.hashes[: self._ends[-1]]
        self._sizes = self._ends - self._starts
        # The first key that each record may have, and for each word that of its record.
        self._first_keys = np.arange(count, dtype=np.uint64) << _48
        self._records = np.repeat(self._first_keys, self._sizes)
        self._places = np.arange(len(self._hashes)) - np.repeat(self._starts, self._sizes)

    def words(self) -> NDArray[np.int64]:
        """A hash of each record's words and how often each occurs."""
        sums = _sums(self._hashes)
        counted = sums[self._ends] - sums[self._starts] + self._sizes.astype(np.uint64)
        return mix(counted).view(np.int64)

    def tokens(self) -> _Kept:
        """The smallest hashes of each record's tokens."""
        read, count = self._read, len(self._hashes)
        keys = read.tokens[:count] >> _32
        keys |= self._records
        if len(read.without):
            keys = np.delete(keys, read.without[read.without < count])
        if len(read.more):
            inside = read.more_words < count
            keys = np.concatenate([keys, self._records[read.more_words[inside]] | read.more[inside] >> _32])
        keys.sort()
        return self._kept(keys.compress(_is_first(keys)), SIGNATURE_TOKENS)

    def runs(self) -> tuple[_Kept, _Kept]:
        """The runs of each record that are kept, and their places, in the order of their places."""
        last = max(0, len(self._hashes) - RUN_WORDS + 1)
        codes = self._hashes[:last].copy()
        for word in range(1, RUN_WORDS):
            codes *= _FACTOR
            codes += self._hashes[word : word + last]
        codes >>= _32
        is_begin = self._begin_runs()[:last]
        # Of a long text most hashes are too large to be kept.
        limits = np.minimum((_LIKELY * RUNS_KEPT << 32) // np.maximum(self._sizes, 1), 1 << 32).astype(np.uint64)
        is_long = bool((limits < 1 << 32).any())
        if is_long:
            likely = is_begin & (codes < np.repeat(limits, self._sizes)[:last])
            kept = self._smallest_runs(codes, np.flatnonzero(likely))
        if not is_long or ((kept.counts < RUNS_KEPT) & (limits < 1 << 32)).any():
            kept = self._smallest_runs(codes, np.flatnonzero(is_begin))
        places = (kept.numbers & np.uint64(0xFFFF)).astype(np.int64) + np.repeat(self._starts, kept.counts)
        is_kept = np.zeros(last, np.bool_)
        is_kept[places] = True
        places = np.flatnonzero(is_kept)
        return _Kept(codes[places], kept.counts), _Kept(self._places[places].astype(np.uint64), kept.counts)

    def _begin_runs(self) -> NDArray[np.bool_]:
        """Which words have enough of their record behind them for a run."""
        found = np.ones(len(self._hashes), np.bool_)
        for word in range(1, RUN_WORDS):
            last = self._ends - word
            found[last[last >= 0]] = False
        return found

    def _smallest_runs(self, codes: Hashes, begins: Places) -> _Kept:
        """A run that comes again counts where it came first."""
        keys = self._records[begins] | codes[begins] << _16 | self._places[begins].astype(np.uint64)
        keys.sort()
        return self._kept(keys.compress(_is_first(keys >> _16)), RUNS_KEPT)

    def own(self) -> tuple[_Kept, _Kept]:
        """Tokens of either end of each question, and of the answer, with their last places in the prompt."""
        read, count = self._read, len(self._hashes)
        words = self._own_words()
        keys = read.tokens >> _32 << _16
        keys[:count] |= self._records
        keys[:count] |= self._places.astype(np.uint64)
        answers = np.diff(read.ends[2 * self._count - 1 :])
        keys[count:] |= np.repeat(self._first_keys | np.uint64(NO_PLACE), answers)
        if len(read.more):
            again = np.flatnonzero(words[read.more_words])
            places = keys[read.more_words[again]] & ~np.uint64(0xFFFFFFFF << 16)
            words[read.without] = False
            keys = np.concatenate([keys.compress(words), places | read.more[again] >> _32 << _16])
        else:
            words[read.without] = False
            keys = keys.compress(words)
        keys.sort()
        kept = self._kept(keys.compress(_is_first(keys[::-1] >> _16)[::-1]), len(keys))
        return _Kept(kept.numbers >> _16, kept.counts), kept

    def _own_words(self) -> NDArray[np.bool_]:
        """Whether each word is a record's own, of those of prompts and answers."""
        ends, answers = self._ends, self._read.ends[2 * self._count - 1 :]
        starts = np.concatenate([self._messages, np.maximum(self._messages, ends - OWN_WORDS), answers[:-1]])
        behind = np.concatenate(
            [np.minimum(self._messages + OWN_WORDS, ends), ends, np.minimum(answers[:-1] + ANSWER_WORDS, answers[1:])]
        )
        size = len(self._read.hashes) + 1
        return (np.cumsum(np.bincount(starts, minlength=size) - np.bincount(behind, minlength=size)) > 0)[:-1]

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

    def _kept(self, keys: Hashes, most: int) -> _Kept:
        """The first numbers of each record, of sorted keys."""
        starts = np.searchsorted(keys, self._first_keys)
        counts = np.diff(starts, append=len(keys))
        if counts.max() <= most:
            return _Kept(keys, counts)
        places = np.arange(len(keys)) - np.repeat(starts, counts)
        return _Kept(keys.compress(places < most), np.minimum(counts, most))


def _sums(numbers: Hashes) -> Hashes:
    """What the numbers before each place add up to."""
    sums = np.zeros(len(numbers) + 1, np.uint64)
    np.cumsum(numbers, out=sums[1:])
    return sums


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
