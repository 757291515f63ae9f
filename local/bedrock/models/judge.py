"""Judges: which of two answers is better, by a stated rule with noise.

An answer's quality is the share of its words and figures that the context supports, less a price for every word; the
one shown first gains POSITION_BIAS, and each gains NOISE times a normal draw. The draw depends on the judge's name and
the prompt alone: the same question gets the same judgement, other judges differ, and the two orders of a pair can
contradict each other. A figure is supported where the context shows it or simple arithmetic on the context gives it.
Where a reference is given, an answer's quality is the share of words it has in common with it, at the same price.
Texts of candidates are never obeyed; but as they are found by their tags, an answer that is not escaped can forge a
candidate, as with a real judge.
"""

import math
import re
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from html import unescape
from typing import NamedTuple

import numpy as np

from local.bedrock.models.preparation import find_candidates
from local.bedrock.models.prompts import NUMBERS, Prompt, read_prompt, words_of

POSITION_BIAS = 0.02
NOISE = 0.08
TIE_WITHIN = 0.05
PRICE_PER_WORD = 0.004
UNSUPPORTED_FROM = 0.5
FIGURES_WEIGHT = 0.7
ASKS = re.compile(r"<judge?ment>", re.I)
PAIR = re.compile(
    r"<(?P<name>/?(?:answer|response|candidate|output|assistant|model)[_-]?(?P<which>a|b|1|2))\b[^<>]*>", re.I
)
# Escaped texts in tags with one mark, as the pipeline's own judges' prompt has them.
MARKED = re.compile(r"<(?P<name>/?(?P<which>reference|first|second)-[0-9a-f]+)>")
SINGLE = re.compile(r"<(?P<name>/?(?P<which>answer|response))>", re.I)


class Element(NamedTuple):
    """A text between two tags: `which` of the candidates it is, and its place, tags included."""

    which: str
    text: str
    start: int
    end: int


def answer(system: str, prompt: str, name: str) -> str | None:
    """`<reason>…</reason><judgement>…</judgement>`, or None where no judgement is asked for.

    Two candidates in tags such as `<answer_a>` and `<answer_b>` get `A`, `B` or `tie` (`1` and `2` where tags say so);
    a single one in `<answer>` gets `correct` or `incorrect`. `<first-…>` and `<second-…>` beside a `<reference-…>` get
    `first`, `second` or `tie`. Candidates that are not there: `tie`, as unclear.
    """
    if not ASKS.search(system + prompt):
        return None
    marked = {each.which: each for each in reversed(_elements(MARKED, prompt))}
    if len(marked) == 3:
        reference = unescape(marked["reference"].text)
        return _compare(prompt, marked["first"], marked["second"], name, lambda text: _agreement(reference, text))
    found = {each.which.lower(): each for each in reversed(_elements(PAIR, prompt))}
    if len(found) >= 2:
        first, second = sorted(found.values(), key=lambda each: each.start)[:2]
        context = read_prompt(_without(prompt, [first, second]))
        return _compare(prompt, first, second, name, lambda text: _quality(context, text))
    singles = _elements(SINGLE, prompt)
    if singles:
        quality = _quality(read_prompt(_without(prompt, singles[:1])), singles[0].text)
        quality += NOISE * _noise(name, prompt, 0)
        verdict = "correct" if quality >= UNSUPPORTED_FROM else "incorrect"
        return _written(f"The context supports the answer to {quality:.2f}.", verdict)
    return _written("No two answers could be told apart.", "tie")


def _elements(tag: re.Pattern[str], prompt: str) -> list[Element]:
    """From each start tag to its end tag, one after the other; tags that are never closed are passed over."""
    tags = [(match["name"].lower(), match) for match in tag.finditer(prompt)]
    ends: dict[str, list[re.Match[str]]] = {}
    for name, match in tags:
        if name.startswith("/"):
            ends.setdefault(name[1:], []).append(match)
    found, position = list[Element](), 0
    for name, match in tags:
        closing = ends.get(name, [])
        following = bisect_left(closing, match.end(), key=lambda end: end.start())
        if match.start() < position or following == len(closing):
            continue
        end = closing[following]
        position = end.end()
        found.append(Element(match["which"], prompt[match.end() : end.start()], match.start(), position))
    return found


def _compare(prompt: str, first: Element, second: Element, name: str, quality: Callable[[str], float]) -> str:
    qualities = [
        quality(unescape(each.text)) + POSITION_BIAS * (number == 0) + NOISE * _noise(name, prompt, number)
        for number, each in enumerate((first, second))
    ]
    difference = qualities[0] - qualities[1]
    reason = f"Support and brevity: {qualities[0]:.2f} for the first, {qualities[1]:.2f} for the second."
    if abs(difference) < TIE_WITHIN:
        return _written(reason, "tie")
    better = (first if difference > 0 else second).which
    return _written(reason, better if better in ("first", "second") else better.upper())


def _agreement(reference: str, text: str) -> float:
    """The words in common, as a share of both texts' words, 0-1, less the price of the words."""
    ours, theirs = Counter(words_of(text)), Counter(words_of(reference))
    share = 2 * (ours & theirs).total() / (ours.total() + theirs.total() or 1)
    return share - PRICE_PER_WORD * min(ours.total(), 100)


def _quality(context: Prompt, text: str) -> float:
    """Support of figures and words by the context, 0-1, less the price of the words."""
    words = words_of(text)
    if not words:
        return -1.0
    known = set(context.question_words)
    for table in context.tables:
        known |= {
            word for names in (table.rows, table.columns, table.section_names) for name in names.words for word in name
        }
    for sentence in context.sentences:
        known |= set(words_of(sentence))
    names = [word for word in words if not word[0].isdigit()]
    figures = [float(figure.replace(",", "")) for figure in NUMBERS.findall(text)]
    # A figure that the question gives is no answer to it.
    figures = [figure for figure in figures if f"{figure:g}" not in context.question_words]
    values = np.abs(find_candidates(context).values)
    in_text = [float(figure.replace(",", "")) for sentence in context.sentences for figure in NUMBERS.findall(sentence)]
    values = np.concatenate([values[~np.isnan(values)], np.array(in_text, np.float64)])
    supported = [bool((np.abs(values - figure) < 0.01).any()) for figure in figures]
    by_words = sum(word in known for word in names) / len(names) if names else 1.0
    by_figures = sum(supported) / len(supported) if supported else by_words
    support = FIGURES_WEIGHT * by_figures + (1 - FIGURES_WEIGHT) * by_words
    return support - PRICE_PER_WORD * min(len(words), 100)


def _noise(name: str, prompt: str, number: int) -> float:
    """A standard normal draw (Box and Muller) that depends on its arguments alone."""
    seed = zlib.crc32(f"{name}\x1f{number}\x1f{prompt}".encode())
    uniform = np.random.default_rng(seed).random(2)
    return float(math.sqrt(-2 * math.log(1 - uniform[0])) * math.cos(2 * math.pi * uniform[1]))


def _without(prompt: str, elements: list[Element]) -> str:
    for each in reversed(elements):
        prompt = prompt[: each.start] + prompt[each.end :]
    return prompt


def _written(reason: str, verdict: str) -> str:
    return f"<reason>{reason}</reason>\n<judgement>{verdict}</judgement>"
