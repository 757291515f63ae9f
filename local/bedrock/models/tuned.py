"""A tuned model: what it knows beyond its base comes from the training rows alone.

For every row it tries which operation on the prompt gives the answer. From the question's words it learns which
operation is wanted (naive Bayes), and how its result is written: unit word, percent or currency sign, decimals.
Answers that no operation explains are kept as labels with their questions. An operation counts only as far as it
explains the rows' own answers better than those of their neighbours: where answers have nothing to do with their
prompts, nothing is learnt.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Protocol

from local.bedrock.models.operations import OPERATIONS, Candidate, Workspace
from local.bedrock.models.reading import Reading, number, read, words

ROWS_READ = 3_000
LABEL = "label"
UNITS = re.compile(r"\s*(thousand|million|billion|trillion|percent|%)s?$", re.IGNORECASE)
CURRENCY = re.compile(r"^(-?)\(?([$€£¥])")
PUNCTUATION = re.compile(r"[^\w\s]")
NEIGHBOURS = 5
# How far above chance, in standard deviations of a count, an operation must explain answers to be learnt from.
CHANCE_DEVIATIONS = 2.5


class TrainingRow(Protocol):
    """What the model learns from."""

    @property
    def prompt(self) -> str:
        """Everything before the target."""
        ...

    @property
    def answer(self) -> str:
        """The target."""
        ...


class _NaiveBayes:
    """A multinomial naive Bayes classifier over sets of words."""

    def __init__(self) -> None:
        self._classes: Counter[Hashable] = Counter()
        self._words: defaultdict[Hashable, Counter[str]] = defaultdict(Counter)
        self._vocabulary: set[str] = set()

    def add(self, found: Iterable[str], label: Hashable) -> None:
        distinct = set(found)
        self._classes[label] += 1
        self._words[label].update(distinct)
        self._vocabulary |= distinct

    def ranked(self, found: Iterable[str]) -> list[Hashable]:
        """Classes, the most probable first."""
        known = set(found) & self._vocabulary
        scores = {}
        for label, count in self._classes.items():
            seen = self._words[label]
            scores[label] = math.log(count) + sum(math.log((seen[word] + 0.1) / (count + 0.2)) for word in known)
        return sorted(scores, key=lambda label: -scores[label])


class TunedModel:
    """Made by `fit`; answers like the training rows do."""

    def __init__(self) -> None:
        self._operation = _NaiveBayes()
        self._style = _NaiveBayes()
        self._labels: list[tuple[frozenset[str], str]] = []
        self._explained = False

    @classmethod
    def fit(cls, rows: Sequence[TrainingRow]) -> "TunedModel":
        """Learn from the rows (evenly chosen ones where there are very many)."""
        model = cls()
        chosen = rows[:: math.ceil(len(rows) / ROWS_READ)] if rows else []
        readings = [read([("user", row.prompt)]) for row in chosen]
        candidates = [_candidates(reading) for reading in readings]
        answers = [row.answer for row in chosen]
        useful = _useful_operations(candidates, answers)
        model._explained = bool(useful)
        for reading, found, answer in zip(readings, candidates, answers, strict=True):
            model._learn(reading, {name: found[name] for name in useful if name in found}, answer)
        return model

    def _learn(self, reading: Reading, found: dict[str, Candidate], answer: str) -> None:
        features = _question_features(reading)
        explaining = [name for name, candidate in found.items() if explains(candidate, answer)]
        for name in explaining[:1]:
            self._operation.add(features, name)
            self._style.add([*_style_features(reading), f"operation:{name}"], _style_of(found[name], answer))
        if not explaining:
            self._operation.add(features, LABEL)
            self._labels.append((frozenset(features), answer))

    def answer(self, system: str, turns: Sequence[tuple[str, str]]) -> str:
        """The answer alone, in the learnt style."""
        del system
        reading = read(turns)
        features = _question_features(reading)
        space = Workspace(reading)
        label = self._agreed_label(features)
        for name in self._operation.ranked(features):
            if name == LABEL:
                if label is not None or not self._explained:
                    return label or self._nearest_label(features)
                continue
            candidate = OPERATIONS[str(name)](space)
            if candidate is not None and (candidate.text or candidate.value is not None):
                styles = self._style.ranked([*_style_features(reading), f"operation:{name}"])
                return _write(candidate, styles)
        return self._nearest_label(features)

    def _neighbours(self, features: Iterable[str]) -> list[str]:
        asked = set(features)
        scored = sorted(self._labels, key=lambda item: -len(item[0] & asked) / (len(item[0] | asked) or 1))
        return [answer for _, answer in scored[:NEIGHBOURS]]

    def _agreed_label(self, features: Iterable[str]) -> str | None:
        """The answer that most of the nearest questions have in common: a label that recurs."""
        counts = Counter(self._neighbours(features)).most_common(1)
        return counts[0][0] if counts and counts[0][1] * 2 > NEIGHBOURS else None

    def _nearest_label(self, features: Iterable[str]) -> str:
        return next(iter(self._neighbours(features)), "")


def _candidates(reading: Reading) -> dict[str, Candidate]:
    space = Workspace(reading)
    found = {name: operation(space) for name, operation in OPERATIONS.items()}
    return {name: candidate for name, candidate in found.items() if candidate is not None}


def _useful_operations(candidates: list[dict[str, Candidate]], answers: list[str]) -> list[str]:
    """Operations that explain more rows with their own answers than with the next row's, the best first."""
    own: Counter[str] = Counter()
    foreign: Counter[str] = Counter()
    for found, answer, other in zip(candidates, answers, answers[1:] + answers[:1], strict=True):
        own.update(name for name, candidate in found.items() if explains(candidate, answer))
        foreign.update(name for name, candidate in found.items() if explains(candidate, other))
    lift = {name: count - foreign[name] for name, count in own.items()}
    useful = [name for name in lift if lift[name] >= CHANCE_DEVIATIONS * math.sqrt(foreign[name] + 1)]
    return sorted(useful, key=lambda name: -lift[name])


