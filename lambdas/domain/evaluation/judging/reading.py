"""How a judge's answer is read: tolerantly in its form, strictly in there being exactly one judgement.

Judges write a preamble, a code fence, `<judgment>` or `**First**`. None of that makes it doubtful what they mean. A
second judgement does: a judge that repeats what a candidate told it to say gives none that one could rely on.
"""

import re
from collections.abc import Iterator
from typing import Literal

Judgement = Literal["first", "second", "tie", "unparseable"]

_WORDS: dict[str, Judgement] = {"first": "first", "second": "second", "tie": "tie"}
_VERDICT = re.compile(rf"(?:the |a )?({'|'.join(_WORDS)})(?: candidate| answer| one)?", re.IGNORECASE)
# A tag of the form that is asked for, however it is spelt; one that is not closed by `>` is none to rely on.
_TAG = re.compile(r"<\s{0,9}(/?)\s{0,9}(?:(reason)|judge?ment)\b\s{0,9}(>?)", re.IGNORECASE)
_FENCE = re.compile(r"^\s*```\w*\s*\n")
# What stands around a word that somebody stresses, quotes or ends a sentence with.
_DECORATION = " \t\r\n*_`\"'“”‘’.:!"  # noqa: RUF001 - the quotation marks that models write
_FORMS = (["judgement", "/judgement"], ["reason", "/reason", "judgement", "/judgement"])


def parse_judgement(answer: str) -> Judgement:
    """A judge's answer: the word alone, or one judgement in its tags at the end, after one reason at most.

    "unparseable" is everything else, such as a second tag anywhere, a judgement within the reason, or more after it.
    """
    words = (_VERDICT.fullmatch(text) for text in list_verdicts(answer))
    return next((_WORDS[word[1].lower()] for word in words if word), "unparseable")


def list_verdicts(answer: str) -> Iterator[str]:
    """What may be the verdict of an answer: the whole of it, and what stands in its judgement's tags if there is one.

    Quotation marks, stress and full stops around it are left out.
    """
    yield _FENCE.sub("", answer).strip(_DECORATION)
    tags = list(_TAG.finditer(answer))
    names = [f"{tag[1]}{'reason' if tag[2] else 'judgement'}" for tag in tags]
    if names in _FORMS and all(tag[3] for tag in tags) and not answer[tags[-1].end() :].strip(_DECORATION):
        yield answer[tags[-2].end() : tags[-1].start()].strip(_DECORATION)
