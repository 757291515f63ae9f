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

Candidates come from an inverted index, asked for each signature's rarest tokens, just so many that a larger signature
that holds enough of it must have one of them (prefix filter; Chaudhuri, Ganti, Kaushik, "A primitive operator for
similarity joins in data cleaning", 2006), and from an index of runs; each is checked against the whole signatures.
Signatures go from large to small, and of one that was linked only the tokens that its larger ones lack are indexed.
Links are transitive; nothing is random.

Bounds for a record: MAX_PROMPT_CHARACTERS read, SIGNATURE_TOKENS kept, POSTINGS candidates for each token that is
looked up, CANDIDATES compared. The search is exact up to these bounds.
"""

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import log

from lambdas.domain.dataset.split.context import Context
from lambdas.domain.dataset.split.repeated import count_repeated
from lambdas.domain.dataset.split.shared_text import Forms, find_forms
from lambdas.domain.dataset.split.signature import RUN_WORDS, RUNS_KEPT, SIGNATURE_TOKENS, Signature

CONTAINMENT = 0.7
COMMON_TOKENS = 8
RESEMBLANCE, RESEMBLING_TOKENS = 0.55, 5
# A signature of fewer tokens is looked for by resemblance; longer copies share runs of words.
SHORT = 64
STRETCH, SHARE_OF_STRETCHES, SHORT_STRETCH = 18, 0.12, 6
NEAR_TOKENS, FILLERS = 4, 16
POSTINGS = 32
CANDIDATES = 32


def group(signatures: Sequence[Signature], contexts: Sequence[Context] = ()) -> list[int]:
    """The group of each record: the index of the group's first record.

    Equal blocks in tags are linked whatever their words weigh, unless they are forms.
    """
    contexts = contexts or [Context()] * len(signatures)
    frequency = Counter(token for each in signatures for token in array("I", each.tokens))
    repeated = count_repeated([array("I", sorted(array("I", each.runs))) for each in signatures])
    forms = find_forms(signatures, contexts, frequency, repeated)
    links = _Links(len(signatures))
    _join_blocks(links, contexts, forms)
    search = _Search(signatures, forms, frequency, links)
    search.join_runs(signatures, repeated, forms)
    search.join_contained()
    _join_near(search, signatures)
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


class _Search:
    """Pairs of records whose words resemble or contain each other, by the tokens that weigh anything."""

    def __init__(self, signatures: Sequence[Signature], forms: Forms, frequency: Counter[int], links: _Links) -> None:
        self.links = links
        half = len(signatures) / 2
        self._own = [_own_tokens(index, each, forms) for index, each in enumerate(signatures)]
        if forms.words:
            frequency = Counter(token for each in self._own for token in each)
        self._frequency = frequency
        # What most records have tells none of them apart.
        self._weights = {token: log(len(signatures) / n) for token, n in frequency.items() if n <= half}
        self._squares = {token: weight * weight for token, weight in self._weights.items()}
        weighty = self._weights.keys()
        self._tokens = [array("I", [token for token in each if token in weighty]) for each in self._own]
        self._tops = [array("I", e.tokens)[-1] if len(e.tokens) == 4 * SIGNATURE_TOKENS else None for e in signatures]

    def join_contained(self) -> None:
        """Links from large to small."""
        same: dict[bytes, int] = {}
        postings: defaultdict[int, list[int]] = defaultdict(list)
        for index in sorted(range(len(self._tokens)), key=lambda index: (-len(self._tokens[index]), index)):
            tokens = self._tokens[index]
            first = same.setdefault(tokens.tobytes(), index)
            if first != index:
                if tokens:
                    self.links.join(first, index)
                continue
            near = Counter(other for token in self._prefix(tokens) for other in postings.get(token, ())[-POSTINGS:])
            uncovered = {token for token in tokens if self._frequency[token] > 1}
            for other, _ in near.most_common(CANDIDATES):
                if self._is_linked(index, other):
                    self.links.join(other, index)
                    uncovered.difference_update(self._tokens[other])
            for token in uncovered:
                postings[token].append(index)

    def join_runs(self, signatures: Sequence[Signature], repeated: Mapping[int, int], forms: Forms) -> None:
        """Links records that share runs of words, such as windows and chunks of one text, and edited copies."""
        shared_runs = repeated.keys() - forms.runs
        postings: defaultdict[int, list[int]] = defaultdict(list)
        for index in sorted(range(len(signatures)), key=lambda index: -len(signatures[index].runs)):
            runs = array("I", signatures[index].runs)
            repeated_runs = shared_runs.intersection(runs)
            near = Counter(other for run in repeated_runs for other in postings.get(run, ())[-POSTINGS:])
            for other, count in near.most_common(CANDIDATES):
                enough = count > SHORT_STRETCH - RUN_WORDS
                if self._is_linked(index, other) or (
                    enough and _overlap(signatures[index], signatures[other], forms.runs)
                ):
                    self.links.join(other, index)
            for run in repeated_runs:
                postings[run].append(index)

    def join_near(self, left: int, right: int, *, same: bool) -> None:
        """Links two records with the same last message, or with nearly the same, that differ in little else."""
        more, less = ({*self._tokens[one]} - {*self._tokens[other]} for one, other in ((left, right), (right, left)))
        if (
            (min(len(more), len(less)) == 0 and len(more | less) <= NEAR_TOKENS)
            if same
            else max(len(more), len(less)) <= 1
        ):
            self.links.join(left, right)

    def _is_linked(self, smaller: int, larger: int) -> bool:
        """Whether the larger record holds enough of the smaller one, or each enough of the other.

        Of a signature that was cut, tokens above its greatest hash are unknown: they are left out of the comparison.
        """
        top = min((top for index in (smaller, larger) if (top := self._tops[index]) is not None), default=None)
        own = {*self._known(smaller, top)}
        common = own.intersection(self._tokens[larger])
        if len(common) < RESEMBLING_TOKENS:
            return False
        squares, weights = self._squares, self._weights
        if len(common) >= COMMON_TOKENS and _sum(common, squares) >= CONTAINMENT * _sum(own, squares):
            return True
        held = _sum(common, weights)
        return held >= RESEMBLANCE * _sum(own, weights) and held >= RESEMBLANCE * _sum(
            self._known(larger, top), weights
        )

    def _known(self, index: int, top: int | None) -> Sequence[int]:
        tokens = self._tokens[index]
        return tokens if top is None else tokens[: bisect_right(tokens, top)]

    def _prefix(self, tokens: Sequence[int]) -> list[int]:
        """The rarest tokens, up to where the rest weighs less than a link needs."""
        short = len(tokens) < SHORT
        weights, least = (self._weights, RESEMBLANCE) if short else (self._squares, CONTAINMENT)
        rarest = sorted(tokens, key=lambda token: (-weights[token], token))
        allowed = (1 - least) * _sum(tokens, weights)
        for end, token in enumerate(rarest, 1):
            allowed -= weights[token]
            if allowed < 0:
                return rarest[:end]
        return rarest


def _sum(tokens: Iterable[int], weights: Mapping[int, float]) -> float:
    return sum(map(weights.__getitem__, tokens))


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


def _own_tokens(index: int, signature: Signature, forms: Forms) -> Sequence[int]:
    """A record's tokens without those of the forms that it has."""
    tokens, left_out = array("I", signature.tokens), forms.words.get(index)
    return tokens if left_out is None else [token for token in tokens if token not in left_out]


def _join_blocks(links: _Links, contexts: Sequence[Context], forms: Forms) -> None:
    """Links records by their longest block that is no form."""
    named: dict[bytes, int] = {}
    for index, each in enumerate(contexts):
        block = next((block for block in each.blocks if block not in forms.blocks), None)
        if block is not None:
            links.join(named.setdefault(block, index), index)


def _join_near(search: _Search, signatures: Sequence[Signature]) -> None:
    """Links records whose last messages are the same, or short and the same but for a word."""
    first: dict[int, int] = {}
    variants: defaultdict[int, list[int]] = defaultdict(list)
    for index, each in enumerate(signatures):
        message, *without_a_word = array("q", each.near)
        same = first.setdefault(message, index)
        if same != index:
            search.join_near(same, index, same=True)
            continue
        for pattern in (message, *without_a_word) if without_a_word else ():
            variants[pattern].append(index)
    for one, *others in variants.values():
        for other in others if len(others) < FILLERS else ():
            search.join_near(one, other, same=False)


def expected_leakage(groups: Sequence[int], test_records: int) -> float:
    """How many of `test_records` drawn at random would have a record of their group outside the test set, on average.

    Of a record of a group of g in N, drawn into a test set of n: all g - 1 others are drawn, too, with the probability
    C(N - g, n - g) / C(N - 1, n - 1) = (n - 1)…(n - g + 1) / ((N - 1)…(N - g + 1)).
    """
    total, leaked = len(groups), 0.0
    for size in Counter(groups).values():
        alone = 1.0
        for k in range(1, size):
            alone *= max(0, test_records - k) / (total - k)
        leaked += size / total * test_records * (1 - alone)
    return leaked
