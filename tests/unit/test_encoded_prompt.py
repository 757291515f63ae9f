"""A prompt is encoded once: what is kept of it is the same as of its texts."""

from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.split.context import context
from lambdas.domain.dataset.split.encoded_prompt import MAX_PROMPT_CHARACTERS, encode_prompt
from lambdas.domain.dataset.tokens import estimate, estimate_encoded

TEXTS = st.text("ab <>/é日अ\n", min_size=1, max_size=40) | st.sampled_from(["<doc>é x</doc>", "<a\u00a0b='日'>y</a>"])
RECORDS = st.builds(
    lambda system, before, turns: Record(system, [*before, *turns]),
    st.none() | TEXTS,
    st.just([]) | st.lists(TEXTS, min_size=2, max_size=2),
    st.lists(TEXTS, min_size=2, max_size=2),
)


@given(RECORDS)
def test_the_whole_prompt_is_its_texts_joined(record: Record) -> None:
    """Tokens are estimated, and contexts found, in either of them."""
    encoded = encode_prompt(record)
    asked = "\n".join(record.turns[:-1])
    assert (encoded.before + encoded.message).decode() == f"{record.system or ''}\n{asked}"
    assert encoded.message.decode() == record.turns[-2]
    assert estimate_encoded(encoded.before, encoded.message, separators=1) == estimate(record.system or "", asked)
    if len(record.turns) == 2:
        assert context(record, encoded.message) == context(record)


@given(st.integers(-2, 2), st.sampled_from(["a", "é"]), st.booleans())
def test_long_texts_are_cut_by_their_characters(more: int, letter: str, is_system_long: bool) -> None:
    """The whole prompt is kept beside what is signed of it, whatever the bytes of its characters."""
    long, short = letter * (MAX_PROMPT_CHARACTERS - 10 + more), letter * 9
    system, message = (long, short) if is_system_long else (short, long)
    encoded = encode_prompt(Record(system, [message, "x"]))
    assert (encoded.before + encoded.message).decode() == f"{system}\n{message}"
    signed = encoded.texts.before.decode() + encoded.texts.message.decode()
    if more <= 0:
        assert (signed, encoded.texts.rest) == (f"{system}\n{message}", 0)
    else:
        assert encoded.texts.rest
        assert len(signed) <= MAX_PROMPT_CHARACTERS + 1
