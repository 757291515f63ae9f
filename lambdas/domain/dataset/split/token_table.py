"""The tokens of all records that weigh anything, in arrays: each record's from the rarest to the most frequent."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lambdas.domain.dataset.split.signature import SIGNATURE_TOKENS, Signature

Numbers = NDArray[np.int64]
Weights = NDArray[np.float64]
# Greater than all hashes: nothing of the record is unknown.
NO_TOP = 1 << 32


class Frequencies:
    """How many records have each token of their signatures."""

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self.hashes = np.frombuffer(b"".join(each.tokens for each in signatures), np.uint32)
        self.sizes: Numbers = np.array([len(each.tokens) // self.hashes.itemsize for each in signatures], np.int64)
        self.vocabulary, self._counts = np.unique(self.hashes, return_counts=True)

    @cached_property
    def numbers(self) -> NDArray[np.int32]:
        """The place of each hash in the vocabulary."""
        return np.searchsorted(self.vocabulary, self.hashes).astype(np.int32)

    def of(self, tokens: set[int]) -> dict[int, int]:
        """How many records have each of these tokens, which some of them have."""
        asked = np.fromiter(tokens, np.uint32, len(tokens))
        if not len(self.vocabulary):
            return {}
        places = np.minimum(np.searchsorted(self.vocabulary, asked), len(self.vocabulary) - 1)
        known = self.vocabulary[places] == asked
        return dict(zip(asked[known].tolist(), self._counts[places[known]].tolist(), strict=True))


class TokenTable:
    """Tokens are numbered from the rarest; what more than half of the records have weighs nothing and is left out.

    Of a record that has forms, `left_out` has the tokens of these.
    """

    def __init__(self, frequencies: Frequencies, left_out: Mapping[int, set[int]]) -> None:
        records, size = len(frequencies.sizes), len(frequencies.vocabulary)
        numbers, owners = frequencies.numbers, np.repeat(np.arange(records, dtype=np.int32), frequencies.sizes)
        if left_out:
            kept = _without(frequencies, left_out)
            numbers, owners = numbers[kept], owners[kept]
        counts = np.bincount(numbers, minlength=size)
        weighty = (counts <= records / 2)[numbers]
        order = np.argsort(counts, kind="stable")
        ranks = np.empty(size, np.uint64)
        ranks[order] = np.arange(size, dtype=np.uint64)
        keys = owners[weighty].astype(np.uint64) << np.uint64(32) | ranks[numbers[weighty]]
        keys.sort()
        self.numbers: NDArray[np.int32] = keys.astype(np.uint32).astype(np.int32)
        self.sizes: Numbers = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=records)
        self.ends: Numbers = np.cumsum(self.sizes)
        self.starts: Numbers = self.ends - self.sizes
        self.counts: Numbers = counts[order]
        self.weights: Weights = np.log(records / np.maximum(self.counts, 1))
        self.hashes = frequencies.vocabulary[order].astype(np.int64)
        self.tops = _tops(frequencies)

    def of(self, record: int) -> NDArray[np.int32]:
        """A record's tokens."""
        return self.numbers[self.starts[record] : self.ends[record]]

    def sums(self, weights: Weights) -> Weights:
        """What weights of all records' tokens add up to for each record."""
        sums: Weights = np.append(0.0, np.cumsum(weights))
        return sums[self.ends] - sums[self.starts]


def _without(frequencies: Frequencies, left_out: Mapping[int, set[int]]) -> NDArray[np.bool_]:
    kept = np.ones(len(frequencies.hashes), np.bool_)
    ends = np.cumsum(frequencies.sizes)
    for record, tokens in left_out.items():
        place = slice(ends[record] - frequencies.sizes[record], ends[record])
        kept[place] = ~np.isin(frequencies.hashes[place], np.fromiter(tokens, np.uint32, len(tokens)))
    return kept


def _tops(frequencies: Frequencies) -> Numbers:
    """The greatest hash of each signature that was cut: whether its record has tokens above it is not known."""
    tops = np.full(len(frequencies.sizes), NO_TOP)
    cut = frequencies.sizes == SIGNATURE_TOKENS
    tops[cut] = frequencies.hashes[np.cumsum(frequencies.sizes)[cut] - 1]
    return tops
