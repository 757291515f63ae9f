"""Whether a question is new for its document: no other question about it asks the same in other words."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from lambdas.domain.curation.documents import QuestionAnswer
from lambdas.domain.curation.language import FREQUENT_WORDS
from lambdas.domain.evaluation.metrics.tokens_by_script import space_out

_WORD = re.compile(r"\w+")
_ARTICLES = {"a", "an", "the"}
# Of the words of two questions together, both have at least so many.
_ALIKE = 0.6


class _Words(NamedTuple):
    """A question's words, those of them that its document has, which it asks about, and the words of its answer."""

    all: frozenset[str]
    asked_about: frozenset[str]
    answer: frozenset[str]


class KnownQuestions:
    """The questions that a document has so far."""

    def __init__(self, document: str, pairs: Iterable[QuestionAnswer]) -> None:
        self._document = _words(document)
        self._known = [self._read(pair) for pair in pairs]

    def add_new(self, pair: QuestionAnswer) -> bool:
        """Whether the pair's question is new; then the document has it from now on.

        Two questions are the same where they have the same words; or ask about the same words of the document, and have
        most words in common or the same answer. "Did Cash rise in 2022?" and "Did Cash rise in 2021?" differ in what
        they ask about.
        """
        words = self._read(pair)
        if not words.all or any(_same(words, each) for each in self._known):
            return False
        self._known.append(words)
        return True

    def _read(self, pair: QuestionAnswer) -> _Words:
        words = _words(pair.question)
        return _Words(words, words & self._document, _words(pair.answer))


def _words(text: str) -> frozenset[str]:
    """The words and figures of any script, without markup's signs and articles."""
    return frozenset(_WORD.findall(space_out(text).casefold())) - _ARTICLES


def _same(one: _Words, other: _Words) -> bool:
    if one.all == other.all:
        return True
    common, together = len(one.all & other.all), len(one.all | other.all)
    if one.asked_about == other.asked_about and common >= _ALIKE * together:
        return True
    about = one.asked_about - FREQUENT_WORDS
    return bool(about and one.answer) and one.answer == other.answer and about == other.asked_about - FREQUENT_WORDS
