"""How many tokens a text has, by bounds and estimates, since the base models' tokenizers are not public.

A byte-level tokenizer makes at most one token of a byte of UTF-8. In measurements on English text and tables half the
bytes were never exceeded, and a sixth of the characters always was. So a limit is decided by tiers, each named by its
figure.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from lambdas.domain.core.fact import Fact

# certain: no tokenizer can reach the limit; likely: none is known to; unclear: it may; exceeded: it is.
Tier = Literal["certain", "likely", "unclear", "exceeded"]

MOST_CHARACTERS_PER_TOKEN = 6
LEAST_BYTES_PER_TOKEN = 2
# What English text has on average; figures and tables have fewer characters a token.
USUAL_CHARACTERS_PER_TOKEN = 4


class TierDecision(NamedTuple):
    """The tier that decides whether texts are below a limit, and the figure that it decides by."""

    tier: Tier
    reason: str


class TokenCounts(Fact):
    """Estimated tokens of the test set, and of the examples before each question of a few-shot arm."""

    test_prompts: int
    test_references: int
    examples: int


def decide(texts: Sequence[str], limit: int) -> TierDecision:
    """Whether texts have together fewer than `limit` tokens."""
    characters = sum(map(len, texts))
    least = characters // MOST_CHARACTERS_PER_TOKEN
    if characters / MOST_CHARACTERS_PER_TOKEN > limit:
        return TierDecision(
            "exceeded", f"{least} tokens at {MOST_CHARACTERS_PER_TOKEN} characters a token, and there are never fewer."
        )
    # UTF-8 has at least a byte a character, so the bytes need counting only where the characters leave it open.
    open_still = characters / LEAST_BYTES_PER_TOKEN < limit
    size_bytes = sum(len(text.encode()) for text in texts) if open_still else characters
    if size_bytes < limit:
        return TierDecision("certain", f"{size_bytes} bytes, and no token has less than one.")
    if size_bytes / LEAST_BYTES_PER_TOKEN < limit:
        return TierDecision(
            "likely", f"{size_bytes // LEAST_BYTES_PER_TOKEN} tokens at {LEAST_BYTES_PER_TOKEN} bytes a token."
        )
    return TierDecision(
        "unclear",
        f"between {least} and {size_bytes // LEAST_BYTES_PER_TOKEN} tokens, at 6 characters or 2 bytes a token.",
    )


def estimate(characters: int) -> int:
    """About how many tokens a text of English has."""
    return -(-characters // USUAL_CHARACTERS_PER_TOKEN)
