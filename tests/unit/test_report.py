"""The report and its page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.core.notification import notification
from lambdas.domain.evaluation.answer_figures import count_figures
from lambdas.domain.evaluation.answers import UnansweredLine
from lambdas.domain.report.arm_figures import summarise_arm, token_reduction
from lambdas.domain.report.run_report import TokenFigures
from lambdas.domain.report.success_message import headline
from lambdas.domain.report.templates import label
from tests.answer_lines import make_answer
from tests.unit.reports import arm_figures, succeeded_report


@given(st.text())
def test_a_subject_is_what_sns_accepts(text: str) -> None:
    """SNS refuses a message for a bad subject, and the notification would be lost."""
    made = notification(text, "").subject
    assert len(made) < 100
    assert made.isascii()
    assert made.isprintable()


@pytest.mark.parametrize(
    ("tuned", "base", "words"),
    [(80.0, 60.0, "20.0 points above"), (60.0, 80.0, "20.0 points below"), (60.0, 60.0, "the same as")],
)
def test_the_headline_says_who_is_better(tuned: float, base: float, words: str) -> None:
    """A worse tuned model must not read like a success."""

    def told(metric: str, figures: dict[str, dict[str, float]]) -> str:
        arms = {name: arm_figures(**own) for name, own in figures.items()}
        return headline(succeeded_report(arms=arms, task={"kind": "text", "detected": True, "metric": metric}))

    figures = {"tuned": {"f1": tuned, "label_match": tuned}, "base": {"f1": base, "label_match": base}}
    assert f"F1 is {tuned:.1f}" in told("f1", figures)
    assert f"accuracy is {tuned:.1f}" in told("label_match", figures)
    assert words in told("label_match", figures)
    assert "F1" in told("json_match", figures)
    assert "JSON match is 0.0" in told("json_match", {arm: {"json_match": 0.0} for arm in figures})


def test_the_headline_says_that_the_base_could_not_know_the_labels() -> None:
    """It is what most people read, and a gain over it is one of form."""
    arms = {"tuned": arm_figures(label_match=98.6), "base": arm_figures(label_match=0.0)}
    task = {"kind": "labels", "detected": True, "metric": "label_match", "untold": "labels"}
    assert "No prompt names the labels" in headline(succeeded_report(arms=arms, task=task))
    assert "No prompt" not in headline(succeeded_report(arms=arms, task={**task, "untold": None}))


def test_an_arm_without_any_answer_has_scores_of_zero_and_no_statistics() -> None:
    """There is nothing to average, and nothing to divide by."""
    metrics = dict.fromkeys(("f1", "f1_seed", "exact_match", "rouge_l", "numeric_match"), 0.0)
    arm = summarise_arm(count_figures([UnansweredLine(0, "not answered")]), metrics, model_id="model")
    assert (arm.n, arm.errors, arm.f1, arm.stop_reasons) == (1, 1, 0, {})
    assert arm.output_tokens.mean is arm.latency_ms.p95 is None
    assert "label_match" not in arm.dump()


@pytest.mark.parametrize(
    ("response", "stop_reason", "counts"),
    [
        ("  \n", "end_turn", (1, 0, 0)),
        ("I'm sorry, but I can't answer that.", "end_turn", (0, 1, 0)),
        ("Sorry, I cannot help with this.", "end_turn", (0, 1, 0)),
        ("I am unable to say.", "end_turn", (0, 1, 0)),
        ("As an AI, I have no view.", "end_turn", (0, 1, 0)),
        ("Blocked.", "content_filtered", (0, 1, 0)),
        ("It rose by 5", "max_tokens", (0, 0, 1)),
        ("Sorry to hear that your order is late.", "end_turn", (0, 0, 0)),
        ("I cannotate the text.", "end_turn", (0, 0, 0)),
        ("35 million", "end_turn", (0, 0, 0)),
    ],
)
def test_empty_refused_and_truncated_answers_are_counted(
    response: str, stop_reason: str, counts: tuple[int, int, int]
) -> None:
    """A low score says nothing of whether the model is wrong, or was not let speak."""
    figures = count_figures([make_answer(0, response, "x", stop_reason=stop_reason)])
    arm = summarise_arm(figures, {}, model_id="model")
    assert (arm.empty, arm.refused, arm.truncated) == counts


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("base-few-shot-3", "base-few-shot-3"),
        ("anthropic.claude-3-sonnet-20240229-v1:0", "claude-3-sonnet"),
        ("anthropic.claude-3-sonnet-20240229-v1-0-few-shot-3", "claude-3-sonnet-few-shot-3"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "llama3-3-70b-instruct"),
        ("a-model-with-a-name-that-is-far-too-long-few-shot-3", "a-model-with-a-nam…-few-shot-3"),
    ],
)
def test_labels_are_short_enough_for_a_picture(name: str, short: str) -> None:
    """A long model id would leave no room for the interval that it names."""
    assert label(name) == short


def test_reduction_of_tokens_is_in_per_cent_of_the_base() -> None:
    """As AWS's blog on fine-tuning Claude 3 Haiku has it: 34 to 22 is 35 % fewer."""
    statistics = TokenFigures(mean=22, median=17, sd=None, min=0, max=179)
    reduction = token_reduction(statistics, statistics.model_copy(update={"mean": 34, "min": 0}))
    assert reduction.mean == pytest.approx(35.3, abs=0.05)
    assert (reduction.median, reduction.sd, reduction.min) == (0, None, None)
