"""Classification figures against scikit-learn's."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.metrics.classification import are_labels, classify, label, label_match

REFERENCE = json.loads((Path(__file__).parent / "references" / "classification.json").read_text())


def test_the_figures_are_scikit_learns() -> None:
    """Macro-F1 has several definitions; this is the one that most people use."""
    found = classify(REFERENCE["responses"], REFERENCE["references"])
    assert found.accuracy == pytest.approx(REFERENCE["accuracy"])
    assert found.macro_f1 == pytest.approx(REFERENCE["macro_f1"])
    assert [each.f1 for each in found.by_label.values()] == pytest.approx(REFERENCE["f1"])
    assert found.confusion == REFERENCE["confusion"]


def test_an_answer_that_is_no_label_and_a_missing_one_count_as_wrong() -> None:
    """Else a model could gain by not answering."""
    found = classify(["Yes.", None, "it depends"], ["yes", "yes", "no"])
    assert found.labels == ["no", "yes"]
    assert found.confusion == [[0, 0, 1], [0, 1, 1]]
    assert found.accuracy == pytest.approx(100 / 3)


@pytest.mark.parametrize("text", ["Yes", " yes.", '"YES"', "`yes`\n", "**yes**"])
def test_a_label_is_the_same_in_quotes_and_with_a_full_stop(text: str) -> None:
    """Such marks carry no meaning in a label."""
    assert label_match(text, "yes") == 100.0


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (["yes", "no"] * 5, True),
        (["very good", "good", "bad"] * 5, True),
        (["1", "2", "3", "4", "5"] * 5, True),
        (["yes"] * 20, False),
        (["yes", "no"] * 4, False),
        ([f"topic {n}" for n in range(210)] * 5, True),
        (["the net revenue of the company", "no"] * 10, False),
        (["yes", ""] * 10, False),
        ([], False),
    ],
)
def test_labels_are_short_and_recur(references: list[str], expected: bool) -> None:
    """The rule that chooses the primary metric is stated, so it is tested at its bounds."""
    assert are_labels({label(reference) for reference in references}, len(references)) is expected


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d", None]), st.sampled_from("abc")), min_size=1))
def test_the_confusion_matrix_holds_every_record_once(pairs: list[tuple[str | None, str]]) -> None:
    """Accuracy is its diagonal; nothing is lost or counted twice."""
    found = classify([given for given, _ in pairs], [wanted for _, wanted in pairs])
    assert sum(map(sum, found.confusion)) == len(pairs)
    diagonal = sum(row[place] for place, row in enumerate(found.confusion))
    assert found.accuracy == pytest.approx(100 * diagonal / len(pairs))


@given(st.text())
def test_a_label_is_stable(text: str) -> None:
    """A label of a label is itself, so labels can be compared with stored ones."""
    assert label(label(text)) == label(text)


def test_each_label_has_its_intervals_and_counts() -> None:
    """Two right of two are not 100 % for sure."""
    scores = classify(["a", "a", "b", "x"], ["a", "a", "a", "c"]).by_label
    assert (scores["a"].records, scores["a"].answers, scores["a"].precision) == (3, 2, 100.0)
    assert scores["a"].precision_interval == pytest.approx((34.2, 100.0), abs=0.1)
    assert scores["a"].recall_interval == pytest.approx((20.8, 93.9), abs=0.1)
    assert scores["c"].recall_interval == pytest.approx((0.0, 79.3), abs=0.1)
    assert scores["c"].precision_interval is None
