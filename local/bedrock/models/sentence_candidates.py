"""Candidates from sentences: those that share words with the question, their clauses, names and numbers."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise

from local.bedrock.models.candidates import CUE_BUCKETS, Found, Kind, bucket
from local.bedrock.models.prompts import STOP_WORDS, Prompt, words_of, year_of

SENTENCES, SPANS = 3, 60
NEAR_WORDS = 6
LONG_SENTENCE_LETTERS = 200
LONG_SPAN_WORDS = 20

PIECE = re.compile(r"\S+")
BREAK_BEFORE = frozenset((
    "due", "because", "as", "by", "to", "for", "from", "in", "on", "of", "which", "that", "who", "and", "or",
    "primarily", "mainly", "driven", "is", "are", "was", "were", "through", "with", "based", "when", "if", "including",
    "attributable", "resulting", "offset", "partially", "at", "per",
))  # fmt: skip
MENTION = re.compile(r"[$€£¥]?\s?\d[\d,]*\.?\d*(?:\s?%|\s(?:million|billion|thousand|percent|years?|months?|days?)\b)?")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}+\.?"
DATE = re.compile(
    rf"\b(?:\d{{1,2}}\.?\s(?:of\s)?{_MONTH},?\s\d{{4}}|{_MONTH}\s\d{{1,2}},?\s\d{{4}}|\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}}/\d{{4}})\b"
)
# Bounded: a name that never ends must not be tried from each of its letters to the end of the text.
NAME_WORD = r"[A-Z][\w&.'\u2019-]{0,40}+"
NAME = re.compile(
    rf"{NAME_WORD}(?:\s{{1,9}}+(?:of|and|the|&|{NAME_WORD})){{0,12}}\s{{1,9}}+{NAME_WORD}|[A-Z][\w&'\u2019-]{{2,}}"
)
QUESTION_WORDS = ("what", "which", "who", "when", "where", "why", "how")


class SentenceFit(IntEnum):
    """Features of a sentence, which its pieces have as well. 0 and 1 are constant and cue."""

    SHARED_WORDS = 2
    IS_BEST = 3
    FIRST = 4
    LAST = 5
    RATIO = 6
    LENGTH = 7
    SECOND = 8


class SpanFit(IntEnum):
    """Further features of a piece of a sentence."""

    IN_QUESTION = 9
    LENGTH = 10
    ENDS_SENTENCE = 11
    STARTS_SENTENCE = 12
    NEAR_QUESTION = 13
    MONEY = 14
    PERCENT = 15
    QUOTES_QUESTION = 16
    SEVERAL_WORDS = 17
    YEAR = 18


def find_in_sentences(prompt: Prompt, found: Found) -> None:
    """Adds the best sentences and their pieces, and the first two sentences and the last."""
    if not prompt.sentences:
        return
    scores = _scores(prompt)
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    last = len(scores) - 1
    for rank, index in enumerate([*order[:SENTENCES], *sorted({0, min(1, last), last} - set(order[:SENTENCES]))]):
        fit: dict[int, float] = {
            SentenceFit.SHARED_WORDS: scores[index],
            SentenceFit.IS_BEST: float(rank == 0),
            SentenceFit.FIRST: float(index == 0),
            SentenceFit.LAST: float(index == last),
            SentenceFit.RATIO: scores[index] / (scores[order[0]] or 1.0),
        }
        sentence = prompt.sentences[index]
        length = min(len(sentence) / LONG_SENTENCE_LETTERS, 2.0)
        found.add_text(
            Kind.SENTENCE, sentence, fit | {SentenceFit.LENGTH: length, SentenceFit.SECOND: float(index == 1)}
        )
        if rank < SENTENCES:
            _add_spans(sentence, fit, prompt, found)


def _scores(prompt: Prompt) -> list[float]:
    """The share of the question's words in each sentence, weighted so that words of many sentences say little."""
    sentences = [set(words_of(sentence)) for sentence in prompt.sentences]
    frequency = Counter(word for words in sentences for word in words)
    weights = {
        word: frequency[word] ** -0.5 for word in prompt.question_words if word not in STOP_WORDS and word in frequency
    }
    total = sum(weights.values()) or 1.0
    return [sum(weights.get(word, 0.0) for word in words) / total for words in sentences]


