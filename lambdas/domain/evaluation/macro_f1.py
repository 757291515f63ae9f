"""How sure a difference in macro-F1 is.

Macro-F1 is no mean over records, so that what holds for means does not hold for it. What leaving out a group changes
gives each group a pseudo-value, whose mean is the difference without its bias (the jackknife: Tukey, 1958; Efron and
Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 11). Around that mean stands the bootstrap-t interval, as
around other means, with the imaginary groups at both ends of the range. The simulations of
`python -m local.bench.coverage` say from where on it covers; below that there is no interval, and nothing is promoted.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from lambdas.domain.evaluation.bootstrap_t import Group, standard_error
from lambdas.domain.evaluation.power import detectable
from lambdas.domain.evaluation.significance import (
    LARGEST,
    LEAST_FOR_BOOTSTRAP,
    RESAMPLES,
    Difference,
    bootstrap_limits,
)

MACRO_F1 = "macro_f1"
LEAST_GROUPS_OF_A_LABEL = 5
WITHHELD = (
    f"macro-F1 has an interval where there are at least {LEAST_FOR_BOOTSTRAP} groups, and each label is the reference "
    f"in at least {LEAST_GROUPS_OF_A_LABEL} of them"
)


class LabelAnswer(NamedTuple):
    """A record's label, and the one that was answered; None for an answer that is no label of the references."""

    wanted: str
    given: str | None


class _Counts:
    """How often each label is wanted or answered (both added up), and how often it is answered rightly."""

    def __init__(self, answers: Iterable[LabelAnswer]) -> None:
        self.named, self.right = Counter[str](), Counter[str]()
        for wanted, given in answers:
            self.named[wanted] += 1
            if given is not None:
                self.named[given] += 1
            self.right[wanted] += wanted == given

    def f1(self, label: str, without: "_Counts | None" = None) -> float:
        """The F1 of a label, with or without the records of other counts."""
        named = self.named[label] - (without.named[label] if without else 0)
        right = self.right[label] - (without.right[label] if without else 0)
        return 2 * LARGEST * right / named if named else 0.0


def macro_f1(answers: Sequence[LabelAnswer | None]) -> float | None:
    """The plain mean of the labels' F1, over the records that were answered; None where there are none."""
    known = [one for one in answers if one is not None]
    counts = _Counts(known)
    labels = {one.wanted for one in known}
    return fmean(counts.f1(label) for label in labels) if labels else None


def compare_macro_f1(
    ours: Sequence[LabelAnswer | None],
    theirs: Sequence[LabelAnswer | None],
    groups: Sequence[Hashable],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    pairs: int = 1,
) -> Difference | None:
    """Our macro-F1 less theirs, on the records that both answered; None where there are none.

    The interval is None, with the reason, where it is not known to cover; those of so many `pairs` hold together.
    """
    rows = [(one, other, group) for one, other, group in zip(ours, theirs, groups, strict=True) if one and other]
    if not rows:
        return None
    by_group: dict[Hashable, list[tuple[LabelAnswer, LabelAnswer]]] = defaultdict(list)
    for one, other, group in rows:
        by_group[group].append((one, other))
    found = _Jackknife(by_group)
    rights = [(one.wanted == one.given) - (other.wanted == other.given) for one, other, _ in rows]
    counted = Difference(
        found.difference, None, None, None, len(by_group), len(rows), above=rights.count(1), below=rights.count(-1)
    )
    if len(by_group) < LEAST_FOR_BOOTSTRAP or found.least_groups < LEAST_GROUPS_OF_A_LABEL:
        return counted._replace(withheld=WITHHELD)
    values = [Group(value, 1.0) for value in found.pseudo_values()]
    limits = bootstrap_limits(values, resamples, seed, pairs)
    error = standard_error(values)
    return counted._replace(
        interval=(min(limits.low, found.difference), max(limits.high, found.difference)),
        p_value=limits.p_value,
        error=error,
        detectable=None if limits.least_mean is None else detectable(limits.least_mean, error, len(values)),
    )


def macro_f1_pseudo_values(answers: Sequence[LabelAnswer], groups: Sequence[Hashable]) -> list[float]:
    """One model's macro-F1 as the groups' pseudo-values, in the order of their first records."""
    by_group: dict[Hashable, list[tuple[LabelAnswer, LabelAnswer]]] = defaultdict(list)
    for one, group in zip(answers, groups, strict=True):
        by_group[group].append((one, answer_nothing(one)))
    return _Jackknife(by_group).pseudo_values()


def answer_nothing(answer: LabelAnswer) -> LabelAnswer:
    """What a model with a macro-F1 of 0 says to the same record."""
    return answer._replace(given=None)


class _Jackknife:
    """The difference, and what it would be without each group."""

    def __init__(self, by_group: Mapping[Hashable, Sequence[tuple[LabelAnswer, LabelAnswer]]]) -> None:
        self._groups = [
            (_Counts(one for one, _ in rows), _Counts(other for _, other in rows)) for rows in by_group.values()
        ]
        rows = [row for each in by_group.values() for row in each]
        self._ours, self._theirs = _Counts(one for one, _ in rows), _Counts(other for _, other in rows)
        in_groups = Counter(label for each in by_group.values() for label in {one.wanted for one, _ in each})
        self._labels = list(in_groups)
        self.difference = fmean(self._ours.f1(label) - self._theirs.f1(label) for label in self._labels)
        self.least_groups = min(in_groups.values())

    def pseudo_values(self) -> list[float]:
        """The groups' pseudo-values."""
        wanted, count = set(self._labels), len(self._groups)
        found = []
        for ours, theirs in self._groups:
            touched = wanted.intersection(ours.named.keys() | theirs.named.keys())
            change = math.fsum(
                self._ours.f1(label, ours)
                - self._ours.f1(label)
                - self._theirs.f1(label, theirs)
                + self._theirs.f1(label)
                for label in touched
            )
            found.append(self.difference - (count - 1) * change / len(self._labels))
        return found
