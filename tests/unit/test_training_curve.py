"""Early stopping and overfitting, on the losses that AWS's blog shows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.training.curve import EarlyStop, early_stop, overfits, summarise_training

# AWS blog "Fine-tune Anthropic's Claude 3 Haiku in Amazon Bedrock to boost model accuracy and quality".
BLOG_LOSSES = [0.9, 0.8, 0.7, 0.66, 0.64, 0.65, 0.65]


@pytest.mark.parametrize(
    ("threshold", "patience", "stopped_after", "best"), [(0.0, 2, 7, 5), (0.05, 1, 4, 4)], ids=["first", "second"]
)
def test_both_scenarios_of_the_blog(threshold: float, patience: int, stopped_after: int, best: int) -> None:
    """Bedrock's own documentation of the two hyperparameters is this table."""
    assert early_stop(BLOG_LOSSES, threshold, patience) == EarlyStop(stopped_after, best)


def test_losses_that_keep_falling_are_not_stopped() -> None:
    """Early stopping must not end what still improves."""
    assert early_stop([0.9, 0.8, 0.7], 0.001, 1) == EarlyStop(None, 3)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=10), st.floats(0, 0.1), st.integers(1, 10))
def test_the_best_epoch_is_the_lowest_of_those_run_and_patience_delays_the_stop(
    losses: list[float], threshold: float, patience: int
) -> None:
    """Properties that hold whatever the losses are."""
    found = early_stop(losses, threshold, patience)
    run = losses[: found.stopped_after]
    assert run[found.best_epoch - 1] == min(run)
    patient = early_stop(losses, threshold, patience + 1)
    if found.stopped_after is None:
        assert patient.stopped_after is None
    else:
        assert found.stopped_after > patience
        assert patient.stopped_after is None or patient.stopped_after > found.stopped_after


def epochs(*losses: tuple[float | None, float | None]) -> list[dict[str, Any]]:
    """Epochs with these training and validation losses."""
    return [{"epoch": n, "training_loss": t, "validation_loss": v} for n, (t, v) in enumerate(losses, 1)]


@pytest.mark.parametrize(
    ("given_epochs", "expected"),
    [
        (epochs((1.0, 1.0), (0.8, 0.9), (0.5, 1.1)), True),
        (epochs((1.0, 1.0), (0.8, 0.9), (0.5, 0.91)), False),
        (epochs((1.0, 1.0), (0.8, 0.9), (0.9, 1.1)), False),
        (epochs((1.0, 1.0), (0.8, 0.9)), False),
        (epochs((1.0, 1.0)), None),
        (epochs((1.0, None), (0.8, None)), None),
        ([], None),
    ],
)
def test_overfitting_is_a_rising_validation_loss_under_a_falling_training_loss(
    given_epochs: list[dict[str, Any]], expected: bool | None
) -> None:
    """Either alone is something else: noise, or a learning rate too high."""
    assert overfits(given_epochs) is expected


def test_the_summary_says_which_epoch_was_best_and_why() -> None:
    """A reader of the report wants the reason, not the number alone."""
    found = summarise_training(epochs((1.0, 1.0), (0.8, 0.9), (0.5, 1.1)), planned_epochs=5)
    assert (found["best_epoch"], found["stopped_early"], found["overfitting"]) == (2, True, True)
    assert found["explanation"].startswith("Training ran 3 of 5 epochs and was stopped early. Epoch 2 has the lowest")
    assert "overfits" in found["explanation"]


def test_a_job_without_validation_has_no_best_epoch() -> None:
    """A training loss says nothing of what the model learnt for others."""
    found = summarise_training(epochs((1.0, None), (0.8, None)), planned_epochs=2)
    assert (found["best_epoch"], found["stopped_early"], found["overfitting"]) == (None, False, None)
    assert "no validation loss" in found["explanation"]


def test_a_job_without_losses_is_summarised_as_that() -> None:
    """Bedrock's files may be missing; the report is written all the same."""
    assert summarise_training([], planned_epochs=2)["explanation"] == "Bedrock recorded no losses."
