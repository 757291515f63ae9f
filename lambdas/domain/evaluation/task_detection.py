"""What kind of answers a task has, seen from its references."""

from collections.abc import Iterable

import orjson

from lambdas.domain.core.counted import counted
from lambdas.domain.evaluation.macro_f1 import MACRO_F1
from lambdas.domain.evaluation.metrics.choice_match import choice, is_choice
from lambdas.domain.evaluation.metrics.classification import are_labels, label
from lambdas.domain.evaluation.metrics.code_match import is_code
from lambdas.domain.evaluation.metrics.numeric import is_numeric
from lambdas.domain.evaluation.metrics.tool_calls import are_calls
from lambdas.domain.evaluation.task_kind import METRICS_OF_ALL_KINDS, METRICS_OF_KIND, TaskKind

# One malformed reference does not change what a task is.
_MOSTLY = 0.95
# A kind that is set fits where so many references are of it.
FITTING_PERCENT = 90
# From this share of numbers on, those are not scored as words.
_MIXED = 0.2
# More different references are no labels; longer texts are not looked at for numbers and letters.
_MOST_COUNTED = 5_000
_LONGEST_FIGURES = 300


class TaskDetector:
    """Counts references, one after another, and keeps no more of them than could be labels."""

    def __init__(self) -> None:
        self._records = self._json = self._calls = self._code = self._choices = self._numeric = 0
        self._letters: set[str | None] = set()
        self._distinct: set[str] = set()
        self._has_long = False

    def add(self, reference: str) -> None:
        """Counts a reference."""
        self._records += 1
        is_json = _is_json(reference)
        self._json += is_json
        self._calls += is_json and are_calls(reference)
        self._code += is_code(reference)
        if len(reference) > _LONGEST_FIGURES:
            self._has_long = True
            return
        self._numeric += is_numeric(reference)
        if is_choice(reference):
            self._choices += 1
            self._letters.add(choice(reference))
        if len(self._distinct) <= _MOST_COUNTED:
            self._distinct.add(label(reference))

    def count_fitting(self, kind: TaskKind) -> int:
        """How many of the references the primary metric of a kind has a meaning for."""
        counts: dict[TaskKind, int] = {
            "tool_calls": self._calls,
            "json": self._json,
            "multiple_choice": self._choices,
            "numeric": self._numeric,
        }
        return counts.get(kind, self._records)

    def explain_unfitting(self, kind: TaskKind) -> str | None:
        """Why a kind that is set does not fit the references; None where it does."""
        fitting = self.count_fitting(kind)
        if fitting * 100 >= FITTING_PERCENT * self._records:
            return None
        return (
            f"The kind {kind} does not fit: {fitting:,} of {counted(self._records, 'answer')} "
            f"{'is' if fitting == 1 else 'are'} of it. They look like {self.kind()}. Set that kind, or none, so that "
            "it is detected."
        )

    def explain_meaningless(self, metric: str, kind: TaskKind) -> str | None:
        """Why a metric of references says nothing of any answer to a task of this kind; None where it does."""
        of_kind = METRICS_OF_KIND.get(kind, frozenset()) | ({MACRO_F1} if kind == "labels" else frozenset())
        if not self._records or metric in of_kind or (metric == "numeric_match" and self._numeric):
            return None
        if metric in METRICS_OF_ALL_KINDS - {"numeric_match"}:
            return None
        if metric == "numeric_match":
            reason = f"none of the {counted(self._records, 'answer')} is nothing but numbers"
        else:
            reason = (
                f"the {counted(self._records, 'answer')} {'is' if self._records == 1 else 'are'} of the kind {kind}"
            )
        return f"The metric {metric} has no meaning here: {reason}. Choose another, or primary."

    def kind(self) -> TaskKind:
        """The kind of the task by the first rule that holds; text where there are no references.

        1. tool_calls: at least 95 % of the references are calls of tools (`read_calls`).
        2. json, code: at least 95 % of the references are JSON objects or arrays; are SQL or programs (`is_code`).
        3. multiple_choice: at least 95 % are one letter of A to H, and there are several of them.
        4. labels: short, recurring references, however many (`are_labels`), numbers such as ratings included.
        5. numeric: at least 95 % are nothing but numbers (`is_numeric`); mixed: at least 20 % are.
        6. text: all else.
        """
        least = _MOSTLY * self._records
        if not self._records:
            return "text"
        if self._calls >= least:
            return "tool_calls"
        if self._json >= least:
            return "json"
        if self._code >= least:
            return "code"
        if self._choices >= least and len(self._letters) > 1:
            return "multiple_choice"
        if not self._has_long and are_labels(self._distinct, self._records):
            return "labels"
        if self._numeric >= least:
            return "numeric"
        return "mixed" if self._numeric >= _MIXED * self._records else "text"


def detect_task_kind(references: Iterable[str]) -> TaskKind:
    """The kind of a task by all its references, which are read once."""
    detector = TaskDetector()
    for reference in references:
        detector.add(reference)
    return detector.kind()


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
