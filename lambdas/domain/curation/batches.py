"""The batch jobs of a run's curation: which asks go into one, and whose replies it has."""

from collections.abc import Iterable, Mapping

from lambdas.domain.batch.batch_lines import BatchAnswer, BatchMessage, BatchQuestion, record_id
from lambdas.domain.batch.batch_waits import StartedBatch
from lambdas.domain.curation.asks import Ask, StoredReply

# Judges are two at most, teacher and checker are asked in turns of their own.
_JOBS_PER_TURN = 2


class CurationBatch(StartedBatch):
    """A batch job with all that one model is asked in a turn."""

    turn: int


def batch_number(turn: int, index: int) -> int | None:
    """The number of the job for the model at this place in a turn, from 0; None where there are more models than jobs.

    It names the job and its files: whoever repeats a turn, or starts a job that was refused, finds the same ones.
    """
    return (turn - 1) * _JOBS_PER_TURN + index + 1 if index < _JOBS_PER_TURN else None


def batch_question(asked: Ask) -> BatchQuestion:
    """The ask as a line of a job."""
    prompt = asked.prompt
    return BatchQuestion(asked.id, prompt.system, (BatchMessage("user", prompt.user),), prompt.settings.sent())


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
