"""The simulation's estimate of tokens: pieces of at most six letters, three digits, or one other character.

There is no public tokenizer of Claude 3 and later; on English text and tables this is near what the API counts, and it
is the same for every model, so that comparisons between arms hold.
"""

import re

TOKEN = re.compile(r"[^\W\d_]{1,6}|\d{1,3}|[^\w\s]|_")
# A message brings its role and its end.
TOKENS_PER_MESSAGE = 4


def count_tokens(text: str) -> int:
    """Estimated number of tokens in a text."""
    return len(TOKEN.findall(text))


def cut(text: str, max_tokens: int) -> tuple[str, bool]:
    """The text, ended after `max_tokens` tokens, and whether something was left out."""
    for number, match in enumerate(TOKEN.finditer(text), start=1):
        if number > max_tokens:
            return text[: match.start()].rstrip(), True
    return text, False
