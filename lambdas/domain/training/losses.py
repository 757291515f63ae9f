"""The losses that Bedrock writes as CSV under a customization job's output.

`…/training_artifacts/step_wise_training_metrics.csv` has the columns step_number, epoch_number, training_loss;
`…/validation_artifacts/…/validation_metrics.csv` has step_number, epoch_number, validation_loss (the folders between
differ, so files are found by their ends). Some files have a column perplexity instead of the loss: its logarithm is the
loss. Steps count from 0, epochs from 1. The files inform the report and decide nothing, so a line that cannot be read
is counted and passed over.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from lambdas.domain.core.fact import Fact

TRAINING_FILE = "step_wise_training_metrics.csv"
VALIDATION_FILE = "validation_metrics.csv"


@dataclass(frozen=True)
class Loss:
    """One line: the loss after a step of an epoch."""

    step: int
    epoch: int
    loss: float


@dataclass(frozen=True)
class Losses:
    """A file's readable lines, ordered by step, and how many lines could not be read."""

    lines: tuple[Loss, ...]
    unreadable: int


class JobLosses(NamedTuple):
    """The losses of one job."""

    training: Losses
    validation: Losses


NO_LOSSES = JobLosses(Losses((), 0), Losses((), 0))


def find_key(keys: Iterable[str], file_name: str) -> str | None:
    """The first key, in alphabetical order, that ends with this file name; None where there is none."""
    return min((key for key in keys if key.rsplit("/", 1)[-1] == file_name), default=None)


def read_losses(content: bytes, kind: str) -> Losses:
    """Reads one CSV; `kind` is "training" or "validation", the first part of the loss column's name."""
    rows = [_cells(line) for line in content.decode("utf-8-sig", errors="replace").splitlines() if line.strip()]
    header = [name.lower() for name in rows[0]] if rows else []
    losses: list[Loss] = []
    unreadable = 0
    for row in rows[1:]:
        try:
            losses.append(_loss(dict(zip(header, row, strict=False)), kind))
        except (KeyError, ValueError, OverflowError):
            unreadable += 1
    return Losses(tuple(sorted(losses, key=lambda line: line.step)), unreadable)


def _cells(line: str) -> list[str]:
    """A line's cells. They are names and numbers without commas or line ends, so no quoting needs undoing."""
    return [cell.strip(' "') for cell in line.split(",")]


def _loss(cells: dict[str, str], kind: str) -> Loss:
    """One line's loss; raises KeyError or ValueError where a column is missing or no finite number."""
    step, epoch = int(float(cells["step_number"])), int(float(cells["epoch_number"]))
    loss = float(cells[f"{kind}_loss"]) if f"{kind}_loss" in cells else math.log(float(cells["perplexity"]))
    if not math.isfinite(loss):
        raise ValueError(f"loss {loss} is not finite")
    return Loss(step, epoch, loss)


class Epoch(Fact):
    """The losses of an epoch: the mean over its training steps and its last validation loss; null if unknown."""

    epoch: int
    training_loss: float | None
    validation_loss: float | None


def summarise_epochs(training: Losses, validation: Losses) -> list[Epoch]:
    """Each epoch of which a file has a loss, in order."""
    return [
        _epoch(
            number,
            [line.loss for line in training.lines if line.epoch == number],
            [line.loss for line in validation.lines if line.epoch == number],
        )
        for number in sorted({line.epoch for line in (*training.lines, *validation.lines)})
    ]


def _epoch(number: int, training: list[float], validation: list[float]) -> Epoch:
    return Epoch(
        epoch=number,
        training_loss=fmean(training) if training else None,
        validation_loss=validation[-1] if validation else None,
    )
