"""When a job with early stopping ends its training.

Source: AWS's blog "Fine-tune Anthropic's Claude 3 Haiku in Amazon Bedrock to boost model accuracy and quality".
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

THRESHOLD, PATIENCE = "earlyStoppingThreshold", "earlyStoppingPatience"


class EarlyStopping(NamedTuple):
    """Training ends once the validation loss has not fallen by more than `threshold` for `patience` epochs in a row.

    It must fall below the lowest loss so far. The job keeps the epoch with the lowest loss, whatever the threshold.
    """

    threshold: float
    patience: int

    @classmethod
    def of(cls, hyperparameters: Mapping[str, str]) -> Self | None:
        """That of a job with these hyperparameters; None where it has none."""
        if THRESHOLD not in hyperparameters or PATIENCE not in hyperparameters:
            return None
        return cls(float(hyperparameters[THRESHOLD]), int(float(hyperparameters[PATIENCE])))

    def last_epoch(self, losses: Sequence[float]) -> int | None:
        """The epoch, from 1, after which training ends, of the validation loss of each; None where it goes on."""
        lowest, stagnant = math.inf, 0
        for epoch, loss in enumerate(losses, 1):
            stagnant = 0 if lowest - loss > self.threshold else stagnant + 1
            lowest = min(lowest, loss)
            if stagnant >= self.patience:
                return epoch
        return None
