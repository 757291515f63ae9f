"""Which new records must not be trained on, since they tell something of a validation or test record.

A new record leaks where it asks about a document of a held-out record, has the question and the answer of one, stands
in one group with one (the split's own rule: a shared document, copies, near duplicates), or shares SHARED_WORDS words
in a row with one. Words that several documents' original training records share with held-out ones, such as a template,
tell nothing new and do not count, nor does a pair that an original record has about whatever document.

13 words in a row are the measure by which GPT-3's authors looked for test data in training data (Brown et al.,
"Language Models are Few-Shot Learners", 2020, appendix C).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from lambdas.domain.curation.documents import asked_pair, content_digest, document_digest, documents_of
from lambdas.domain.dataset.formats.record import Record
from lambdas.domain.dataset.split.context import Context, context
from lambdas.domain.dataset.split.groups import group
from lambdas.domain.dataset.split.signature import sign_all
from lambdas.domain.dataset.split.words import Hashes, read_words

SHARED_WORDS = 13
# Words of a template are in original records about so many documents, or in half of a smaller data set's.
_TEMPLATE_DOCUMENTS = 8
# Tags of tables and lists are no words: a few cells would be a stretch, and the same cells without tags another one.
_MARKUP = re.compile(rb"</?(?:table|thead|tbody|tr|th|td|ul|ol|li|p|br)\s{0,4}/?>", re.IGNORECASE)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
# Texts that are read at once.
_BATCH = 256


def find_leaks(new: Sequence[Record], held_out: Iterable[Record], original: Iterable[Record]) -> set[int]:
    """The places of the new records that leak; `original` are the training records as they were given.

    Both are gone through several times, a record at a time: whoever reads them from a file holds none.
    """
    if not new:
        return set()
    sharing = _same_pairs(new, held_out, original) | _same_documents(new, held_out)
    sharing |= _sharing_words(new, held_out, original)
    # A group of all would draw in whatever else is about the same document: one bad pair of it would cost the others.
    rest = [place for place in range(len(new)) if place not in sharing]
    grouped = _of_one_group([new[place] for place in rest], held_out, original)
    return sharing | {rest[place] for place in grouped}


def _same_documents(new: Sequence[Record], held_out: Iterable[Record]) -> set[int]:
    """The records about a document of a held-out record, even where most records share that document."""
    secret = set[str]().union(*map(documents_of, held_out))
    return {place for place, each in enumerate(new) if document_digest(each.turns[0]) in secret}


def _same_pairs(new: Sequence[Record], held_out: Iterable[Record], original: Iterable[Record]) -> set[int]:
    pairs = [asked_pair(each) for each in new]
    secret = set(pairs) & set(map(asked_pair, held_out)) - {None}
    if secret:
        secret -= set(map(asked_pair, original))
    return {place for place, pair in enumerate(pairs) if pair in secret}


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
    stretches = stretches[~_is_template(stretches, original)]
    return {place for place, each in enumerate(new) if np.isin(_stretches(each), stretches).any()}


def _is_template(stretches: Hashes, original: Iterable[Record]) -> NDArray[np.bool_]:
    """Which of the sorted stretches original records about several documents have."""
    is_template = np.zeros(len(stretches), np.bool_)
    having: defaultdict[int, set[str]] = defaultdict(set)
    documents = set[str]()
    for each in original if stretches.size else ():
        document = document_digest(each.turns[0]) or content_digest(each.turns[0])
        documents.add(document)
        own = _stretches(each)
        places = np.searchsorted(stretches, own).clip(max=len(stretches) - 1)
        places = places[(stretches[places] == own) & ~is_template[places]]
        for place in places.tolist():
            having[place].add(document)
            if len(having[place]) == _TEMPLATE_DOCUMENTS:
                is_template[place] = True
                del having[place]
    least = max(2, len(documents) // 2)
    is_template[[place for place, found in having.items() if len(found) >= least]] = True
    return is_template


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
