"""Answers that are labels: accuracy, macro-F1 and the confusion matrix of a classification."""

import string
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from statistics import fmean

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.judging.agreement import Interval, wilson_interval

# A task has labels where its references are short, and each is often enough to be learnt.
MOST_WORDS = 4
LEAST_RECORDS_PER_LABEL = 5

# A confusion matrix has a place for any two labels.
LARGEST_CONFUSION = 500
OTHER = "(no label)"
_SURROUNDING = string.whitespace + "\"'`*.,:;!"


def label(text: str) -> str:
    """A text as a label: lower case, without quotes, punctuation and white space around it."""
    return " ".join(text.casefold().split()).strip(_SURROUNDING)


def are_labels(distinct: Collection[str], records: int) -> bool:
    """Whether the distinct references of so many records are labels.

    They are where there are at least 2 of them, none empty and none above 4 words, with 5 records each on average.
    """
    return (
        len(distinct) >= 2
        and records >= LEAST_RECORDS_PER_LABEL * len(distinct)
        and all(0 < len(one.split()) <= MOST_WORDS for one in distinct)
    )


def label_match(response: str, reference: str) -> float:
    """100 where both are the same label, else 0; its mean is the accuracy."""
    return 100.0 if label(response) == label(reference) else 0.0


class LabelScores(Fact):
    """Precision, recall and F1 of one label, 0-100; a label that is never answered has precision and F1 0.

    The intervals are Wilson's at 95 %, for records that are independent; null for a label that is never answered. The
    label is the reference of `records`, and the answer to `answers` of them. Earlier versions told neither.
    """

    precision: float
    recall: float
    f1: float
    precision_interval: Interval | None = None
    recall_interval: Interval | None = None
    records: int | None = None
    answers: int | None = None


class Classification(Fact):
    """What a classification's answers add up to; scores are 0-100, null without references.

    The references' labels, in alphabetical order, are the rows of the confusion matrix and its columns; one more
    column counts answers that are none of them, or missing. Of more than 500 labels there is no matrix. Macro-F1 is the
    plain mean of the labels' F1, each worth the same however rare. Source: Sokolova and Lapalme, "A systematic analysis
    of performance measures for classification tasks" (2009).
    """

    accuracy: float | None
    macro_f1: float | None
    labels: list[str]
    confusion: list[list[int]]
    by_label: dict[str, LabelScores]


def classify(responses: Sequence[str | None], references: Sequence[str]) -> Classification:
    """The classification of these responses; a missing one (None) is no label."""
    wanted = [label(reference) for reference in references]
    labels = sorted(set(wanted))
    known = set(labels)
    given = [OTHER if response is None or label(response) not in known else label(response) for response in responses]
    counts = Counter(zip(wanted, given, strict=True))
    answered, asked = Counter(given), Counter(wanted)
    by_label = {one: _score_label(counts[one, one], answered[one], asked[one]) for one in labels}
    return Classification(
        accuracy=100.0 * sum(counts[one, one] for one in labels) / len(wanted) if wanted else None,
        macro_f1=fmean(scores.f1 for scores in by_label.values()) if by_label else None,
        labels=labels,
        confusion=_cross(labels, counts) if len(labels) <= LARGEST_CONFUSION else [],
        by_label=by_label,
    )


def _cross(labels: Sequence[str], counts: Mapping[tuple[str, str], int]) -> list[list[int]]:
    return [[counts[row, column] for column in (*labels, OTHER)] for row in labels]


def _score_label(right: int, answered: int, asked: int) -> LabelScores:
    return LabelScores(
        precision=100.0 * right / answered if answered else 0.0,
        recall=100.0 * right / asked,
        f1=200.0 * right / (answered + asked),
        precision_interval=wilson_interval(right, answered),
        recall_interval=wilson_interval(right, asked),
        records=asked,
        answers=answered,
    )
