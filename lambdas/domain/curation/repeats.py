"""Which new records repeat another one: the same question and answer about a nearly equal document."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from lambdas.domain.curation.documents import asked_pair
from lambdas.domain.dataset.formats.record import Record

_WORD = re.compile(r"\w+")
# Of the runs of so many words that the smaller document has, the larger one has so many: a few words were edited.
_RUN_WORDS, _ALIKE = 5, 0.7
# The work for a pair that very many documents have is bounded.
_COMPARED = 64


def find_repeats(new: Sequence[Record], original: Iterable[Record]) -> set[int]:
    """The places of the new records that repeat an original or an earlier new one."""
    pairs = [asked_pair(each) for each in new]
    wanted = set(pairs) - {None}
    known: defaultdict[tuple[str, str], list[frozenset[str]]] = defaultdict(list)
    for each in original if wanted else ():
        pair = asked_pair(each)
        if pair is not None and pair in wanted and len(known[pair]) < _COMPARED:
            known[pair].append(_runs(each))
    found = set[int]()
    for place, pair in enumerate(pairs):
        if pair is None:
            continue
        runs = _runs(new[place])
        if any(_are_alike(runs, other) for other in known[pair][-_COMPARED:]):
            found.add(place)
        else:
            known[pair].append(runs)
    return found


def _runs(record: Record) -> frozenset[str]:
    words = _WORD.findall(record.turns[0].casefold())
    return frozenset(" ".join(words[at : at + _RUN_WORDS]) for at in range(max(1, len(words) - _RUN_WORDS + 1)))


def _are_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _ALIKE * min(len(one), len(other))
