"""What a job's losses per epoch say: the best epoch, whether the job stopped early, whether the model overfits."""

from collections.abc import Sequence

from lambdas.domain.core.fact import Fact
from lambdas.domain.training.losses import Epoch

# A validation loss this much above its lowest is no longer noise of the last digits.
OVERFITTING_PERCENT = 2.0


class TrainingSummary(Fact):
    """The losses of a job in short.

    `best_epoch` has the lowest validation loss, the earliest of several; null if there is no validation loss.
    `stopped_early` says that the job ran fewer epochs than planned; null if it recorded none.
    """

    epochs: list[Epoch]
    best_epoch: int | None
    stopped_early: bool | None
    overfitting: bool | None
    explanation: str


def summarise_training(epochs: Sequence[Epoch], planned_epochs: int) -> TrainingSummary:
    """The summary of a job that was to run so many epochs."""
    best = min(_validated(epochs), key=_validation_loss, default=None)
    last = max((epoch.epoch for epoch in epochs), default=None)
    overfitting = overfits(epochs)
    return TrainingSummary(
        epochs=list(epochs),
        best_epoch=best.epoch if best else None,
        stopped_early=None if last is None else last < planned_epochs,
        overfitting=overfitting,
        explanation=_explanation(best, last, planned_epochs, overfitting),
    )


def overfits(epochs: Sequence[Epoch]) -> bool | None:
    """Whether the last epoch's validation loss is 2 % above the best one's while the training loss still fell.

    None if fewer than two epochs have both losses: nothing can be said.
    """
    both = [epoch for epoch in _validated(epochs) if epoch.training_loss is not None]
    if len(both) < 2:
        return None
    best, last = min(both, key=_validation_loss), both[-1]
    lowest = _validation_loss(best)
    limit = lowest + abs(lowest) * OVERFITTING_PERCENT / 100
    return _validation_loss(last) > limit and (last.training_loss or 0.0) < (best.training_loss or 0.0)


def _validated(epochs: Sequence[Epoch]) -> list[Epoch]:
    return [epoch for epoch in epochs if epoch.validation_loss is not None]


def _validation_loss(epoch: Epoch) -> float:
    """Of an epoch that has one."""
    return epoch.validation_loss or 0.0


def _explanation(best: Epoch | None, last: int | None, planned_epochs: int, overfitting: bool | None) -> str:
    """The figures in sentences."""
    if last is None:
        return "Bedrock recorded no losses."
    ran = f"Training ran {last} of {planned_epochs} epochs"
    ran += " and was stopped early." if last < planned_epochs else "."
    if best is None:
        return f"{ran} There is no validation loss, so no epoch can be called the best."
    text = f"{ran} Epoch {best.epoch} has the lowest validation loss, {best.validation_loss:.4g}."
    if overfitting:
        text += (
            f" After it the validation loss rose by more than {OVERFITTING_PERCENT:g} % while the training loss fell "
            "further: the model overfits. Fewer epochs, a lower learning rate or more data help."
        )
    return text
