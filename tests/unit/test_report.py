"""The report and its page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.report import headline, subject, summarise_arm


@given(st.text())
def test_a_subject_is_what_sns_accepts(text: str):
    """SNS refuses a message for a bad subject, and the notification would be lost."""
    made = subject(text)
    assert len(made) < 100
    assert made.isascii()
    assert made.isprintable()


@pytest.mark.parametrize(
    ("tuned", "base", "words"),
    [(80.0, 60.0, "20.0 points above"), (60.0, 80.0, "20.0 points below"), (60.0, 60.0, "the same as")],
)
def test_the_headline_says_who_is_better(tuned: float, base: float, words: str):
    """A worse tuned model must not read like a success."""
    report = {"arms": {"tuned": {"f1": tuned, "exact_match": 0.0}, "base": {"f1": base, "exact_match": 0.0}}}
    assert words in headline(report)


def test_an_arm_without_any_answer_has_scores_of_zero_and_no_statistics():
    """There is nothing to average, and nothing to divide by."""
    arm = summarise_arm([{"index": 0, "error": "not answered"}], {"f1": 0.0})
    assert (arm["n"], arm["errors"], arm["f1"], arm["stop_reasons"]) == (1, 1, 0, {})
    assert arm["output_tokens"]["mean"] is arm["latency_ms"]["p95"] is None