def _add_spans(sentence: str, fit: dict[int, float], prompt: Prompt, found: Found) -> None:
    asked = _asked(prompt.question)
    content = {word for word in prompt.question_words if word not in STOP_WORDS}
    question = prompt.question.lower()
    spans = [(Kind.NUMBER, match.span()) for match in MENTION.finditer(sentence)]
    spans += [(Kind.NAME, match.span()) for match in NAME.finditer(sentence)]
    spans += [(Kind.DATE, match.span()) for match in DATE.finditer(sentence)]
    spans += [(Kind.CLAUSE, span) for span in _clauses(sentence)]
    for kind, (start, end) in spans[:SPANS]:
        text = sentence[start:end].strip(" ,;:.")
        if not text:
            continue
        words = words_of(text)
        before = sentence[:start].lower().split()[-NEAR_WORDS:]
        marks = {
            SpanFit.IN_QUESTION: sum(word in content for word in words) / (len(words) or 1),
            SpanFit.LENGTH: min(len(words) / LONG_SPAN_WORDS, 2.0),
            SpanFit.ENDS_SENTENCE: float(end >= len(sentence) - 1),
            SpanFit.STARTS_SENTENCE: float(start == 0),
            SpanFit.NEAR_QUESTION: sum(word in content for word in words_of(" ".join(before))) / NEAR_WORDS,
            SpanFit.MONEY: float("$" in text),
            SpanFit.PERCENT: float("%" in text),
            SpanFit.QUOTES_QUESTION: float(text.lower() in question),
            SpanFit.SEVERAL_WORDS: float(len(words) > 3),
            SpanFit.YEAR: float(len(words) == 1 and year_of(text) > 0),
        }
        following = sentence[end:].lower().split(maxsplit=1)
        cues = _cues(kind, before[-1:], words[:1], following[:1], asked)
        found.add_text(kind, text, fit | marks, cues)


def _asked(question: str) -> list[str]:
    """The question word and the word that follows it, which say what is asked for."""
    words = question.lower().split()
    at = next((number for number, word in enumerate(words) if word in QUESTION_WORDS), 0)
    return words[at : at + 2]


def _cues(kind: Kind, before: list[str], first: list[str], after: list[str], asked: list[str]) -> list[int]:
    """Hashed words at a piece's edges, each with what is asked for."""
    return [
        bucket("before", *before, *asked[:1], kind.name, size=CUE_BUCKETS),
        bucket("first", *first, *asked, size=CUE_BUCKETS),
        bucket("first", *first, *asked[:1], kind.name, size=CUE_BUCKETS),
        bucket("after", *after, *asked[:1], kind.name, size=CUE_BUCKETS),
    ]


def _clauses(sentence: str) -> Iterator[tuple[int, int]]:
    """From each break to the sentence's end and to the next two ends at punctuation, as (start, end) in letters."""
    pieces = [match.span() for match in PIECE.finditer(sentence)]
    starts = {0}
    for (start, end), (following, next_end) in pairwise(pieces):
        if sentence[start:end].lower() in BREAK_BEFORE or sentence[end - 1] in ",;:(":
            starts.add(following)
        if sentence[following:next_end].lower().strip(",.;:()") in BREAK_BEFORE:
            starts.add(following)
    ends = [end for _, end in pieces if sentence[end - 1] in ",;:)"]
    for start in sorted(starts):
        yield start, len(sentence)
        following = bisect_right(ends, start + 2)
        for end in ends[following : following + 2]:
            yield start, end
