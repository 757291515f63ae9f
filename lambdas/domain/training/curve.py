"""What a job's losses per epoch say: the best epoch, where early stopping stops, whether the model overfits.

`epochs` is `[{"epoch", "training_loss", "validation_loss"}]` in order, as `training_metrics.summarise_epochs` gives it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Epoch = Mapping[str, Any]

# A validation loss this much above its lowest is no longer noise of the last digits.
OVERFITTING_PERCENT = 2.0


class EarlyStop(NamedTuple):
    """The epoch after which training stops early (None where it does not), and the one whose checkpoint is kept."""

    stopped_after: int | None
    best_epoch: int


def early_stop(validation_losses: Sequence[float], threshold: float, patience: int) -> EarlyStop:
    """Early stopping on the validation loss of each epoch, the first being epoch 1.

    An epoch improves where its loss is more than `threshold` below that of the last epoch that improved; training stops
    after `patience` epochs in a row that do not. The best epoch has the lowest loss of those that were run, however
    little lower. Source: AWS blog "Fine-tune Anthropic's Claude 3 Haiku in Amazon Bedrock to boost model accuracy and
    quality", whose two scenarios fix what its text leaves open. Raises ValueError where there are no losses.
    """
    if not validation_losses:
        raise ValueError("There are no validation losses.")
    reference, stagnant, stopped_after = float("inf"), 0, None
    for epoch, loss in enumerate(validation_losses, 1):
        if reference - loss > threshold:
            reference, stagnant = loss, 0
        else:
            stagnant += 1
        if stagnant >= patience:
            stopped_after = epoch
            break
    run = validation_losses[:stopped_after]
    return EarlyStop(stopped_after, run.index(min(run)) + 1)


def summarise_training(epochs: Sequence[Epoch], planned_epochs: int) -> dict[str, Any]:
    """`{"epochs", "best_epoch", "stopped_early", "overfitting", "explanation"}`.

    `best_epoch` has the lowest validation loss, the earliest where several do; null where there is no validation loss.
    `stopped_early` says that the job ran fewer than the `planned_epochs`; null where it recorded no epoch.
    """
    validated = [epoch for epoch in epochs if epoch["validation_loss"] is not None]
    best = min(validated, key=lambda epoch: float(epoch["validation_loss"]), default=None)
    last = max((epoch["epoch"] for epoch in epochs), default=None)
    stopped_early = None if last is None else last < planned_epochs
    overfitting = overfits(epochs)
    return {
        "epochs": [dict(epoch) for epoch in epochs],
        "best_epoch": best["epoch"] if best else None,
        "stopped_early": stopped_early,
        "overfitting": overfitting,
        "explanation": _explanation(best, last, planned_epochs, overfitting),
    }


def overfits(epochs: Sequence[Epoch]) -> bool | None:
    """Whether the last epoch's validation loss is 2 % above the best one's while the training loss still fell.

    None where fewer than two epochs have both losses: nothing can be said.
    """
    both = [epoch for epoch in epochs if epoch["validation_loss"] is not None and epoch["training_loss"] is not None]
    if len(both) < 2:
        return None
    best, last = min(both, key=lambda epoch: float(epoch["validation_loss"])), both[-1]
    limit = best["validation_loss"] + abs(best["validation_loss"]) * OVERFITTING_PERCENT / 100
    return bool(last["validation_loss"] > limit and last["training_loss"] < best["training_loss"])


def _explanation(best: Epoch | None, last: int | None, planned_epochs: int, overfitting: bool | None) -> str:
    """The figures in sentences."""
    if last is None:
        return "Bedrock recorded no losses."
    ran = f"Training ran {last} of {planned_epochs} epochs"
    ran += " and was stopped early." if last < planned_epochs else "."
    if best is None:
        return f"{ran} There is no validation loss, so no epoch can be called the best."
    text = f"{ran} Epoch {best['epoch']} has the lowest validation loss, {best['validation_loss']:.4g}."
    if overfitting:
        text += (
            f" After it the validation loss rose by more than {OVERFITTING_PERCENT:g} % while the training loss fell "
            "further: the model overfits. Fewer epochs, a lower learning rate or more data help."
        )
    return text
