"""Records whose words resemble each other or are contained, by the tokens that weigh anything.

Candidates come from an inverted index, asked for each record's rarest tokens, just so many that a larger record that
holds enough of it must have one of them (prefix filter; Chaudhuri, Ganti, Kaushik, "A primitive operator for
similarity joins in data cleaning", 2006); each is compared by all tokens. Records go from large to small, and of one
that was linked only the tokens that its larger ones lack are indexed.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lambdas.domain.dataset.split.token_table import NO_TOP, Numbers, TokenTable, Weights

CONTAINMENT = 0.7
COMMON_TOKENS = 8
RESEMBLANCE, RESEMBLING_TOKENS = 0.55, 5
# A signature of fewer tokens is looked for by resemblance; longer copies share runs of words.
SHORT = 64
POSTINGS = 32
CANDIDATES = 32
# For sums that were added up in another order.
_ROUNDED_UP = 1 + 1e-9


class Containment:
    """Compares records with others."""

    def __init__(self, tokens: TokenTable) -> None:
        self._tokens = tokens
        width, nothing = int(max(tokens.sizes, default=0)), len(tokens.counts)
        # One row a record, so that many are compared at once; what fills the rows up is a token that weighs nothing.
        self._rows = np.full((len(tokens.sizes), width), nothing, np.int32)
        self._rows[np.arange(width) < tokens.sizes[:, None]] = tokens.numbers
        self._weights: Weights = np.append(tokens.weights, 0.0)
        self._hashes: Numbers = np.append(tokens.hashes, 0)
        self._own: Weights = np.zeros(len(self._weights))
        weights = tokens.weights[tokens.numbers]
        self._totals, self._squares = tokens.sums(weights), tokens.sums(weights * weights)
        self._ones: Weights = np.ones(width)
        self._any_cut = bool((tokens.tops < NO_TOP).any())

    def linked(self, record: int, others: Numbers) -> NDArray[np.bool_]:
        """Which others hold enough of a record, or hold enough of it while it holds enough of them.

        Of a signature that was cut, tokens above its greatest hash are unknown: they are left out of the comparison.
        """
        tokens, own = self._tokens, self._tokens.of(record)
        self._own[own] = self._weights[own]
        rows = self._rows.take(others, axis=0)
        shared: Weights = self._own.take(rows)
        self._own[own] = 0.0
        all_own: Weights | float = self._totals[record]
        all_squares: Weights | float = self._squares[record]
        tops = np.minimum(tokens.tops[others], tokens.tops[record]) if self._any_cut else None
        if tops is None and len(own):
            # Most candidates share far too little, whatever it is.
            most = shared.dot(self._ones).max() * _ROUNDED_UP
            if most < RESEMBLANCE * all_own and most * self._weights[own[0]] < CONTAINMENT * all_squares:
                return np.zeros(len(others), np.bool_)
        theirs: Weights = self._totals[others]
        if tops is not None and tops.min() < NO_TOP:
            weights, is_known = self._weights[own], tokens.hashes[own] <= tops[:, None]
            all_own, all_squares = is_known @ weights, is_known @ (weights * weights)
            known = self._hashes[rows] <= tops[:, None]
            shared *= known
            theirs = np.einsum("ij,ij->i", self._weights[rows], known)
        held, squares = shared.dot(self._ones), np.einsum("ij,ij->i", shared, shared)
        contained = squares >= CONTAINMENT * all_squares
        resembles = held >= RESEMBLANCE * np.maximum(all_own, theirs)
        found: NDArray[np.bool_] = contained | resembles
        if found.any():
            common = np.count_nonzero(shared, axis=1)
            found = (contained & (common >= COMMON_TOKENS)) | (resembles & (common >= RESEMBLING_TOKENS))
        return found

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Links from large to small: a larger record and one that it holds, or that has the same tokens."""
        tokens, index = self._tokens, _Index(self._tokens)
        prefixes = self._prefixes()
        same: dict[bytes, int] = {}
        is_shared = tokens.counts[tokens.numbers] > 1
        for record in np.lexsort((np.arange(len(tokens.sizes)), -tokens.sizes)).tolist():
            own = tokens.of(record)
            first = same.setdefault(own.tobytes(), record)
            if first != record:
                if len(own):
                    yield first, record
                continue
            uncovered = own.compress(is_shared[tokens.starts[record] : tokens.ends[record]])
            near = index.near(own[: prefixes[record]])
            for other in near.compress(self.linked(record, near)).tolist() if len(near) else ():
                yield other, record
                uncovered = uncovered[~np.isin(uncovered, tokens.of(other))]
            index.add(record, uncovered)

    def _prefixes(self) -> Numbers:
        """How many of its rarest tokens each record is looked for by: the rest weighs less than a link needs."""
        tokens = self._tokens
        weights = tokens.weights[tokens.numbers]
        short = tokens.sizes < SHORT
        weighed = np.where(np.repeat(short, tokens.sizes), weights, weights * weights)
        sums: Weights = np.append(0.0, np.cumsum(weighed))
        before = sums[tokens.starts]
        allowed = (sums[tokens.ends] - before) * np.where(short, 1 - RESEMBLANCE, 1 - CONTAINMENT)
        ends: Numbers = np.searchsorted(sums, before + allowed, side="right")
        prefixes: Numbers = np.minimum(ends - tokens.starts, tokens.sizes)
        return prefixes


class _Index:
    """Which records have a token, of those that were added: the last POSTINGS of them."""

    def __init__(self, tokens: TokenTable) -> None:
        self._begins = np.cumsum(tokens.counts) - tokens.counts
        # Where the next record of each token is put.
        self._ends = self._begins.copy()
        self._records = np.empty(int(tokens.counts.sum()), np.int32)
        self._range = np.arange(POSTINGS * int(max(tokens.sizes, default=0)))

    def add(self, record: int, tokens: NDArray[np.int32]) -> None:
        """Adds a record under each of its tokens."""
        ends = self._ends.take(tokens)
        self._records[ends] = record
        ends += 1
        self._ends[tokens] = ends

    def near(self, tokens: NDArray[np.int32]) -> Numbers:
        """The CANDIDATES that have the most of the tokens."""
        ends = self._ends.take(tokens)
        sizes = np.minimum(ends - self._begins.take(tokens), POSTINGS)
        behind = sizes.cumsum()
        if not len(behind) or not behind[-1]:
            return np.empty(0, np.int64)
        ends -= behind
        places = ends.repeat(sizes)
        places += self._range[: len(places)]
        found = self._records.take(places)
        found.sort()
        is_last = np.ones(len(found), np.bool_)
        np.not_equal(found[1:], found[:-1], out=is_last[:-1])
        bounds = is_last.nonzero()[0]
        records = found.take(bounds)
        if len(records) > CANDIDATES:
            counts = bounds + 1
            counts[1:] -= bounds[:-1] + 1
            several = (counts > 1).nonzero()[0]
            if len(several) >= CANDIDATES:
                records, counts = records.take(several), counts.take(several)
            records = records.take(counts.argpartition(len(counts) - CANDIDATES)[-CANDIDATES:])
        return records.astype(np.int64)
