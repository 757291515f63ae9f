"""The batch jobs of a run's curation: which asks go into one, how long it is waited for, whose answers it has."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Literal

from lambdas.domain.batch.batch_lines import BatchAnswer, BatchQuestion, record_id
from lambdas.domain.batch.batch_models import least_records
from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.asks import Ask, StoredReply

# "auto": what is enough for a batch job of its model goes into one, at half the price.
BatchChoice = Literal["auto", "never"]

# A job queues for minutes to hours, and nothing bills meanwhile. A wait is a sixth of the time so far, so that jobs of
# a day leave room in the execution's history.
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS, _WAIT_GROWTH = 60, 1800, 1.2
# Judges are two at most, teacher and checker are asked in turns of their own.
_JOBS_PER_TURN = 2
# So long a job that was asked to stop may take for it: what it has processed until then is paid for.
STOP_PATIENCE_SECONDS = 1800


class CurationBatch(Fact):
    """A batch job with all that one model is asked in a turn.

    `status` is Bedrock's last word, `answered` counts the asks that got a text: both are null while it is waited for.
    """

    number: int
    turn: int
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


def batch_number(turn: int, index: int) -> int | None:
    """The number of the job for the model at this place in a turn, from 0; None where there are more models than jobs.

    It names the job and its files: whoever repeats a turn, or starts a job that was refused, finds the same ones.
    """
    return (turn - 1) * _JOBS_PER_TURN + index + 1 if index < _JOBS_PER_TURN else None


def next_batch_wait(previous_wait_seconds: int) -> int:
    """The next wait for a batch job: a fifth longer than the previous one, half an hour at most; 0 before the first."""
    return min(_LONGEST_WAIT_SECONDS, max(_FIRST_WAIT_SECONDS, ceil(previous_wait_seconds * _WAIT_GROWTH)))


def batch_question(asked: Ask) -> BatchQuestion:
    """The ask as a line of a job."""
    prompt = asked.prompt
    return BatchQuestion(asked.id, prompt.system, prompt.user, prompt.settings.sent())


def batch_replies(asks: Iterable[Ask], answers: Mapping[str, BatchAnswer]) -> list[StoredReply]:
    """The replies to those of the asks that have a text, by record id; an error is no reply: it is asked for again."""
    found = ((each, answers.get(record_id(each.id))) for each in asks)
    return [_reply(each, answer) for each, answer in found if answer is not None and answer.text is not None]


def _reply(asked: Ask, answer: BatchAnswer) -> StoredReply:
    return StoredReply(
        id=asked.id,
        stage=asked.stage,
        model=asked.model,
        prompt=asked.prompt.name,
        text=answer.text,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        batch_input_tokens=answer.input_tokens,
        batch_output_tokens=answer.output_tokens,
    )
