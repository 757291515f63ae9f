"""Texts that many records share: which of them the records are about, and which are a form that says nothing of them.

A document, a table or a page is asked about: questions and answers have its words, each other ones. A system text of a
tenant, a template of a message or a block of examples is shared by as many records, and what they say has its words no
more often than what other records say. So a text that SHARED records or more have is a form where their own words (of
question and answer) are found in it hardly more often (ASKED) than other records' words are.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import log
from random import Random
from typing import NamedTuple

from lambdas.domain.dataset.split.context import Context
from lambdas.domain.dataset.split.signature import Signature

# Fewer records than this share a text by being about it.
SHARED = 8
ASKED = 0.1
# A text of fewer runs is a phrase.
_RUNS_OF_A_TEXT = 8
_SAMPLE = 32
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
    frequency: Mapping[int, int],
    repeated: Mapping[int, int],
) -> Forms:
    """The forms among the texts that records share.

    `frequency` and `repeated` say how many records have a token and a run of words.
    """
    words: defaultdict[int, set[int]] = defaultdict(set)
    shared_runs = {run for run, n in repeated.items() if n >= SHARED}
    runs, forms = set(shared_runs), set[bytes]()
    asked = _Asked(signatures, frequency)
    for text in [*_texts_of_runs(signatures, shared_runs), *_texts_of_blocks(contexts)]:
        common, alike = _common_words(text.members, signatures), asked.alike(text.members)
        if 2 * len(text.members) <= len(signatures) and asked.is_asked_about(text.members, common, alike):
            runs.difference_update(text.runs)
            continue
        if text.block is not None:
            forms.add(text.block)
        for member in text.members:
            words[member] |= common.difference({*array("I", signatures[member].own)} - alike)
    return Forms(words, runs, forms)


def _texts_of_runs(signatures: Sequence[Signature], shared: set[int]) -> list[_Shared]:
    """Runs that the same records have are of one text; the longest texts first."""
    draw = Random(0)  # noqa: S311 - repeatable, not secret
    marks = [draw.getrandbits(64) for _ in signatures]
    # The sum over the records that have a run stands for these records.
    sums: defaultdict[int, int] = defaultdict(int)
    for mark, each in zip(marks, signatures, strict=True):
        for run in shared.intersection(array("I", each.runs)):
            sums[run] += mark
    runs_of: defaultdict[int, list[int]] = defaultdict(list)
    for run, total in sums.items():
        runs_of[total].append(run)
    texts = sorted((each for each in runs_of.values() if len(each) >= _RUNS_OF_A_TEXT), key=len, reverse=True)
    first = {runs[0]: _Shared([], runs) for runs in texts[:_MOST_TEXTS]}
    for index, each in enumerate(signatures):
        for run in first.keys() & array("I", each.runs):
            first[run].members.append(index)
    return list(first.values())


def _texts_of_blocks(contexts: Sequence[Context]) -> list[_Shared]:
    """Blocks in tags. A tag such as `table` says that its block is asked about, unless most records have it."""
    members: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, each in enumerate(contexts):
        for block in each.blocks:
            members[block].append(index)
    documents = {block for each in contexts for block in each.documents}
    least = {True: len(contexts) // 2 + 1, False: SHARED}
    found = (_Shared(at, [], block) for block, at in members.items() if len(at) >= least[block in documents])
    return sorted(found, key=lambda text: -len(text.members))[:_MOST_TEXTS]


def _common_words(members: Sequence[int], signatures: Sequence[Signature]) -> set[int]:
    """The words that a sample of records have in common: those of the text, and words of the language."""
    return set.intersection(*({*array("I", signatures[member].tokens)} for member in _sample(members)))


class _Asked:
    """Whether records ask about a text that they have."""

    def __init__(self, signatures: Sequence[Signature], frequency: Mapping[int, int]) -> None:
        self._signatures, self._frequency = signatures, frequency

    def alike(self, members: Sequence[int]) -> set[int]:
        """What most of the records say as their own: a part of what they share, such as its last words."""
        own = self._own(members)
        return {word for word, n in Counter(word for each in own for word in each).items() if 2 * n > len(own)}

    def is_asked_about(self, members: Sequence[int], text: set[int], alike: set[int]) -> bool:
        """Whether the own words of the records that have a text are in it more often than those of other records."""
        own = self._own(members)
        inside = {*members}
        elsewhere = self._own([index for index in range(len(self._signatures)) if index not in inside])
        return self._share(own, text, alike) - self._share(elsewhere, text, alike) >= ASKED

    def _own(self, indexes: Sequence[int]) -> list[set[int]]:
        return [{*array("I", self._signatures[index].own)} for index in _sample(indexes)]

    def _share(self, said: Sequence[set[int]], text: set[int], alike: set[int]) -> float:
        """How much of what each record says is in the text, on average; rare words count more."""
        shares = []
        for words in said:
            total = self._weight(words - alike)
            shares.append(self._weight((words - alike) & text) / total if total else 0.0)
        return sum(shares) / len(shares) if shares else 0.0

    def _weight(self, words: set[int]) -> float:
        return sum(log(len(self._signatures) / self._frequency.get(word, 1)) for word in words)


def _sample(indexes: Sequence[int]) -> Sequence[int]:
    return indexes[:: -(-len(indexes) // _SAMPLE)] if indexes else indexes
