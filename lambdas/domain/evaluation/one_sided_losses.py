"""Records that only one of two arms answered: what they could make of the verdict, had both answered.

They are compared with nothing, and may be those on which one of the arms fails. Scores are from 0 to 100, so that the
worst that they could have shown is known: the tuned model's lost answers have 0 points, the other arm's have 100.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lambdas.domain.core.counted import counted
from lambdas.domain.evaluation.comparisons import FULL_MARKS, ScoredArm, find_difference
from lambdas.domain.evaluation.decision import Rival, state_evidence
from lambdas.domain.evaluation.gate import GateSettings, decide
from lambdas.domain.evaluation.lost_answers import Reservation, is_much, is_unequal
from lambdas.domain.evaluation.macro_f1 import LabelAnswer

_EASY = "The records that are compared may be those that one of them finds easy."
_ADVICE = "The file of answers (of a run: evaluation/<arm>.jsonl) lists each error. Correct the cause, and run again."

_Labels = Sequence[LabelAnswer | None]


def tell_one_sided_losses(gate: GateSettings, rival: Rival, metric: str | None) -> Iterator[Reservation]:
    """What the verdict says of records that the tuned model or one that it must beat did not answer, and not both.

    Nothing is promoted where they could turn the verdict, or where the arms lost unequally many answers, and one of
    them many. `metric` is what the gate looks at; None where judges decide, which have not seen those records: there
    many of them are too many.
    """
    ours, theirs = rival.ours.figures, rival.theirs.figures
    ours_lost = sum(other and not one for one, other in zip(ours.given, theirs.given, strict=True))
    theirs_lost = sum(one and not other for one, other in zip(ours.given, theirs.given, strict=True))
    lost = ours_lost + theirs_lost
    if is_unequal(ours, theirs):
        reason = f"The tuned model has no answer to {counted(ours.lost, 'record')}, {rival.name} to {theirs.lost}."
        yield Reservation(reason, promotable=False, meaning=_EASY, advice=_ADVICE)
    elif lost:
        turns = is_much(lost, ours.records) if metric is None else _could_turn(gate, rival, metric)
        unturned = "Even if each of them counted against the tuned model, the gain would be one."
        yield Reservation(
            f"One arm alone answered {counted(lost, 'record')}: the tuned model has no answer to {ours_lost} that "
            f"{rival.name} answered, {rival.name} none to {theirs_lost} that the tuned model answered.",
            promotable=not turns,
            meaning=f"They could turn the verdict. {_EASY}" if turns else None if metric is None else unturned,
            advice=_ADVICE if turns else None,
        )


def _could_turn(gate: GateSettings, rival: Rival, metric: str) -> bool:
    """Whether nothing would be promoted if each of those records counted against the tuned model."""
    ours, theirs = suppose_worst(rival.ours, rival.theirs)
    worst = state_evidence(rival, metric, find_difference(ours, theirs, metric, rival.groups))
    return worst is None or decide(gate, [worst]).verdict != "promote"


def suppose_worst(ours: ScoredArm, theirs: ScoredArm) -> tuple[ScoredArm, ScoredArm]:
    """Both arms with the worst for ours where one of them alone answered."""
    own, others = dict(ours.scores), dict(theirs.scores)
    for metric in own.keys() & others.keys():
        own[metric] = _fill(ours.scores[metric], theirs.scores[metric], 0.0)
        others[metric] = _fill(theirs.scores[metric], ours.scores[metric], FULL_MARKS)
    own_labels, other_labels = dict(ours.labels), dict(theirs.labels)
    for metric in own_labels.keys() & other_labels.keys():
        own_labels[metric] = _fill_wrong(ours.labels[metric], theirs.labels[metric])
        other_labels[metric] = _fill_right(theirs.labels[metric], ours.labels[metric])
    return replace(ours, scores=own, labels=own_labels), replace(theirs, scores=others, labels=other_labels)


def _fill(scores: Sequence[float | None], against: Sequence[float | None], supposed: float) -> list[float | None]:
    return [supposed if one is None and other is not None else one for one, other in zip(scores, against, strict=True)]


def _fill_right(labels: _Labels, against: _Labels) -> list[LabelAnswer | None]:
    return [
        one or (other and LabelAnswer(other.wanted, other.wanted)) for one, other in zip(labels, against, strict=True)
    ]


def _fill_wrong(labels: _Labels, against: _Labels) -> list[LabelAnswer | None]:
    """A wrong answer costs most where it names a rare label, whose precision falls, too."""
    counts = Counter(one.wanted for one in labels if one)
    rarest = sorted(counts, key=counts.__getitem__)[:2]

    def suppose(wanted: str) -> LabelAnswer:
        return LabelAnswer(wanted, next((one for one in rarest if one != wanted), None))

    return [one or (other and suppose(other.wanted)) for one, other in zip(labels, against, strict=True)]
