"""Signatures: what is kept of a record does not depend on how many are signed at once, nor on markup or order."""

from array import array
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.split.encoded_prompt import MAX_PROMPT_CHARACTERS
from lambdas.domain.dataset.split.signature import (
    NO_PLACE,
    RUN_WORDS,
    RUNS_KEPT,
    SIGNATURE_TOKENS,
    sign,
    sign_all,
)
from lambdas.domain.dataset.split.words import read_words

TEXTS = st.text("ab ,.\n<7\\u0Жé日本", max_size=120) | st.text(max_size=40)
RECORDS = st.builds(
    lambda system, before, turns: Record(system, [*before, *turns]),
    st.none() | TEXTS,
    st.just([]) | st.lists(TEXTS, min_size=2, max_size=2),
    st.lists(TEXTS, min_size=2, max_size=2),
)


def signed_tokens(prompt: str) -> set[int]:
    return {*array("I", sign(Record(None, [prompt, "x"])).tokens)}


@given(st.lists(RECORDS, min_size=1, max_size=8))
def test_many_records_are_signed_as_each_alone(records: list[Record]) -> None:
    """A batch is one array: nothing of a record may get into its neighbour."""
    assert sign_all(records) == [sign(each) for each in records]


@given(RECORDS)
def test_a_signature_is_in_order_and_of_its_own_words(record: Record) -> None:
    """What grouping relies on when it merges the signatures."""
    signed = sign(record)
    tokens, places = array("I", signed.tokens), array("H", signed.places)
    assert all(left < right for left, right in pairwise(tokens))
    assert all(left < right for left, right in pairwise(places))
    assert len(places) == len(array("I", signed.runs)) <= RUNS_KEPT
    assert len(array("I", signed.own)) == len(array("H", signed.own_places))
    in_prompt = [
        token
        for token, place in zip(array("I", signed.own), array("H", signed.own_places), strict=True)
        if place != NO_PLACE
    ]
    assert {*in_prompt} <= {*tokens}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The cat, the dog.", "| the | CAT |\n| the | dog |"),
        ("in total 1,204,300 units", "in total 1204300 units"),
        (r"ein gr\u00fcner Baum", "ein grüner Baum"),
        ("東京 は", "京東 は"),
    ],
)
def test_markup_case_and_separators_leave_no_trace(one: str, other: str) -> None:
    """The same words are the same tokens."""
    assert signed_tokens(one) == signed_tokens(other)


@pytest.mark.parametrize(("one", "other"), [("21,70", "2170"), ("4.7", "47"), ("a1", "a2"), ("x" * 70, "x" * 71)])
def test_different_words_are_different_tokens(one: str, other: str) -> None:
    """A list of numbers is no number, and long words count to their ends."""
    assert not signed_tokens(one) & signed_tokens(other)


@pytest.mark.parametrize("size", [1, 8, 9, 16, 17, 63, 64, 65, 200])
def test_words_that_differ_in_their_last_letter_have_hashes_of_their_own(size: int) -> None:
    """Words are hashed eight bytes at a time: each byte of each of them counts."""
    words = [f"{'a' * (size - 1)}{letter}".encode() for letter in "bcdefghijklmnopqrstuvwxyz0123456789"]
    assert len({*read_words(words).hashes.tolist()}) == len(words)


def test_the_smallest_hashes_are_kept_and_runs_count_where_they_come_first() -> None:
    """Two texts that share a part keep the same of it, whatever stands around it."""
    words = [f"word{number}" for number in range(3_000)]
    text = " ".join([*words, *words])
    signed, read = sign(Record(None, [text, "x"])), read_words([text.encode()])
    smallest = sorted({*(read.tokens >> np.uint64(32)).tolist()})[:SIGNATURE_TOKENS]
    assert list(array("I", signed.tokens)) == smallest
    assert len(array("H", signed.places)) == RUNS_KEPT
    assert max(array("H", signed.places)) < len(words) + RUN_WORDS


def test_the_end_of_a_message_is_read_that_is_not_read_whole() -> None:
    """The question often stands behind a long document."""
    document = "word " * MAX_PROMPT_CHARACTERS
    assert signed_tokens(f"{document} What of Ulaanbaatar?") - signed_tokens(document)
    system = Record(document, ["What of Ulaanbaatar?", "x"])
    assert {*array("I", sign(system).tokens)} > signed_tokens("Ulaanbaatar")
