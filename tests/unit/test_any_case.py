"""Words in any case are found as in a copy of all bytes in lower case."""

from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.rules.any_case import AnyCase

WORDS = [b"User:", b"Bot:", b"[EOS]", b"<image>", b"T:T"]
PIECES = st.sampled_from([b"uSeR:", b"user", b"BOT:", b"ot:", b"r:", b"[eos]", b"<iMAge>", b"ge>", b"t:", b"T:", b" "])
DATA = st.lists(PIECES, max_size=12).map(b"".join) | st.binary(max_size=40)


@given(DATA)
def test_words_are_found_in_any_case(data: bytes) -> None:
    """Also where the ends of two words overlap."""
    assert AnyCase(WORDS).are_in(data) == any(word.lower() in data.lower() for word in WORDS)


def test_many_ends_of_words_hide_none() -> None:
    """All is looked at where looking at each place would take longer."""
    ends = b"member: " * 1_000
    assert not AnyCase(WORDS).are_in(ends)
    assert AnyCase(WORDS).are_in(ends + b"uSER:")


def test_no_words_are_in_nothing() -> None:
    """Most base models have none."""
    assert not AnyCase([]).are_in(b"User:")
