"""The readings of an answer: what it says once the wrapping is off that a program could take off, too.

A lenient score is the best one over the readings, of the tuned model's answer and of all others alike. All readings
are parts of one statement: an answer that guesses twice does not get two chances.
"""

import re

_FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:\n[ \t]*)?```", re.DOTALL)
# "Answer:", "The final answer is", "Final answer -"; a preamble is a line that ends in a colon.
_ANSWER_IS = re.compile(
    r"^\W{0,3}(?:the\s+)?(?:final\s+|correct\s+)?answer\W{0,3}(?:\s+is\b)?\s*[:=-]?\s*", re.IGNORECASE
)
_PREAMBLE = re.compile(r"^[^\n]{0,200}:[ \t*]*\n+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")  # noqa: RUF001 - full-width marks are meant
# What leads to the answer within a sentence: "The kind of statement is".
_LEAD = re.compile(r"^.{0,300}?\b(?:is|was|are|were)\s+", re.DOTALL)
_WRAPPING = "\"'`*_ \t\n"
# A first sentence of so few words is the answer, and the rest explains it; else the last one concludes.
_BARE_ANSWER_WORDS = 4


def unfenced(response: str) -> str:
    """The content of an answer's only code fence; the answer itself where there is none, or several."""
    found = _FENCE.findall(response)
    return str(found[0]).strip() if len(found) == 1 else response.strip()


def whole_readings(response: str) -> list[str]:
    """The answer as it is, without its fence, and without its preamble; each once."""
    bare = unfenced(response)
    found = [response.strip(), bare, _ANSWER_IS.sub("", _PREAMBLE.sub("", bare), count=1)]
    return list(dict.fromkeys([response.strip(), *(one.strip(_WRAPPING) for one in found)]))


def readings(response: str) -> list[str]:
    """Those, and the one sentence that states the answer, with and without what leads to it; each once."""
    whole = whole_readings(response)
    sentences = [one for one in _SENTENCE_END.split(whole[-1]) if one]
    if not sentences:
        return whole
    stated = sentences[0 if len(sentences[0].split()) <= _BARE_ANSWER_WORDS else -1]
    stated = _ANSWER_IS.sub("", stated, count=1).strip(_WRAPPING)
    return list(dict.fromkeys([*whole, stated, _LEAD.sub("", stated, count=1).strip(_WRAPPING + ".")]))
