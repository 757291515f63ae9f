"""Whether prompts name what their answers consist of: the labels of a label set, the keys of JSON, the tools of calls.

A base model that is told none of it cannot give them: its low score says nothing of what it can do.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

from lambdas.domain.dataset.report import DatasetReport

Untold = Literal["labels", "JSON keys", "tools"]

MAX_LABELS = 100
_LABEL_CHARACTERS, _LEAST_RECORDS, _RECORDS_PER_LABEL = 64, 20, 4
# One malformed answer does not change what a set is.
_MOSTLY = 0.95
# Prompts that are kept, and how much of the beginning and of the end of each, where instructions stand.
_SAMPLE, _KEPT_CHARACTERS = 200, 4_000
# A prompt tells where it names half of them, and a data set where one prompt in ten does.
_NAMED_SHARE, _TOLD_SHARE = 0.5, 0.1
# Whoever asks such a question expects these.
_COMMON = {"yes", "no", "true", "false"}
_SHOWN = 5
# What a call of a tool has beside its name, as model APIs write it.
_CALLED = {"arguments", "parameters", "input"}
_DEEPEST_CALL = 4


class ToldAnswers:
    """Collects what prompts name and what answers consist of; memory stays bounded."""

    def __init__(self) -> None:
        self._records = 0
        self._objects = 0
        self._calls = 0
        self._answers: Counter[str] = Counter()
        self._sample: list[tuple[str, set[str]]] = []

    @property
    def is_sampled(self) -> bool:
        """Whether no further prompt is read."""
        return len(self._sample) >= _SAMPLE

    def add(self, prompt: str, answer: str) -> None:
        """Counts a record; `prompt` is all that the model reads, its system text included."""
        self._records += 1
        keys, value = set[str](), _object(answer)
        if value:
            tools = _tools(value)
            keys = tools or _keys(value)
            self._objects += bool(keys)
            self._calls += bool(tools)
        # Where there are too many, they are no labels.
        if len(answer) <= _LABEL_CHARACTERS and len(self._answers) <= MAX_LABELS:
            self._answers[_words(answer)] += 1
        if len(self._sample) < _SAMPLE:
            ends = prompt[:_KEPT_CHARACTERS], prompt[_KEPT_CHARACTERS:][-_KEPT_CHARACTERS:]
            self._sample.append((_words(" ".join(ends) if ends[1] else ends[0]), keys))

    def find_untold(self, kind: str | None = None) -> Untold | None:
        """What the answers consist of and hardly any prompt names; None where prompts do, or the answers are neither.

        `kind` is the task's where it is known.
        """
        if kind in ("json", "tool_calls") or (kind is None and self._are_objects()):
            if self._tell(keys for _, keys in self._sample):
                return None
            return "tools" if self._calls >= _MOSTLY * self._records else "JSON keys"
        labels = self._labels() if kind == "labels" or (kind is None and self._are_labels()) else set()
        return None if labels <= _COMMON or self._tell(labels for _ in self._sample) else "labels"

    def check(self, file: str, report: DatasetReport) -> None:
        """The rule on what prompts name."""
        untold = self.find_untold()
        if untold:
            named = self._labels() if untold == "labels" else set().union(*(keys for _, keys in self._sample))
            shown = ", ".join(sorted(named)[:_SHOWN]) + (", …" if len(named) > _SHOWN else "")
            message = f"No prompt names the {untold} that the answers have ({shown}): the base model cannot know them."
            report.add("untold-answers", file, message)

    def _are_objects(self) -> bool:
        return self._records >= _LEAST_RECORDS and self._objects >= _MOSTLY * self._records

    def _are_labels(self) -> bool:
        few = 1 < len(self._answers) <= min(MAX_LABELS, self._records / _RECORDS_PER_LABEL)
        return few and self._answers.total() == self._records >= _LEAST_RECORDS

    def _labels(self) -> set[str]:
        """The labels that a prompt would name: "from 1 to 5" names all of five."""
        labels = set(self._answers)
        if labels and all(label.isdecimal() for label in labels):
            return {min(labels, key=int), max(labels, key=int)}
        return labels

    def _tell(self, wanted: Iterable[set[str]]) -> bool:
        told = sum(_names(prompt, words) for (prompt, _), words in zip(self._sample, wanted, strict=True))
        return told >= _TOLD_SHARE * len(self._sample)


def _names(prompt: str, wanted: set[str]) -> bool:
    # Scripts without spaces have no words to tell apart.
    named = sum(f" {words} " in f" {prompt} " if words.isascii() else words in prompt for words in wanted)
    return named >= _NAMED_SHARE * len(wanted)


def _words(text: str) -> str:
    """The words in lower case, with one space between them: `order_id` and "Order ID" are the same."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _object(answer: str) -> Any:
    """A JSON object or array; None for any other text."""
    if answer.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def _keys(value: Any) -> set[str]:
    """The keys of a JSON object, or of the first object of an array, as words."""
    first = value[0] if isinstance(value, list) and value else value
    return {words for key in first if (words := _words(key))} if isinstance(first, dict) else set()


def _tools(value: Any) -> set[str]:
    """The names of the tools that a JSON calls, as words: of objects with a name and arguments, at most four deep."""
    found = set[str]()
    inside = [value]
    for _ in range(_DEEPEST_CALL):
        inside = [one for each in inside for one in (each if isinstance(each, list) else [each])]
        objects = [each for each in inside if isinstance(each, dict)]
        found |= {
            _words(each["name"]) for each in objects if isinstance(each.get("name"), str) and _CALLED & each.keys()
        }
        inside = [one for each in objects if not _CALLED & each.keys() for one in each.values()]
    return found - {""}
