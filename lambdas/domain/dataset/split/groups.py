"""Groups of records with the same context, also where it was rendered otherwise, re-ordered, quoted in part or edited.

A record's words are those of its signature without those of forms, such as a template that many records share
(`shared_text.py`). A token weighs by its inverse document frequency; what more than half of the records have does not
weigh or count. Two records are linked

- where the smaller lies in the larger one to at least CONTAINMENT by the squares of the weights, and by at least
  COMMON_TOKENS tokens: a table's numbers and names decide. Containment, not Jaccard similarity: one question may quote
  a table alone, the next the table and two paragraphs;
- where each lies in the other to at least RESEMBLANCE by weight: copies that were edited;
- where they share stretches of STRETCH consecutive words or more, together SHARE_OF_STRETCHES of the smaller one:
  windows and chunks of a text; of SHORT_STRETCH where they are CONTAINMENT of the smaller one: turns of a conversation;
- where their last messages are the same and one record has NEAR_TOKENS tokens more at most, or where they differ in
  one word. A short message of which FILLERS variants exist is a form that is filled in, and links nothing.

Candidates come from an index of tokens (`containment.py`), and from an index of runs; each is checked against the whole
signatures. Links are transitive; nothing is random.

Bounds for a record: MAX_PROMPT_CHARACTERS read, SIGNATURE_TOKENS kept, POSTINGS candidates for each token that is
looked up, CANDIDATES compared. The search is exact up to these bounds.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from lambdas.domain.dataset.split.containment import CANDIDATES, CONTAINMENT, POSTINGS, Containment
from lambdas.domain.dataset.split.context import Context
from lambdas.domain.dataset.split.repeated import Repeated
from lambdas.domain.dataset.split.shared_text import Forms, find_forms
from lambdas.domain.dataset.split.signature import RUN_WORDS, RUNS_KEPT, Signature
from lambdas.domain.dataset.split.token_table import Frequencies, TokenTable

STRETCH, SHARE_OF_STRETCHES, SHORT_STRETCH = 18, 0.12, 6
NEAR_TOKENS, FILLERS = 4, 16


def group(signatures: Sequence[Signature], contexts: Sequence[Context] = ()) -> list[int]:
    """The group of each record: the index of the group's first record.

    Equal blocks in tags are linked whatever their words weigh, unless they are forms.
    """
    contexts = contexts or [Context()] * len(signatures)
    frequencies = Frequencies(signatures)
    repeated = Repeated([each.runs for each in signatures])
    forms = find_forms(signatures, contexts, frequencies.of, repeated)
    links = _Links(len(signatures))
    _join_blocks(links, contexts, forms)
    tokens = TokenTable(frequencies, forms.words)
    containment = Containment(tokens)
    _join_runs(links, containment, signatures, repeated, forms)
    for larger, smaller in containment.pairs():
        links.join(larger, smaller)
    _join_near(links, tokens, signatures)
    return links.roots()


class _Links:
    """Which records are of one group, by links between two of them."""

    def __init__(self, records: int) -> None:
        self._parents = list(range(records))

    def root(self, index: int) -> int:
        parents = self._parents
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    def join(self, left: int, right: int) -> None:
        first, second = sorted((self.root(left), self.root(right)))
        self._parents[second] = first

    def roots(self) -> list[int]:
        return [self.root(index) for index in range(len(self._parents))]


def _join_runs(
    links: _Links,
    containment: Containment,
    signatures: Sequence[Signature],
    repeated: Repeated,
    forms: Forms,
) -> None:
    """Links records that share runs of words, such as windows and chunks of one text, and edited copies."""
    shared_runs = repeated.counts.keys() - forms.runs
    postings: defaultdict[int, list[int]] = defaultdict(list)
    for index in sorted(range(len(signatures)), key=lambda index: -len(signatures[index].runs)):
        repeated_runs = shared_runs.intersection(repeated.of[index])
        near = Counter(other for run in repeated_runs for other in postings.get(run, ())[-POSTINGS:])
        if near:
            others, counts = zip(*near.most_common(CANDIDATES), strict=True)
            linked = containment.linked(index, np.array(others))
            for other, count, is_linked in zip(others, counts, linked.tolist(), strict=True):
                enough = count > SHORT_STRETCH - RUN_WORDS
                if is_linked or (enough and _overlap(signatures[index], signatures[other], forms.runs)):
                    links.join(other, index)
        for run in repeated_runs:
            postings[run].append(index)


def _overlap(smaller: Signature, larger: Signature, left_out: set[int]) -> bool:
    """Whether the smaller record has enough consecutive words of the larger one."""
    runs, theirs = array("I", smaller.runs), array("I", larger.runs)
    # Of a text that was cut, runs above its greatest hash are unknown.
    top = min((max(each) for each in (runs, theirs) if len(each) == RUNS_KEPT), default=None)
    there = dict(zip(theirs, array("H", larger.places), strict=True))
    places = array("H", smaller.places)
    known = [(run, place) for run, place in zip(runs, places, strict=True) if top is None or run <= top]
    stretches = _stretches((place, None if run in left_out else there.get(run)) for run, place in known)
    long = sum(words for words in stretches if words >= STRETCH)
    if long >= max(STRETCH, SHARE_OF_STRETCHES * (places[-1] + RUN_WORDS)):
        return True
    own = RUN_WORDS - 1 + sum(run not in left_out for run in runs)
    return sum(words for words in stretches if words >= SHORT_STRETCH) >= CONTAINMENT * own


def _stretches(places: Iterable[tuple[int, int | None]]) -> list[int]:
    """The lengths of what stands word by word in two texts, by the places of runs in one and in the other."""
    found, begin, end, offset = list[int](), 0, -1, 0
    for place, other in places:
        if other is not None and end >= 0 and place - other == offset:
            end = place
            continue
        if end >= 0:
            found.append(end - begin + RUN_WORDS)
        begin, end, offset = (0, -1, 0) if other is None else (place, place, place - other)
    return [*found, end - begin + RUN_WORDS] if end >= 0 else found


def _join_blocks(links: _Links, contexts: Sequence[Context], forms: Forms) -> None:
    """Links records by their longest block that is no form."""
    named: dict[bytes, int] = {}
    for index, each in enumerate(contexts):
        block = next((block for block in each.blocks if block not in forms.blocks), None)
        if block is not None:
            links.join(named.setdefault(block, index), index)


def _join_near(links: _Links, tokens: TokenTable, signatures: Sequence[Signature]) -> None:
    """Links records whose last messages are the same, or short and the same but for a word, if little else differs."""
    first: dict[int, int] = {}
    variants: defaultdict[int, list[int]] = defaultdict(list)
    for index, each in enumerate(signatures):
        message, *without_a_word = array("q", each.near)
        same = first.setdefault(message, index)
        if same != index:
            more, less = _differences(tokens, same, index)
            if min(more, less) == 0 and more + less <= NEAR_TOKENS:
                links.join(same, index)
            continue
        for pattern in (message, *without_a_word) if without_a_word else ():
            variants[pattern].append(index)
    for one, *others in variants.values():
        for other in others if len(others) < FILLERS else ():
            if max(_differences(tokens, one, other)) <= 1:
                links.join(one, other)


def _differences(tokens: TokenTable, left: int, right: int) -> tuple[int, int]:
    """How many tokens each of two records has that the other one lacks."""
    its, theirs = {*tokens.of(left).tolist()}, {*tokens.of(right).tolist()}
    return len(its - theirs), len(theirs - its)
