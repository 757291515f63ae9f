"""Which new records must not be trained on, since they tell something of a validation or test record.

A new record leaks where it stands in one group with a held-out record (the split's own rule: a shared document, copies,
near duplicates), or shares SHARED_WORDS words in a row with one. Words that the original training records share with
held-out ones, such as a template, tell nothing new and do not count.

13 words in a row are the measure by which GPT-3's authors looked for test data in training data (Brown et al.,
"Language Models are Few-Shot Learners", 2020, appendix C).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from lambdas.domain.dataset.formats.record import Record
from lambdas.domain.dataset.split.context import Context, context
from lambdas.domain.dataset.split.groups import group
from lambdas.domain.dataset.split.signature import sign_all
from lambdas.domain.dataset.split.words import Hashes, read_words

SHARED_WORDS = 13
# Tags of tables and lists are no words: a few cells would be a stretch, and the same cells without tags another one.
_MARKUP = re.compile(rb"</?(?:table|thead|tbody|tr|th|td|ul|ol|li|p|br)\s{0,4}/?>", re.IGNORECASE)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
# Texts that are read at once.
_BATCH = 256


def find_leaks(new: Sequence[Record], held_out: Iterable[Record], original: Iterable[Record]) -> set[int]:
    """The places of the new records that leak; `original` are the training records as they were given.

    Both are gone through twice, a record at a time: whoever reads them from a file holds none.
    """
    if not new:
        return set()
    sharing = _sharing_words(new, held_out, original)
    # A group of all would draw in whatever else is about the same document: one bad pair of it would cost the others.
    rest = [place for place in range(len(new)) if place not in sharing]
    grouped = _of_one_group([new[place] for place in rest], held_out, original)
    return sharing | {rest[place] for place in grouped}


def _of_one_group(new: Sequence[Record], held_out: Iterable[Record], original: Iterable[Record]) -> set[int]:
    contexts: list[Context] = []

    def read() -> Iterator[Record]:
        # The original records show which words are a template.
        for each in chain(new, held_out, original):
            contexts.append(context(each))
            yield each

    signatures = sign_all(read())
    roots = group(signatures, contexts)
    first, last = len(new), len(new) + sum(1 for _ in held_out)
    taken = set(roots[first:last])
    return {place for place, root in enumerate(roots[:first]) if root in taken}


def _sharing_words(new: Sequence[Record], held_out: Iterable[Record], original: Iterable[Record]) -> set[int]:
    stretches = _union(map(_stretches, held_out))
    for each in original:
        if not stretches.size:
            break
        stretches = np.setdiff1d(stretches, _stretches(each), assume_unique=True)
    return {place for place, each in enumerate(new) if np.isin(_stretches(each), stretches).any()}


def _union(found: Iterable[Hashes]) -> Hashes:
    """All hashes, each once, sorted; arrays are joined a batch at a time, so that few stand side by side."""
    union: NDArray[np.uint64] = np.empty(0, np.uint64)
    waiting: list[Hashes] = []
    for each in found:
        waiting.append(each)
        if len(waiting) == _BATCH:
            union, waiting = np.unique(np.concatenate([union, *waiting])), []
    return np.unique(np.concatenate([union, *waiting]))


def _stretches(record: Record) -> Hashes:
    """Hashes of each 13 words in a row of the turns, each once; the system text is no record's own."""
    words = read_words([_MARKUP.sub(b" ", turn.encode(errors="replace")) for turn in record.turns])
    parts, start = [np.empty(0, np.uint64)], 0
    for end in words.ends.tolist():
        hashes, start = words.hashes[start:end], end
        runs = len(hashes) - SHARED_WORDS + 1
        if runs > 0:
            joined = np.zeros(runs, np.uint64)
            for offset in range(SHARED_WORDS):
                joined = joined * _FACTOR + hashes[offset : offset + runs]
            parts.append(joined)
    return np.unique(np.concatenate(parts))
