"""Whether questions go into a batch job, and how long one is waited for."""

from math import ceil
from typing import Literal

from lambdas.domain.batch.batch_models import least_records
from lambdas.domain.core.fact import Fact

# "auto": what is enough for a batch job of its model goes into one, at half the price.
BatchChoice = Literal["auto", "never"]

# A job queues for minutes to hours, and nothing bills meanwhile. A wait is a sixth of the time so far, so that jobs of
# a day leave room in the execution's history.
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS, _WAIT_GROWTH = 60, 1800, 1.2
# So long a job that was asked to stop may take for it: what it has processed until then is paid for.
STOP_PATIENCE_SECONDS = 1800


class StartedBatch(Fact):
    """A batch job that a run has started.

    `status` is Bedrock's last word, `answered` counts the asks that got a text: both are null while it is waited for.
    """

    number: int
    model: str
    arn: str
    asks: int
    status: str | None = None
    answered: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether its answers have been taken."""
        return self.answered is not None


def takes_batch(model: str, asks: int) -> bool:
    """Whether so many asks of the model may go into a batch job."""
    least = least_records(model)
    return least is not None and asks >= least


def next_batch_wait(previous_wait_seconds: int) -> int:
    """The next wait for a batch job: a fifth longer than the previous one, half an hour at most; 0 before the first."""
    return min(_LONGEST_WAIT_SECONDS, max(_FIRST_WAIT_SECONDS, ceil(previous_wait_seconds * _WAIT_GROWTH)))
