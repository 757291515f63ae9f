"""What shows only over all answers of a file: whether they are labels, how those are spread, and which are cut off."""

import unicodedata
from array import array
from collections import Counter
from collections.abc import Mapping

from lambdas.domain.core.counted import counted
from lambdas.domain.dataset.report import DatasetReport

MAX_LABEL_CHARACTERS = 64
# More labels, or fewer records for each, are answers rather than classes.
MAX_LABELS = 100
_RECORDS_PER_LABEL = 4
_LEAST_RECORDS = 20
# How many different short answers are counted before a set cannot be one of labels.
_COUNTED = 1_000
_LARGEST_SHARE, _LEAST_OF_A_LABEL = 0.8, 5
# An answer of a sentence or more, and the share of such answers that must end like sentences before others stand out.
_SENTENCE_CHARACTERS, _ENDED_SHARE, _LEAST_ENDED = 80, 0.8, 5
_SHOWN = 5


class Answers:
    """Collects a file's answers, without keeping the texts of those that cannot be labels."""

    def __init__(self) -> None:
        self._records = 0
        self._short: Counter[str] = Counter()
        self._ended = 0
        self._open: array[int] = array("I")

    def add(self, answer: str, line: int) -> None:
        """Counts an answer."""
        self._records += 1
        if len(answer) <= MAX_LABEL_CHARACTERS:
            if answer in self._short or len(self._short) < _COUNTED:
                self._short[answer] += 1
        elif len(answer) >= _SENTENCE_CHARACTERS:
            last = answer.rstrip()[-1]
            if last.isalnum() or last in ",;-–(":  # noqa: RUF001 - an en dash is meant
                self._open.append(line)
            else:
                self._ended += 1

    def labels(self) -> Mapping[str, int]:
        """How often each label is an answer; empty where the answers are no labels."""
        few = 1 < len(self._short) <= min(MAX_LABELS, self._records / _RECORDS_PER_LABEL)
        return self._short if few and self._short.total() == self._records >= _LEAST_RECORDS else {}

    def check(self, file: str, report: DatasetReport) -> None:
        """The set rules for answers."""
        self._check_labels(file, report)
        long = self._ended + len(self._open)
        if self._ended >= max(_LEAST_ENDED, _ENDED_SHARE * long):
            for line in self._open:
                message = f"The answer ends in mid-sentence; {self._ended} of {long} long answers do not."
                report.add("cut-off-answer", file, message, line=line)

    def _check_labels(self, file: str, report: DatasetReport) -> None:
        labels = Counter(self.labels())
        if not labels:
            return
        _check_spellings(labels, file, report)
        ((label, count),) = labels.most_common(1)
        if count > _LARGEST_SHARE * self._records:
            message = (
                f"{count} of {counted(self._records, 'answer')} {'is' if count == 1 else 'are'} {label!r}: a "
                "model that always gives this answer scores well."
            )
            report.add("label-imbalance", file, message)
        rare = [label for label, count in labels.items() if count < _LEAST_OF_A_LABEL]
        if rare:
            shown = ", ".join(map(repr, rare[:_SHOWN])) + (" and others" if len(rare) > _SHOWN else "")
            message = (
                f"{len(rare)} of {counted(len(labels), 'label')} {'has' if len(rare) == 1 else 'have'} fewer "
                f"than {_LEAST_OF_A_LABEL} records: {shown}."
            )
            report.add("label-imbalance", file, message)


def _check_spellings(labels: Mapping[str, int], file: str, report: DatasetReport) -> None:
    """Labels that differ in nothing but case, white space, width or a full stop at the end."""
    alike: dict[str, list[str]] = {}
    for label in labels:
        alike.setdefault(_folded(label), []).append(label)
    for spellings in alike.values():
        if len(spellings) > 1:
            # White space around a label is nobody's wish, however often it stands there.
            most = sorted(spellings, key=lambda each: (each != each.strip(), -labels[each]))
            shown = ", ".join(f"{each!r} {labels[each]:,}" for each in most[:_SHOWN])
            more = f" and {len(most) - _SHOWN} more" if len(most) > _SHOWN else ""
            message = f"One label is written in {len(most)} ways, with their records: {shown}{more}."
            report.add(
                "label-spelling", file, message, remedy=f"Write {most[0]!r} everywhere, or tell apart what differs."
            )


def _folded(label: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split()).rstrip(".")
