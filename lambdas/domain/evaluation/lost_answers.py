"""What answers that are missing, cut off or all the same mean for a verdict.

Records are compared that both arms answered: an answer that throttling lost is no bad answer. But a model may lose
those on which it would fail, so that a verdict does not rest on arms that lost unequally many.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lambdas.domain.core.counted import counted
from lambdas.domain.core.outside_text import name
from lambdas.domain.evaluation.answer_figures import TOLD_PERCENT, AnswerFigures, describe_unfinished
from lambdas.domain.evaluation.macro_f1 import LabelAnswer
from lambdas.domain.evaluation.task_detection import FITTING_PERCENT

NEARLY_ALL_PERCENT = 98
# A label is frequent where it is the reference of so many records, and hardly answered below so many of those.
FREQUENT_PERCENT = 5
HARDLY_PERCENT = 20
_MOST_NAMED = 5


class Reservation(NamedTuple):
    """What was found of the evidence, what it means, and what to do; nothing is promoted unless it is `promotable`."""

    reason: str
    promotable: bool
    meaning: str | None = None
    advice: str | None = None


def tell_lost_answers(arms: Mapping[str, AnswerFigures]) -> Iterator[Reservation]:
    """What the verdict says of arms that gave no answer to some records."""
    for arm, figures in arms.items():
        if is_much(figures.lost, figures.records):
            share = _share(figures.lost, figures.records)
            meaning = "Only records that both arms answered are compared."
            yield Reservation(f"{arm} has no answer to {share} records.", promotable=True, meaning=meaning)


def is_unequal(ours: AnswerFigures, theirs: AnswerFigures) -> bool:
    """Whether two arms lost unequally many answers, and one of them many."""
    return ours.lost != theirs.lost and is_much(max(ours.lost, theirs.lost), ours.records)


def tell_unfinished(arms: Mapping[str, AnswerFigures]) -> Iterator[Reservation]:
    """What the verdict says of arms whose answers were cut off, refused or malformed."""
    for arm, figures in arms.items():
        if reason := describe_unfinished(arm, figures):
            yield Reservation(reason, promotable=True)


def tell_empty_and_refused(arms: Mapping[str, AnswerFigures]) -> Iterator[Reservation]:
    """What the verdict says of arms with many answers that have no text, or that refuse."""
    for arm, figures in arms.items():
        counts = {"empty": figures.empty, "refused": figures.refused}
        many = [
            f"{count} {'is' if count == 1 else 'are'} {what}"
            for what, count in counts.items()
            if is_much(count, figures.answers)
        ]
        if many:
            yield Reservation(
                f"Of the {counted(figures.answers, 'answer')} of {arm} {' and '.join(many)}.",
                promotable=True,
                meaning="They count with what their text scores.",
            )


def tell_unfitting(
    metric: str, scores: Sequence[float | None], answers: int, kind: str | None
) -> Iterator[Reservation]:
    """What the verdict says where the metric has a meaning for some of the references alone.

    `kind` is the task kind that was set, and so does not fit; None where the metric was chosen for what it is.
    """
    counted = sum(score is not None for score in scores)
    if counted and counted * 100 < FITTING_PERCENT * answers:
        advice = "Set the kind that your references have (evaluation.task_kind; mixed for numbers and text), or none."
        yield Reservation(
            f"{metric} has a meaning for {_share(counted, answers)} references.",
            promotable=kind is None,
            meaning="The other records do not count." if kind is None else f"The task is not of the kind {kind}.",
            advice=advice if kind else None,
        )


def tell_constant_answer(arm: str, answers: Sequence[LabelAnswer | None]) -> Iterator[Reservation]:
    """What the verdict says of a model that gives one label to nearly all records, although there are others."""
    known = [one for one in answers if one is not None]
    records, answered = len(known), Counter(one.given for one in known)
    for one, given in answered.most_common(1):
        wanted = sum(each.wanted == one for each in known)
        if one is not None and _is_nearly_all(given, records) and not _is_nearly_all(wanted, records):
            yield Reservation(
                f"{arm} answers {name(one)!r} to {_share(given, records)} records; the reference of "
                f"{_share(wanted, records)} is that label. A constant answer tells nothing of the others: look at the "
                "spread of the labels in training.",
                promotable=False,
            )


def _is_nearly_all(count: int, of: int) -> bool:
    return count * 100 >= NEARLY_ALL_PERCENT * of


def tell_folded_labels(arm: str, answers: Sequence[LabelAnswer | None]) -> Iterator[Reservation]:
    """What the verdict says of a model that hardly ever gives half or more of the labels that are frequent."""
    known = [one for one in answers if one is not None]
    wanted, given = Counter(one.wanted for one in known), Counter(one.given for one in known)
    frequent = [one for one in wanted if wanted[one] * 100 >= FREQUENT_PERCENT * len(known)]
    folded = sorted(one for one in frequent if given[one] * 100 < HARDLY_PERCENT * wanted[one])
    if len(frequent) > 1 and 2 * len(folded) >= len(frequent):
        named = ", ".join(repr(name(one)) for one in folded[:_MOST_NAMED])
        more = f" and {len(folded) - _MOST_NAMED} more" if len(folded) > _MOST_NAMED else ""
        yield Reservation(
            f"{arm} hardly ever answers {len(folded)} of the {len(frequent)} frequent labels: {named}{more}.",
            promotable=False,
            meaning="It is right where the other labels are, whatever the prompt says.",
            advice="Look at the spread of the labels in training.",
        )


def is_much(count: int, of: int) -> bool:
    """Whether so many are told in the verdict."""
    return count * 100 > TOLD_PERCENT * of


def _share(count: int, of: int) -> str:
    return f"{count} ({100 * count / of:.1f} %) of {of}"
