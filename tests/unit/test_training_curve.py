"""What the losses of a job say."""

import pytest

from lambdas.domain.training.curve import overfits, summarise_training
from lambdas.domain.training.early_stopping import EarlyStopping
from lambdas.domain.training.losses import Epoch


def epochs(*losses: tuple[float | None, float | None]) -> list[Epoch]:
    """Epochs with these training and validation losses."""
    return [Epoch(epoch=n, training_loss=t, validation_loss=v) for n, (t, v) in enumerate(losses, 1)]


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
    given_epochs: list[Epoch], expected: bool | None
) -> None:
    """Either alone is something else: noise, or a learning rate too high."""
    assert overfits(given_epochs) is expected


def test_the_summary_says_which_epoch_was_best_and_why() -> None:
    """A reader of the report wants the reason, not the number alone."""
    found = summarise_training(epochs((1.0, 1.0), (0.8, 0.9), (0.5, 1.1)), planned_epochs=5)
    assert (found.best_epoch, found.stopped_early, found.overfitting) == (2, True, True)
    assert found.explanation.startswith("Training ran 3 of 5 epochs and was stopped early. Epoch 2 has the lowest")
    assert "overfits" in found.explanation


def test_a_job_without_validation_has_no_best_epoch() -> None:
    """A training loss says nothing of what the model learnt for others."""
    found = summarise_training(epochs((1.0, None), (0.8, None)), planned_epochs=2)
    assert (found.best_epoch, found.stopped_early, found.overfitting) == (None, False, None)
    assert "no validation loss" in found.explanation


def test_a_job_without_losses_is_summarised_as_that() -> None:
    """Bedrock's files may be missing; the report is written all the same."""
    assert summarise_training([], planned_epochs=2).explanation == "Bedrock recorded no losses."


def test_the_summary_says_why_a_job_was_stopped_early() -> None:
    """Who sees fewer epochs than were asked for wants to know what to change."""
    run = epochs((1.0, 0.9), (0.8, 0.7), (0.6, 0.69), (0.5, 0.7))
    stopped = summarise_training(run, 10, EarlyStopping(threshold=0.05, patience=2))
    assert (
        "Training ran 4 of 10 epochs and was stopped early: the validation loss had not fallen" in stopped.explanation
    )
    assert "by more than 0.05 for 2 epochs in a row." in stopped.explanation
    assert "stopped early." in summarise_training(run, 10, EarlyStopping(threshold=0, patience=2)).explanation
    assert "stopped early." in summarise_training(run, 10).explanation
