"""What a job's losses per epoch say: the best epoch, whether the job stopped early, whether the model overfits."""

from collections.abc import Sequence

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.training.early_stopping import EarlyStopping
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


def summarise_training(
    epochs: Sequence[Epoch], planned_epochs: int, stopping: EarlyStopping | None = None
) -> TrainingSummary:
    """The summary of a job that was to run so many epochs, and to end as `stopping` says."""
    best = min(_validated(epochs), key=_validation_loss, default=None)
    last = max((epoch.epoch for epoch in epochs), default=None)
    overfitting = overfits(epochs)
    return TrainingSummary(
        epochs=list(epochs),
        best_epoch=best.epoch if best else None,
        stopped_early=None if last is None else last < planned_epochs,
        overfitting=overfitting,
        explanation=_explanation(best, _ran(epochs, planned_epochs, stopping), overfitting),
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


def _ran(epochs: Sequence[Epoch], planned_epochs: int, stopping: EarlyStopping | None) -> str | None:
    """How many epochs were run, and why no more where the losses tell it; None without losses."""
    last = max((epoch.epoch for epoch in epochs), default=None)
    if last is None:
        return None
    ran = f"Training ran {last} of {counted(planned_epochs, 'epoch')}"
    if last >= planned_epochs:
        return f"{ran}."
    losses = [_validation_loss(epoch) for epoch in _validated(epochs)]
    if stopping is None or len(losses) < last or stopping.last_epoch(losses) != last:
        return f"{ran} and was stopped early."
    since = "1 epoch" if stopping.patience == 1 else f"{stopping.patience} epochs in a row"
    why = f"the validation loss had not fallen by more than {stopping.threshold:g} for {since}"
    return f"{ran} and was stopped early: {why}."


def _explanation(best: Epoch | None, ran: str | None, overfitting: bool | None) -> str:
    """The figures in sentences."""
    if ran is None:
        return "Bedrock recorded no losses."
    if best is None:
        return f"{ran} There is no validation loss, so no epoch can be called the best."
    text = f"{ran} Epoch {best.epoch} has the lowest validation loss, {best.validation_loss:.4g}."
    if overfitting:
        text += (
            f" After it the validation loss rose by more than {OVERFITTING_PERCENT:g} % while the training loss fell "
            "further: the model overfits. Fewer epochs, a lower learning rate or more data help."
        )
    return text
