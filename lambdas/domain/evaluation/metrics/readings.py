"""The readings of an answer: what it says once the wrapping is off that a program could take off, too.

A lenient score is the best one over the readings, of the tuned model's answer and of all others alike. There are few of
them, so that an answer that lists guesses gains nothing.
"""

import re

_FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:\n[ \t]*)?```", re.DOTALL)
# "Answer:", "The final answer is", "Final answer -"; a preamble is a line that ends in a colon.
_ANSWER_IS = re.compile(
    r"^\W{0,3}(?:the\s+)?(?:final\s+|correct\s+)?answer\W{0,3}(?:\s+is\b)?\s*[:=-]?\s*", re.IGNORECASE
)
_PREAMBLE = re.compile(r"^[^\n]{0,200}:[ \t*]*\n+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")  # noqa: RUF001 - full-width marks are meant
_WRAPPING = "\"'`*_ \t\n"


def unfenced(response: str) -> str:
    """The content of an answer's only code fence; the answer itself where there is none, or several."""
    found = _FENCE.findall(response)
    return str(found[0]).strip() if len(found) == 1 else response.strip()


def readings(response: str) -> list[str]:
    """The answer as it is, without its fence, without its preamble, and its first and last sentence; each once."""
    whole = response.strip()
    bare = unfenced(response)
    without_preamble = _ANSWER_IS.sub("", _PREAMBLE.sub("", bare), count=1).strip()
    sentences = [one for one in _SENTENCE_END.split(without_preamble) if one]
    ends = [_ANSWER_IS.sub("", sentences[place], count=1) for place in (0, -1)] if sentences else []
    found = [whole, bare, without_preamble, *ends]
    return list(dict.fromkeys([whole, *(one.strip(_WRAPPING) for one in found)]))
