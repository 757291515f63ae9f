"""The training of a simulated custom model: real steps of gradient descent, early stopping, and the metrics files.

The loss is in nats a record: minus the log-likelihood of what the answer stands for in its prompt and of how it is
written. Answers that are JSON objects are learnt field by field; the loss is then a field's. Steps are mini-batches of
AdaGrad; the epochs' orders are shuffled by a fixed seed. After each epoch the whole validation set is scored. Where the
model knows early stopping, it keeps the weights of the best epoch, otherwise those of the last.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from local.bedrock.foundation_models import Customization
from local.bedrock.models.fields import form_of, split
from local.bedrock.models.preparation import BASE_WEIGHTS, Solved, known_from, solve, training_row_of
from local.bedrock.models.prompts import read_prompt
from local.bedrock.models.ranker import Ranker, Row, mean_loss
from local.bedrock.models.tuned import Memory, SimulatedTunedModel
from local.bedrock.training_data import Example

SEED = 20261121
LEARNING_RATE = 0.3
TEMPLATE_RECORDS = 500


@dataclass(frozen=True)
class LossStep:
    """Loss of one step; steps count from 0 and epochs from 1, as in the files of real jobs."""

    number: int
    epoch: int
    loss: float


@dataclass(frozen=True)
class TrainingOutcome:
    """The outcome of a job: the model of the best epoch, which is the one that is kept, and the losses on the way."""

    model: SimulatedTunedModel
    steps: tuple[LossStep, ...]
    validation: tuple[LossStep, ...]
    best_epoch: int
    records: int

    @property
    def epochs(self) -> int:
        """Epochs run, which early stopping can make fewer than asked for."""
        return self.steps[-1].epoch

    @property
    def training_loss(self) -> float:
        """Mean loss over the steps of the best epoch."""
        losses = [step.loss for step in self.steps if step.epoch == self.best_epoch]
        return sum(losses) / len(losses)

    @property
    def validation_loss(self) -> float | None:
        """Validation loss of the best epoch, where there is a validation set."""
        return next((step.loss for step in self.validation if step.epoch == self.best_epoch), None)


def stop_early(losses: Sequence[float], threshold: float, patience: int) -> tuple[bool, int]:
    """Whether training stops after these validation losses (one an epoch), and which epoch is best (from 1).

    It stops when the loss has not fallen by more than `threshold` below the lowest one so far for `patience` epochs in
    a row. Source: the AWS blog on fine-tuning Claude 3 Haiku, whose table of losses is a test.
    """
    lowest, stagnant = math.inf, 0
    for loss in losses:
        stagnant = 0 if lowest - loss > threshold else stagnant + 1
        lowest = min(lowest, loss)
    return stagnant >= patience, losses.index(lowest) + 1


def train(
    customization: Customization, hyperparameters: dict[str, str], train: list[Example], validation: list[Example]
) -> TrainingOutcome:
    """Fit for the given epochs and batch size; stop early where the model knows it and there is a validation set."""
    values = {
        name: known.number(hyperparameters.get(name, known.default))
        for name, known in customization.hyperparameters.items()
    }
    batch_size = int(values.get("batchSize", 32))
    rate = LEARNING_RATE * _multiplier(customization, values)
    warmup_steps = int(values.get("learningRateWarmupSteps", 0))
    # One record's candidates at a time: kept are only the arrays that learning needs.
    form = form_of(record.answer for record in train)

    def parts(record: Example) -> list[tuple[str, str]]:
        return split(record.prompt, record.answer, form) if form else [(record.prompt, record.answer)]

    sample = train[:: -(-len(train) // TEMPLATE_RECORDS)]
    answers = [answer for record in train for _, answer in parts(record)]
    known = known_from(answers, (_solved(*part) for record in sample for part in parts(record)))
    rows = [[training_row_of(_solved(*part), known) for part in parts(record)] for record in train]
    held_out = [training_row_of(_solved(*part), known) for record in validation for part in parts(record)]

    ranker = Ranker(BASE_WEIGHTS, len(known.labels), len(known.templates))
    random = np.random.default_rng(SEED)
    steps: list[LossStep] = []
    validation_steps: list[LossStep] = []
    best_epoch, best = 0, ranker.copy()
    stops_early = bool(held_out) and "earlyStoppingPatience" in values
    for epoch in range(1, int(values["epochCount"]) + 1):
        for batch in _batches(rows, batch_size, random):
            warmth = min(1.0, (len(steps) + 1) / (warmup_steps + 1))
            steps.append(LossStep(len(steps), epoch, ranker.fit(batch, rate * warmth)))
        if held_out:
            validation_steps.append(LossStep(len(steps) - 1, epoch, mean_loss(ranker, held_out)))
        if not stops_early:
            best_epoch, best = epoch, ranker.copy()
            continue
        losses = [step.loss for step in validation_steps]
        stopped, lowest = stop_early(losses, values["earlyStoppingThreshold"], int(values["earlyStoppingPatience"]))
        if lowest == epoch:
            best_epoch, best = epoch, ranker.copy()
        if stopped:
            break
    ranker.restore(best)
    memory = Memory([row.words for each in rows for row in each], answers)
    return TrainingOutcome(
        SimulatedTunedModel(known, ranker, memory, form), tuple(steps), tuple(validation_steps), best_epoch, len(train)
    )


def _solved(prompt: str, answer: str) -> Solved:
    return solve(read_prompt(prompt), answer)


def _multiplier(customization: Customization, values: dict[str, float]) -> float:
    """How many times the family's default learning rate was asked for."""
    name = "learningRate" if "learningRate" in values else "learningRateMultiplier"
    known = customization.hyperparameters.get(name)
    return values[name] / float(known.default) if known is not None else 1.0


def _batches(rows: list[list[Row]], size: int, random: np.random.Generator) -> Iterable[list[Row]]:
    """The rows of so many records at a time."""
    order = random.permutation(len(rows)).tolist()
    for start in range(0, len(order), size):
        yield [row for index in order[start : start + size] for row in rows[index]]


def metrics_csv(steps: Iterable[LossStep], loss_column: str) -> bytes:
    """A metrics file with the columns `step_number`, `epoch_number` and the loss's."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step_number", "epoch_number", loss_column])
    writer.writerows([step.number, step.epoch, f"{step.loss:.6f}"] for step in steps)
    return text.getvalue().encode()