def explains(candidate: Candidate, answer: str) -> bool:
    """Whether an answer says what the candidate does, whatever its unit, sign of currency or rounding."""
    bare = UNITS.sub("", answer.strip())
    value = number(bare)
    if candidate.value is not None:
        if value is None:
            return False
        decimals = len(bare.partition(".")[2].rstrip(")%"))
        return (
            abs(candidate.value - value) <= 0.51 * 10.0**-decimals if candidate.computed else candidate.value == value
        )
    return candidate.text == answer.strip() or (value is None and _overlap(candidate.text, answer) >= 0.7)


def _overlap(first: str, second: str) -> float:
    """Token F1 of two texts."""
    left, right = (Counter(PUNCTUATION.sub(" ", text.lower()).split()) for text in (first, second))
    shared = (left & right).total()
    return 2 * shared / (left.total() + right.total()) if shared else 0.0


def _question_features(reading: Reading) -> list[str]:
    opening = " ".join(reading.question.lower().split()[:2])
    years = sum(word.isdigit() and len(word) == 4 for word in reading.question_words)
    spoken = [word for word in reading.question_words if not word[0].isdigit()]
    return [*spoken, f"opening:{opening}", f"years:{min(years, 3)}", f"table:{bool(reading.tables)}"]


def _style_features(reading: Reading) -> list[str]:
    """The question's words and what tables' headers and the text say about units."""
    headers = [header for table in reading.tables for header in (*table.headers, *table.sections[:1])]
    found = {f"header:{word}" for word in words(" ".join(headers)) if not word[0].isdigit()}
    mentioned = " ".join(reading.sentences).lower()
    found |= {f"text:{unit}" for unit in ("in thousands", "in millions", "in billions") if unit in mentioned}
    return [*(word for word in reading.question_words if not word[0].isdigit()), *found]


# A style: unit word, whether separated by a space, currency sign, number of decimals (None: as in the source).
_Style = tuple[str, str, int | None, bool]


def _style_of(candidate: Candidate, answer: str) -> _Style:
    text = answer.strip()
    unit = UNITS.search(text)
    bare = UNITS.sub("", text)
    currency = CURRENCY.match(bare)
    decimals = len(bare.partition(".")[2].rstrip(")")) if candidate.computed else None
    return (unit.group() if unit else "", currency.group(2) if currency else "", decimals, "," in bare)


def _fits(style: _Style, candidate: Candidate) -> bool:
    """Decimals belong to what was computed; a percent sign to that, or to what has one in its cell or header."""
    percent_is_plausible = candidate.computed or "%" in candidate.text + candidate.about
    return (style[2] is not None) == candidate.computed and ("%" not in style[0] or percent_is_plausible)


def _write(candidate: Candidate, styles: list[Hashable]) -> str:
    """A candidate in the most probable style that fits it."""
    if candidate.value is None:
        return candidate.text
    fitting = [style for style in styles if isinstance(style, tuple) and _fits(style, candidate)]
    unit, currency, decimals, commas = fitting[0] if fitting else ("", "", 2 if candidate.computed else None, False)
    if not candidate.computed:
        text = UNITS.sub("", candidate.text)
        text = text if currency or not CURRENCY.match(text) else re.sub(r"[$€£¥]\s*", "", text)
        return text + ("" if text.endswith(unit.strip() or "\0") else unit)
    written = f"{candidate.value:,.{decimals}f}" if commas else f"{candidate.value:.{decimals}f}"
    if "." in written and decimals:
        written = written.rstrip("0").rstrip(".")
    return f"{currency}{written}{unit}"
