"""The report and its page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.report import headline, subject, summarise_arm
from lambdas.domain.report_page import PLOT_HEIGHT, PLOT_WIDTH, PLOTTED_POINTS, plot
from lambdas.domain.training_metrics import Loss, Losses

NONE = Losses((), 0)


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
    arm = summarise_arm("model", [{"index": 0, "error": "not answered"}])
    assert (arm["n"], arm["errors"], arm["f1"]) == (1, 1, 0)
    assert arm["output_tokens"]["mean"] is arm["latency_ms"]["p95"] is None


losses = st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 50)), max_size=40).map(
    lambda lines: Losses(tuple(Loss(step, 1, loss) for step, loss in sorted(lines)), 0)
)


@given(losses, losses)
def test_curves_stay_inside_the_plot(training: Losses, validation: Losses):
    """One point, equal losses or equal steps must not divide by zero or leave the picture."""
    made = plot(training, validation)
    assert (made is None) == (not training.lines and not validation.lines)
    for x, y in [*made["training"], *made["validation"]] if made else []:
        assert 0 <= x <= PLOT_WIDTH
        assert 0 <= y <= PLOT_HEIGHT


def test_long_curves_are_thinned():
    """A page of 25,000 points helps nobody."""
    made = plot(Losses(tuple(Loss(step, 1, 1 / (step + 1)) for step in range(25_000)), 0), NONE)
    assert len(made["training"]) <= PLOTTED_POINTS
