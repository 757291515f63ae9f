"""The training of a simulated custom model: losses with a cause, early stopping, and the metrics files.

The loss is the mean cross-entropy (nats a word) of the answers' words under a bigram model that backs off to a unigram
model, mixed with copying from the prompt. It is fitted batch by batch, so that the losses fall while it learns the
training answers, and the validation loss rises again when it has learnt them too well.
"""

import csv
import io
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from local.bedrock.foundation_models import Customization
from local.bedrock.models.tuned import TunedModel
from local.bedrock.training_data import Example

WORD = re.compile(r"\w+|[^\w\s]")
END = "\n"
WORDS_PER_ANSWER = 64
UNKNOWN_WORD_PROBABILITY = 1e-4
PRIOR_WORDS = 300.0
PAIR_PRIOR_WORDS = 20.0
INITIAL_COPY_SHARE = 0.1
COPY_SHARE_RATE = 0.02
COUNTS_PER_RECORD = 0.3


@dataclass(frozen=True)
class Step:
    """Loss of one step; steps count from 0 and epochs from 1, as in the files of real jobs."""

    number: int
    epoch: int
    loss: float


@dataclass(frozen=True)
class Training:
    """The outcome of a job: the model of the best epoch and the losses on the way."""

    model: TunedModel
    steps: tuple[Step, ...]
    validation: tuple[Step, ...]
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
) -> Training:
    """Fit for the given epochs and batch size; stop early where the base model can and there is a validation set."""
    values = {
        name: known.number(hyperparameters.get(name, known.default))
        for name, known in customization.hyperparameters.items()
    }
    batch_size = int(values.get("batchSize", 32))
    rate = COUNTS_PER_RECORD * values.get("learningRateMultiplier", 1.0)
    language = _AnswerLanguage()
    rows, held_out = [_observe(row) for row in train], [_observe(row) for row in validation]
    steps: list[Step] = []
    validation_steps: list[Step] = []
    best_epoch = 0
    for epoch in range(1, int(values["epochCount"]) + 1):
        for start in range(0, len(rows), batch_size):
            batch = rows[start : start + batch_size]
            steps.append(Step(len(steps), epoch, language.loss(batch)))
            language.fit(batch, rate)
        best_epoch = epoch
        if not held_out:
            continue
        validation_steps.append(Step(len(steps) - 1, epoch, language.loss(held_out)))
        stopped, best_epoch = stop_early(
            [step.loss for step in validation_steps],
            values.get("earlyStoppingThreshold", 0.0),
            int(values.get("earlyStoppingPatience", len(rows))),
        )
        if stopped:
            break
    return Training(TunedModel.fit(train), tuple(steps), tuple(validation_steps), best_epoch, len(train))


def metrics_csv(steps: Iterable[Step], loss_column: str) -> bytes:
    """A metrics file with the columns `step_number`, `epoch_number` and the loss's."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step_number", "epoch_number", loss_column])
    writer.writerows([step.number, step.epoch, f"{step.loss:.6f}"] for step in steps)
    return text.getvalue().encode()


# Words of an answer, each with the probability that it is drawn from the prompt's words (0 where it is not there).
_Observed = list[tuple[str, float]]


def _observe(example: Example) -> _Observed:
    answer = [word.lower() for word in WORD.findall(example.answer)[:WORDS_PER_ANSWER]] + [END]
    prompt = set(WORD.findall(example.prompt.lower()))
    return [(word, 1 / len(prompt) if word in prompt else 0.0) for word in answer]


class _AnswerLanguage:
    """A mixture: a word of an answer is copied from the prompt, or follows the word before it as in training."""

    def __init__(self) -> None:
        self._words: defaultdict[str, float] = defaultdict(float)
        self._pairs: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._starts: defaultdict[str, float] = defaultdict(float)
        self._total = 0.0
        self._copy_share = INITIAL_COPY_SHARE

    def loss(self, rows: list[_Observed]) -> float:
        """Mean nats a word."""
        total, words = 0.0, 0
        for row in rows:
            previous = END
            for word, copied in row:
                total -= math.log(
                    self._copy_share * copied + (1 - self._copy_share) * self._probability(previous, word)
                )
                words += 1
                previous = word
        return total / words

    def fit(self, rows: list[_Observed], rate: float) -> None:
        """One step: move the share of copying by its posterior (online EM), and count."""
        posteriors: list[float] = []
        for row in rows:
            previous = END
            for word, copied in row:
                copying = self._copy_share * copied
                written = (1 - self._copy_share) * self._probability(previous, word)
                posteriors.append(copying / (copying + written))
                previous = word
        self._copy_share += min(1.0, rate * COPY_SHARE_RATE) * (sum(posteriors) / len(posteriors) - self._copy_share)
        for row in rows:
            previous = END
            for word, _ in row:
                self._words[word] += rate
                self._pairs[previous, word] += rate
                self._starts[previous] += rate
                self._total += rate
                previous = word

    def _probability(self, previous: str, word: str) -> float:
        unigram = (self._words.get(word, 0.0) + PRIOR_WORDS * UNKNOWN_WORD_PROBABILITY) / (self._total + PRIOR_WORDS)
        pair = self._pairs.get((previous, word), 0.0) + PAIR_PRIOR_WORDS * unigram
        return pair / (self._starts.get(previous, 0.0) + PAIR_PRIOR_WORDS)
