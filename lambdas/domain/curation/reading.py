"""How answers are read in curation: tolerantly in their form, strictly in there being exactly one meaning."""

import json
import re
from collections.abc import Iterator
from typing import Literal

from lambdas.domain.curation.documents import QuestionAnswer
from lambdas.domain.evaluation.judging.reading import list_verdicts

Correctness = Literal["correct", "incorrect", "unreadable"]

_WORDS: dict[str, Correctness] = {"correct": "correct", "incorrect": "incorrect"}
# A reply of ten pairs has some kilobytes; reading is linear in its length.
_LONGEST_REPLY = 200_000
# No teacher is asked for more about a document.
MOST_PAIRS = 10
_OPEN, _CLOSE = (re.compile(tag, re.IGNORECASE) for tag in ("<answer>", "</answer>"))
_NONE = "none"


def read_correctness(reply: str) -> Correctness:
    """The judgement of a reply: the word alone, or in its tags behind at most one reason."""
    return next((_WORDS[text.lower()] for text in list_verdicts(reply) if text.lower() in _WORDS), "unreadable")


def read_answer(reply: str) -> str | None:
    """The answer in its tags; empty where the document is said not to have one, None where it cannot be read."""
    opened, closed = list(_OPEN.finditer(reply)), list(_CLOSE.finditer(reply))
    if len(opened) != 1 or len(closed) != 1 or not (text := reply[opened[0].end() : closed[0].start()].strip()):
        return None
    return "" if text.lower().rstrip(".") == _NONE else text


def read_pairs(reply: str, most: int) -> list[QuestionAnswer]:
    """The pairs in a teacher's reply, at most so many: JSON objects on lines, in an array, in a fence or numbered.

    What is no object with a question and an answer is left out.
    """
    return [pair for pair in _read(reply) if pair is not None][:most]


def has_all_pairs(reply: str, most: int) -> bool:
    """Whether nothing is to be had by asking again: as many pairs as were asked for, or fewer and nothing unreadable.

    A teacher may write fewer where a document does not bear as many.
    """
    found = list(_read(reply))
    pairs = sum(pair is not None for pair in found)
    return pairs >= most or 0 < pairs == len(found)


def _read(reply: str) -> Iterator[QuestionAnswer | None]:
    """The pairs of a reply, and None for what was to be one and cannot be read."""
    return (None if value is None else _pair(value) for value in _objects(reply[:_LONGEST_REPLY]))


def _objects(text: str) -> Iterator[dict[str, object] | None]:
    """The JSON objects that stand in a text one after another; None for one that is broken, and for a bare question."""
    decoder, position = json.JSONDecoder(), 0
    while (start := text.find("{", position)) >= 0:
        if "?" in text[position:start]:
            yield None
        try:
            value, position = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            # The next line may be better; within this one an object's parts are none.
            end = text.find("\n", start)
            position = len(text) if end < 0 else end
            yield None
            continue
        if isinstance(value, dict):
            yield value
    if "?" in text[position:]:
        yield None


def _pair(value: dict[str, object]) -> QuestionAnswer | None:
    named = {str(name).strip().lower(): each for name, each in value.items()}
    texts = [_text(named.get(name)) for name in ("question", "answer", "topic")]
    question, answer, topic = texts
    return QuestionAnswer(question, answer, topic or "") if question and answer else None


def _text(value: object) -> str | None:
    """A text as it is to be trained on; a figure counts as its text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    # A lone surrogate cannot be stored.
    return text if text and not re.search("[\ud800-\udfff]", text) else None
