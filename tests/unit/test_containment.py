"""The comparison of many records at once gives what the definition of a link says of each pair."""

from array import array
from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.split.containment import (
    COMMON_TOKENS,
    CONTAINMENT,
    RESEMBLANCE,
    RESEMBLING_TOKENS,
    Containment,
)
from lambdas.domain.dataset.split.repeated import Repeated
from lambdas.domain.dataset.split.signature import SIGNATURE_TOKENS, Signature
from lambdas.domain.dataset.split.token_table import Frequencies, TokenTable

HASHES = st.lists(st.sets(st.integers(1, 40), max_size=30), min_size=2, max_size=12)


def packed(tokens: set[int]) -> bytes:
    return array("I", sorted(tokens)).tobytes()


def signatures(tokens: Sequence[set[int]]) -> list[Signature]:
    return [Signature(packed(each), 0, b"", b"", b"", b"", bytes(8)) for each in tokens]


def containment(tokens: Sequence[set[int]]) -> Containment:
    return Containment(TokenTable(Frequencies(signatures(tokens)), {}))


def is_linked(tokens: Sequence[set[int]], smaller: int, larger: int) -> bool:
    """As the definition says it, for one pair."""
    frequency = Counter(token for each in tokens for token in each)
    weights = {token: log(len(tokens) / n) for token, n in frequency.items() if 2 * n <= len(tokens)}
    tops = [max(tokens[each]) for each in (smaller, larger) if len(tokens[each]) == SIGNATURE_TOKENS]
    own, theirs = (
        {token for token in tokens[each] if token in weights and token <= min(tops, default=token)}
        for each in (smaller, larger)
    )
    common = own & theirs

    def weighed(these: set[int], power: int) -> float:
        return sum(weights[token] ** power for token in these)

    contained = weighed(common, 2) >= CONTAINMENT * weighed(own, 2) - 1e-9
    resembles = weighed(common, 1) >= RESEMBLANCE * max(weighed(own, 1), weighed(theirs, 1)) - 1e-9
    return (contained and len(common) >= COMMON_TOKENS) or (resembles and len(common) >= RESEMBLING_TOKENS)


@given(HASHES)
def test_links_are_those_of_the_definition(tokens: list[set[int]]) -> None:
    """All others are compared at once, in rows of one length."""
    compared = containment(tokens)
    for record in range(len(tokens)):
        others = np.array([other for other in range(len(tokens)) if other != record])
        expected = [is_linked(tokens, record, other) for other in others.tolist()]
        assert compared.linked(record, others).tolist() == expected


def test_what_a_cut_signature_does_not_know_does_not_count() -> None:
    """Of a long text, the smallest hashes are kept: a short one's greater hashes may stand in it all the same."""
    long = {*range(SIGNATURE_TOKENS)}
    quoting = {*range(0, 60), *range(10_000, 10_200)}
    other = {*range(20_000, 20_300)}
    tokens = [long, quoting, *({*range(place, place + 300)} for place in range(30_000, 40_000, 1_000)), other]
    compared = containment(tokens)
    assert compared.linked(1, np.array([0, len(tokens) - 1])).tolist() == [True, False]
    assert is_linked(tokens, 1, 0)
    assert not is_linked([long - {0}, *tokens[1:]], 1, 0)


@given(st.lists(st.sets(st.integers(0, 60), min_size=6, max_size=14), min_size=3, max_size=25))
def test_each_record_that_has_a_partner_is_linked(tokens: list[set[int]]) -> None:
    """Among few records no bound is met, so that the search must find a link wherever one larger record has it."""
    pairs = [*containment(tokens).pairs()]
    sizes = Counter(token for each in tokens for token in each)
    weighty = [{token for token in each if 2 * sizes[token] <= len(tokens)} for each in tokens]
    found = {smaller for _, smaller in pairs}
    order = sorted(range(len(tokens)), key=lambda index: (-len(weighty[index]), index))
    assert all(order.index(larger) < order.index(smaller) for larger, smaller in pairs)
    for place, smaller in enumerate(order):
        if any(len(weighty[smaller]) >= COMMON_TOKENS and weighty[smaller] < weighty[one] for one in order[:place]):
            assert smaller in found


@given(HASHES)
def test_repeated_hashes_are_those_of_two_records_or_more(hashes: list[set[int]]) -> None:
    """Hashes of one record alone tell nothing of others."""
    repeated = Repeated([packed(each) for each in hashes])
    counts = {value: n for value, n in Counter(value for each in hashes for value in each).items() if n > 1}
    assert repeated.counts == counts
    assert [set(each) for each in repeated.of] == [each & counts.keys() for each in hashes]
