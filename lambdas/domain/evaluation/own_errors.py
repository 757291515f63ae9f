"""The tuned model's own errors: answers without all points, found whether or not another model does better."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from lambdas.domain.evaluation.answer_figures import count_figures
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.comparisons import (
    ALMOST,
    Answers,
    Scoring,
    is_right,
    read_references,
    read_response,
    read_rows,
    score_record,
)
from lambdas.domain.evaluation.evaluate import Task
from lambdas.domain.evaluation.metrics.classification import label

ErrorKind = Literal["no answer", "empty", "refused", "cut off", "wrong", "partly right"]
BesideBase = Literal["base better", "same as base", "base worse", "no answer of the base"]


class OwnError(NamedTuple):
    """A record that the tuned model did not answer rightly; scores are 0-100, None where there is no answer."""

    record: int
    kind: ErrorKind
    score: float | None
    base_score: float | None
    prompt: str | None
    reference: str | None
    response: str | None
    base_response: str | None
    error: str | None

    @property
    def beside_base(self) -> BesideBase:
        """How the base did on the record."""
        if self.base_score is None:
            return "no answer of the base"
        gap = self.base_score - (self.score or 0.0)
        return "base better" if gap > ALMOST else "base worse" if gap < -ALMOST else "same as base"


def read_errors(answers: Answers, task: Task, *, form_counts: bool) -> Iterator[OwnError]:
    """The tuned model's errors in the test set's order, one record at a time.

    An answer is an error where it lacks points of what the gate looks at. Records for which that has no meaning are
    left out. The reference is None where neither of the two answered.
    """
    answers = {arm: answers[arm] for arm in (TUNED, BASE) if arm in answers}
    labels = {label(one) for one in read_references(answers)} if task.kind == "labels" else set[str]()
    scoring = Scoring(task.kind, task.metric, labels)
    for reference, lines in read_rows(answers):
        line, base = lines[TUNED], lines.get(BASE)
        points = _points(line, reference, scoring, form_counts=form_counts)
        if is_right(points):
            continue
        if points is None and isinstance(line, AnswerLine):
            continue
        yield OwnError(
            record=line.index,
            kind=_kind(line, points),
            score=points,
            base_score=_points(base, reference, scoring, form_counts=form_counts) if base else None,
            prompt=next((one.prompt for one in lines.values() if isinstance(one, AnswerLine)), None),
            reference=reference,
            response=read_response(line),
            base_response=read_response(base) if base else None,
            error=None if isinstance(line, AnswerLine) else line.error,
        )


def _points(line: StoredLine, reference: str | None, scoring: Scoring, *, form_counts: bool) -> float | None:
    if not isinstance(line, AnswerLine):
        return None
    if not form_counts:
        return scoring.content(line.response, reference or "")
    return score_record(line.response, reference, scoring).get(scoring.metric_of_records)


def _kind(line: StoredLine, points: float | None) -> ErrorKind:
    if points is None:
        return "no answer"
    figures = count_figures([line])
    counted: dict[ErrorKind, int] = {"empty": figures.empty, "refused": figures.refused, "cut off": figures.truncated}
    return next((kind for kind, n in counted.items() if n), "partly right" if points > ALMOST else "wrong")
