"""How many tokens a text has, by bounds and estimates, since the base models' tokenizers are not public.

A byte-level tokenizer makes at most one token of a byte of UTF-8. In measurements on English text and tables half the
bytes were never exceeded, and a sixth of the characters always was. So a limit is decided by tiers, each named by its
figure.

An estimate counts 4 bytes of UTF-8 as a token: 4 letters of English, 2 of Cyrillic or Arabic, 1.3 characters of
Chinese, Japanese or Korean. Each bracket of a markup tag counts as a token more: `<td>` is three, not one. docs/cost.md
has the measurements. Texts are counted by str and bytes, without a loop over
their characters: every record of a data set is.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from lambdas.domain.core.fact import Fact

# certain: no tokenizer can reach the limit; likely: none is known to; unclear: it may; exceeded: it is.
Tier = Literal["certain", "likely", "unclear", "exceeded"]

MOST_CHARACTERS_PER_TOKEN = 6
# Of Chinese, Japanese and Korean no known tokenizer takes more than 2.1.
MOST_WIDE_CHARACTERS_PER_TOKEN = 3
_MORE_TOKENS_PER_WIDE_CHARACTER = 1 / MOST_WIDE_CHARACTERS_PER_TOKEN - 1 / MOST_CHARACTERS_PER_TOKEN
LEAST_BYTES_PER_TOKEN = 2
# Llama 3.1 makes a token of 1.6 bytes of Burmese, and of 1.8 of Lao or Tamil.
LEAST_BYTES_PER_TOKEN_BEYOND_ASCII = 1.5
# What English text has on average; figures and tables have fewer.
USUAL_BYTES_PER_TOKEN = 4
# The brackets of a tag are tokens by themselves, its name another one, however short.
_BRACKETS = ("<", ">")
_BRACKETS_ENCODED = (b"<", b">")
# For people.
ESTIMATED = f"at {USUAL_BYTES_PER_TOKEN} bytes of UTF-8 a token"

# Devanagari and Thai have 3 bytes a character and 2 characters a token: 2 bytes of a character count.
_LIGHTER = (b"\xe0\xa4", b"\xe0\xa5", b"\xe0\xb8", b"\xe0\xb9")
# All bytes but the first of a character from U+3000 to U+D7FF: Chinese, Japanese and Korean.
_NOT_WIDE = bytes(set(range(256)) - set(range(0xE3, 0xEE)))


class TierDecision(NamedTuple):
    """The tier that decides whether texts are below a limit, and the figure that it decides by."""

    tier: Tier
    reason: str


class TokenCounts(Fact):
    """Estimated tokens of the test set, and of the examples before each question of a few-shot arm."""

    test_prompts: int
    test_references: int
    examples: int


def decide(texts: Sequence[str], limit: int, most_bytes: int | None = None) -> TierDecision:
    """Whether texts have together fewer than `limit` tokens.

    `most_bytes` is a bound of their UTF-8, such as the length of their line: where it decides, nothing is encoded.
    """
    characters = sum(map(len, texts))
    least, by = characters / MOST_CHARACTERS_PER_TOKEN, f"{MOST_CHARACTERS_PER_TOKEN} characters"
    size_bytes, per_token = characters, float(LEAST_BYTES_PER_TOKEN)
    if least <= limit and not all(map(str.isascii, texts)):
        per_token = LEAST_BYTES_PER_TOKEN_BEYOND_ASCII
        if most_bytes is not None and _is_unclear(characters, most_bytes, limit):
            size_bytes = most_bytes
        else:
            encoded = b"".join(map(_encode, texts))
            size_bytes = len(encoded)
            wide = len(encoded.translate(None, _NOT_WIDE))
            if wide:
                least += wide * _MORE_TOKENS_PER_WIDE_CHARACTER
                by += f" ({MOST_WIDE_CHARACTERS_PER_TOKEN} of Chinese, Japanese or Korean)"
    if least > limit:
        return TierDecision("exceeded", f"{int(least)} tokens at {by} a token, and there are never fewer.")
    if size_bytes < limit:
        return TierDecision("certain", f"{size_bytes} bytes, and no token has less than one.")
    most = size_bytes / per_token
    if most < limit:
        return TierDecision("likely", f"{int(most)} tokens at {per_token:g} bytes a token.")
    return TierDecision(
        "unclear", f"between {int(least)} and {int(most)} tokens, at {by} or {per_token:g} bytes a token."
    )


def _is_unclear(characters: int, most_bytes: int, limit: int) -> bool:
    """Whether neither all bytes nor as many wide characters as they have room for would decide."""
    # A wide character has two bytes more than one.
    most_wide = (most_bytes - characters) / 2
    least = characters / MOST_CHARACTERS_PER_TOKEN + most_wide * _MORE_TOKENS_PER_WIDE_CHARACTER
    return characters >= LEAST_BYTES_PER_TOKEN_BEYOND_ASCII * limit and least <= limit


def estimate(*texts: str) -> int:
    """About how many tokens texts have together."""
    weight = _weigh(texts[0]) if len(texts) == 1 else sum(map(_weigh, texts))
    return -(-weight // USUAL_BYTES_PER_TOKEN)


def estimate_encoded(*encoded: bytes, separators: int) -> int:
    """The same of texts in UTF-8, among which so many line feeds stand that are no part of them."""
    return -(-(sum(map(_weigh_encoded, encoded)) - separators) // USUAL_BYTES_PER_TOKEN)


def _weigh(text: str) -> int:
    """The bytes of a text that count, and for each bracket as many as a token has."""
    if not text.isascii():
        return _weigh_encoded(_encode(text))
    return len(text) + USUAL_BYTES_PER_TOKEN * sum(map(text.count, _BRACKETS))


def _weigh_encoded(encoded: bytes) -> int:
    lighter = sum(map(encoded.count, _LIGHTER)) if b"\xe0" in encoded else 0
    return len(encoded) + USUAL_BYTES_PER_TOKEN * sum(map(encoded.count, _BRACKETS_ENCODED)) - lighter


def _encode(text: str) -> bytes:
    # A rule of its own tells a lone half of a surrogate pair.
    return text.encode(errors="surrogatepass")
