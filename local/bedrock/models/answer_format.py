"""How answers are written: which candidates a training answer stands for, and the templates that make figures answers.

A template is a rendering of the figure (as it stands, bare, or computed with so many decimals) between a prefix and a
suffix, such as `-21` + ` million`. Templates come from the training answers alone.
"""

import math
import re
import string
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from local.bedrock.models.candidates import Candidates, Kind, bucket
from local.bedrock.models.prompts import Prompt, number_in, words_of

SMALLEST_OVERLAP = 0.6
TEMPLATES = 48
BUCKETS = 1 << 12
PARENTHESES = re.compile(r"\(([^()]{2,60})\)")
PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")


class Template(NamedTuple):
    """How a figure becomes an answer."""

    rendering: str
    prefix: str
    suffix: str


PLAIN = Template("text", "", "")
COMPUTED_PLAIN = Template("trimmed 2", "", "")


def overlap(first: list[str], second: list[str]) -> float:
    """Token F1 of two lists of words, 0-1."""
    common = (Counter(first) & Counter(second)).total()
    return 2 * common / (len(first) + len(second)) if common else 0.0


def answer_words(text: str) -> list[str]:
    """Lower-case words without punctuation and articles."""
    return ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()


def right_candidates(candidates: Candidates, answer: str) -> npt.NDArray[np.bool_]:
    """Which candidates the answer can stand for; none may."""
    value = number_in(answer)
    if not math.isnan(value):
        digits = re.search(r"\.(\d+)", answer)
        half = 0.51 * 10.0 ** -(len(digits[1]) if digits else 0)
        right = np.abs(candidates.values - value) <= half
        copied = np.array([text is not None for text in candidates.texts])
        exact = np.abs(np.abs(candidates.values) - abs(value)) < 1e-9
        return np.where(copied, exact, right)
    words = answer_words(answer)
    possible = set(words)
    scores = np.zeros(len(candidates))
    for index, text in enumerate(candidates.texts):
        if text:
            found = answer_words(text)
            if not possible.isdisjoint(found):
                scores[index] = overlap(found, words)
    best = float(scores.max(initial=0.0))
    return np.asarray(scores >= max(SMALLEST_OVERLAP, best - 0.02))


def renderings(text: str | None, value: float) -> Iterator[tuple[str, str]]:
    """The ways to write a candidate: name of the rendering and its text. Copied and computed figures share none."""
    if text is not None:
        yield "text", text
        if not math.isnan(value):
            bare = re.search(r"\d[\d,]*\.?\d*|\.\d+", text)
            if bare:
                yield "bare", ("-" if value < 0 else "") + bare[0]
                yield "bare absolute", bare[0]
        return
    for sign, figure in (("", value), (" absolute", abs(value))):
        for decimals in (2, 1, 0, 3):
            fixed = f"{figure:,.{decimals}f}"
            if not float(fixed.replace(",", "")):
                fixed = fixed.lstrip("-")
            trimmed = fixed.rstrip("0").rstrip(".") if decimals else fixed
            yield f"trimmed {decimals}{sign}", trimmed.replace(",", "")
            yield f"fixed {decimals}{sign}", fixed.replace(",", "")
            yield f"trimmed, {decimals}{sign}", trimmed
            yield f"fixed, {decimals}{sign}", fixed


def templates_of(text: str | None, value: float, answer: str) -> list[Template]:
    """All templates that make this answer of this candidate."""
    found = []
    for rendering, written in renderings(text, value):
        at = answer.find(written) if written else -1
        if at < 0:
            continue
        prefix, suffix = answer[:at], answer[at + len(written) :]
        if len(prefix) <= 24 and len(suffix) <= 24 and not re.search(r"\d", prefix[-1:] + suffix[:1] + prefix + suffix):
            found.append(Template(rendering, prefix, suffix))
    return found


def write(template: Template, written: dict[str, str]) -> str:
    """The answer that a template makes of a candidate's renderings, of which it must be one."""
    return f"{template.prefix}{written[template.rendering]}{template.suffix}"


def format_words(prompt: Prompt, kind: int, text: str | None) -> npt.NDArray[np.int32]:
    """Hashed words that tell how the answer is to be written: kind, signs, words of the question and of table heads."""
    table = prompt.tables[0] if prompt.tables else None
    head = words_of(table.header)[:60] if table else []
    for sentence in prompt.sentences[:20]:
        for inside in PARENTHESES.findall(sentence):
            head += words_of(inside)[:8]
    name = Kind(kind).name
    ids = {bucket("kind", name, size=BUCKETS)}
    ids |= {bucket("q", word, size=BUCKETS) for word in prompt.question_words}
    ids |= {bucket("h", word, name[:4], size=BUCKETS) for word in head}
    if text:
        ids |= {bucket("sign", sign, size=BUCKETS) for sign in "$€£%()" if sign in text}
    if table and any("%" in cell for cell in table.texts[:3]):
        ids.add(bucket("table%", size=BUCKETS))
    return np.array(sorted(ids), np.int32)
