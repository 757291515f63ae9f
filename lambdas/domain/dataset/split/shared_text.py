"""Texts that many records share: which of them the records are about, and which are a form that says nothing of them.

A document, a table or a page is asked about: questions and answers have its words, each other ones. A system text of a
tenant, a template of a message or a block of examples is shared by as many records, and what they say has its words no
more often than what other records say. So a text that SHARED records or more have is a form where their own words (of
question and answer) are found in it hardly more often (ASKED) than other records' words are.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import log, sqrt
from random import Random
from typing import NamedTuple

from lambdas.domain.dataset.split.context import Context
from lambdas.domain.dataset.split.repeated import Repeated
from lambdas.domain.dataset.split.signature import RUN_WORDS, Signature

# Fewer records than this share a text by being about it.
SHARED = 8
ASKED, CERTAIN = 0.1, 2.5
# A text of fewer runs is a phrase.
_RUNS_OF_A_TEXT = 8
_SAMPLE = 32
_ENOUGH_SAID = 64
# The work for a data set is bounded: most have a few such texts.
_MOST_TEXTS = 2_000


class Forms(NamedTuple):
    """The words of forms, by record, but for what it says itself; runs that link nothing; blocks that are forms."""

    words: Mapping[int, set[int]]
    runs: set[int]
    blocks: set[bytes]


class _Shared(NamedTuple):
    """A text that several records have: the runs of its words, or the block in tags that it is."""

    members: list[int]
    runs: list[int]
    block: bytes | None = None


def find_forms(
    signatures: Sequence[Signature],
    contexts: Sequence[Context],
    frequencies: Callable[[set[int]], Mapping[int, int]],
    repeated: Repeated,
) -> Forms:
    """The forms among the texts that records share.

    `frequencies` says how many records have each of some tokens, `repeated` which runs of words several have.
    """
    words: defaultdict[int, set[int]] = defaultdict(set)
    shared_runs = {run for run, n in repeated.counts.items() if n >= SHARED}
    runs, forms = set(shared_runs), set[bytes]()
    texts = [*_texts_of_runs(repeated, shared_runs), *_texts_of_blocks(contexts)]
    common = [_common_words(text.members, signatures) for text in texts]
    vocabulary = set[int]().union(*common)
    asked = _Asked(signatures, frequencies(vocabulary), vocabulary, shared_runs)
    for text, its_words in zip(texts, common, strict=True):
        alike = asked.alike(text.members)
        if 2 * len(text.members) < len(signatures) and asked.is_asked_about(text.members, its_words, alike):
            runs.difference_update(text.runs)
            continue
        if text.block is not None:
            forms.add(text.block)
        for member in text.members:
            words[member] |= its_words.difference(asked.own(member) - alike)
    return Forms(words, runs, forms)


def _texts_of_runs(repeated: Repeated, shared: set[int]) -> list[_Shared]:
    """Runs that the same records have are of one text; the longest texts first."""
    draw = Random(0)  # noqa: S311 - repeatable, not secret
    marks = [draw.getrandbits(64) for _ in repeated.of]
    # The sum over the records that have a run stands for these records.
    sums: defaultdict[int, int] = defaultdict(int)
    for mark, runs in zip(marks, repeated.of, strict=True):
        for run in shared.intersection(runs):
            sums[run] += mark
    runs_of: defaultdict[int, list[int]] = defaultdict(list)
    for run, total in sums.items():
        runs_of[total].append(run)
    texts = sorted((each for each in runs_of.values() if len(each) >= _RUNS_OF_A_TEXT), key=len, reverse=True)
    first = {runs[0]: _Shared([], runs) for runs in texts[:_MOST_TEXTS]}
    for index, runs in enumerate(repeated.of):
        for run in first.keys() & runs:
            first[run].members.append(index)
    return list(first.values())


def _texts_of_blocks(contexts: Sequence[Context]) -> list[_Shared]:
    """Blocks in tags. A tag such as `table` says that its block is asked about, unless half of the records have it."""
    members: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, each in enumerate(contexts):
        for block in each.blocks:
            members[block].append(index)
    documents = {block for each in contexts for block in each.documents}
    least = {True: (len(contexts) + 1) // 2, False: SHARED}
    found = (_Shared(at, [], block) for block, at in members.items() if len(at) >= least[block in documents])
    return sorted(found, key=lambda text: -len(text.members))[:_MOST_TEXTS]


def _common_words(members: Sequence[int], signatures: Sequence[Signature]) -> set[int]:
    """The words that a sample of records have in common: those of the text, and words of the language."""
    return set.intersection(*({*array("I", signatures[member].tokens)} for member in _sample(members)))


class _Asked:
    """Whether records ask about a text that they have; `vocabulary` has the words of all such texts."""

    def __init__(
        self,
        signatures: Sequence[Signature],
        frequency: Mapping[int, int],
        vocabulary: set[int],
        shared_runs: set[int],
    ) -> None:
        self._signatures, self._frequency = signatures, frequency
        self._vocabulary, self._shared_runs = vocabulary, shared_runs

    def alike(self, members: Sequence[int]) -> set[int]:
        """What most of the records say as their own: a part of what they share, such as its last words."""
        own = [self.own(index) for index in _sample(members)]
        return {word for word, n in Counter(word for each in own for word in each).items() if 2 * n > len(own)}

    def is_asked_about(self, members: Sequence[int], text: set[int], alike: set[int]) -> bool:
        """Whether the own words of the records that have a text are in it more often than those of other records.

        Where they say too little to tell, it is. Where they say enough, and nothing that shared texts say, it is not.
        """
        inside = {*members}
        theirs = self._found(members, text, alike)
        others = self._found([index for index in range(len(self._signatures)) if index not in inside], text, alike)
        if theirs.size < SHARED or others.size < SHARED:
            return sum(len(self.own(index) - alike) for index in _sample(members)) < _ENOUGH_SAID
        pooled = (theirs.share * theirs.size + others.share * others.size) / (theirs.size + others.size)
        error = sqrt(pooled * (1 - pooled) * (1 / theirs.size + 1 / others.size))
        return theirs.share - others.share >= max(ASKED, CERTAIN * error)

    def _found(self, indexes: Sequence[int], text: set[int], alike: set[int]) -> "_Share":
        """How many of the records' own words that any shared text has this one has; rare words count more."""
        total = squares = found = 0.0
        for index in _sample(indexes):
            for word in self._vocabulary.intersection(self.own(index)) - alike:
                weight = log(len(self._signatures) / self._frequency.get(word, 1))
                total, squares = total + weight, squares + weight * weight
                found += weight if word in text else 0.0
        return _Share(found / total, total * total / squares) if squares else _Share(0.0, 0.0)

    def own(self, index: int) -> set[int]:
        """A record's own words that are in no run of words that other records have, too."""
        each = self._signatures[index]
        covered = {
            place + word
            for run, place in zip(array("I", each.runs), array("H", each.places), strict=True)
            if run in self._shared_runs
            for word in range(RUN_WORDS)
        }
        places = zip(array("I", each.own), array("H", each.own_places), strict=True)
        return {word for word, place in places if place not in covered}


class _Share(NamedTuple):
    """A share, and of how many equal ones it would be as certain."""

    share: float
    size: float


def _sample(indexes: Sequence[int]) -> Sequence[int]:
    return indexes[:: -(-len(indexes) // _SAMPLE)] if indexes else indexes
