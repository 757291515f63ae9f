"""Macro-F1 as what the gate compares: its figures, its interval over groups, and where there is none."""

import json
from pathlib import Path

import pytest

from lambdas.domain.evaluation.macro_f1 import WITHHELD, LabelAnswer, compare_macro_f1, macro_f1
from lambdas.domain.evaluation.metrics.classification import label
from local.bench.coverage import measure_label_coverage
from local.bench.label_coverage import LABEL_POPULATIONS

REFERENCE = json.loads((Path(__file__).parent / "references" / "classification.json").read_text())
LABELS = ("a", "b", "c", "d")


def answers(records: int, wrong: int, *, labels: tuple[str, ...] = LABELS) -> list[LabelAnswer | None]:
    """Every `wrong`-th answer is the first label; the others are right."""
    wanted = [labels[place % len(labels)] for place in range(records)]
    return [LabelAnswer(one, labels[0] if place % wrong == 0 else one) for place, one in enumerate(wanted)]


def test_it_is_scikit_learns() -> None:
    """The gate's figure and the confusion matrix's are the same."""
    known = {label(one) for one in REFERENCE["references"]}
    pairs = [
        LabelAnswer(label(wanted), label(given) if given is not None and label(given) in known else None)
        for wanted, given in zip(REFERENCE["references"], REFERENCE["responses"], strict=True)
    ]
    assert macro_f1(pairs) == pytest.approx(REFERENCE["macro_f1"])
    assert macro_f1([None]) is None


def test_a_clear_difference_has_an_interval_above_zero() -> None:
    """100 groups show what 40 points of macro-F1 are."""
    ours, theirs = answers(100, 100), answers(100, 2)
    found = compare_macro_f1(ours, theirs, range(100))
    assert found is not None
    assert found.interval is not None
    difference = (macro_f1(ours) or 0) - (macro_f1(theirs) or 0)
    assert found.difference == pytest.approx(difference)
    assert 0 < found.interval[0] < difference < found.interval[1] <= 100
    assert found.p_value is not None
    assert found.p_value <= 0.05
    opposite = compare_macro_f1(theirs, ours, range(100))
    assert opposite is not None
    assert opposite.interval == pytest.approx((-found.interval[1], -found.interval[0]))


def test_records_of_one_group_count_as_one() -> None:
    """The same answers ten times over tell no more than once."""
    ours, theirs = answers(80, 9), answers(80, 5)
    once = compare_macro_f1(ours, theirs, range(80))
    copied = compare_macro_f1(ours * 10, theirs * 10, [*range(80)] * 10)
    assert once is not None
    assert copied is not None
    assert (copied.groups, copied.records) == (80, 800)
    assert copied.interval == pytest.approx(once.interval, abs=0.5)


@pytest.mark.parametrize(
    ("groups", "labels"), [(59, LABELS), (100, (*LABELS * 6, "rare")), (6, LABELS)], ids=["groups", "rare", "few"]
)
def test_too_few_groups_or_a_rare_label_have_no_interval(groups: int, labels: tuple[str, ...]) -> None:
    """What is not shown to cover promotes nothing, and the reason says what is missing."""
    found = compare_macro_f1(answers(groups, 100, labels=labels), answers(groups, 2, labels=labels), range(groups))
    assert found is not None
    assert (found.interval, found.withheld) == (None, WITHHELD)


def test_records_that_one_of_them_lost_are_not_compared() -> None:
    """What throttling lost is no bad answer."""
    ours, theirs = answers(100, 100), answers(100, 2)
    ours[3] = theirs[7] = None
    found = compare_macro_f1(ours, theirs, range(100))
    assert found is not None
    assert found.records == 98
    assert compare_macro_f1([None], [None], [0]) is None


@pytest.mark.parametrize("place", [0, 1, 4])
def test_it_covers_where_tuning_folds_the_rarest_label(place: int) -> None:
    """A few of the experiments of `python -m local.bench.coverage`, by whose table docs/metrics.md stands."""
    groups = 200 if place == 4 else 60
    found = measure_label_coverage(LABEL_POPULATIONS[place], groups, experiments=60)
    assert found is not None
    assert found.covered >= 0.9
    assert found.false_gains <= 0.06
