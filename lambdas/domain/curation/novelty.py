"""Whether a question is new for its document: no other question about it asks the same in other words."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from lambdas.domain.evaluation.metrics.tokens_by_script import space_out

_WORD = re.compile(r"\w+")
_ARTICLES = {"a", "an", "the"}
# Of the words of two questions together, both have at least so many.
_ALIKE = 0.6


class _Words(NamedTuple):
    """A question's words, and those of them that its document has: what it asks about."""

    all: frozenset[str]
    asked_about: frozenset[str]


class KnownQuestions:
    """The questions that a document has so far."""

    def __init__(self, document: str, questions: Iterable[str]) -> None:
        self._document = _words(document)
        self._known = [self._read(question) for question in questions]

    def add_new(self, question: str) -> bool:
        """Whether the question is new; then the document has it from now on.

        Two questions are the same where they have the same words; or most words in common, and ask about the same words
        of the document: "Did Cash rise in 2022?" and "Did Cash rise in 2021?" differ in what they ask about.
        """
        words = self._read(question)
        if not words.all or any(_same(words, each) for each in self._known):
            return False
        self._known.append(words)
        return True

    def _read(self, question: str) -> _Words:
        words = _words(question)
        return _Words(words, words & self._document)


def _words(text: str) -> frozenset[str]:
    """The words and figures of any script, without markup's signs and articles."""
    return frozenset(_WORD.findall(space_out(text).casefold())) - _ARTICLES


def _same(one: _Words, other: _Words) -> bool:
    if one.all == other.all:
        return True
    common, together = len(one.all & other.all), len(one.all | other.all)
    return one.asked_about == other.asked_about and common >= _ALIKE * together
