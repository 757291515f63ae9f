"""The batch jobs of a run's evaluation: which models answer and judge in one, and what each of them is asked."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from lambdas.domain.batch.batch_lines import BatchAnswer, BatchMessage, BatchQuestion, record_id
from lambdas.domain.batch.batch_waits import BatchChoice, StartedBatch, takes_batch
from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.answers import ShardAnswer
from lambdas.domain.evaluation.arms import Arms, baselines
from lambdas.domain.evaluation.judging.lines import JudgementLine
from lambdas.domain.evaluation.judging.pairwise import JUDGE_SETTINGS, ORDERS, Order, Pair, judge_prompt
from lambdas.domain.evaluation.judging.reading import parse_judgement
from lambdas.domain.evaluation.judging.rubric import Criterion
from lambdas.domain.evaluation.questions import InferenceSettings, Message, Question
from lambdas.domain.evaluation.settings import EvaluationSettings

# Behind those of the curation. A name has room for two digits.
_FIRST_NUMBER = {"baselines": 51, "judges": 81}
BatchPart = Literal["baselines", "judges"]


class PlannedBatches(Fact):
    """The arms and the judges of which a batch job is expected; a key is missing where there are none.

    The state machine looks for the keys: a run without batch jobs calls no function for them.
    """

    baselines: list[str] = Field(default=[], exclude_if=lambda arms: not arms)
    judges: list[str] = Field(default=[], exclude_if=lambda judges: not judges)


class EvaluationBatch(StartedBatch):
    """A job of one arm, or of one judge, by its name."""

    asked: str


class EvaluationBatches(Fact):
    """`$.batches`: the jobs of the baselines or of the judges, and how long they have been waited for so far.

    `wait_seconds` is the next wait; the key is missing once nothing is waited for.
    """

    jobs: list[EvaluationBatch] = Field(default=[])
    wait_seconds: int | None = Field(default=None, exclude_if=lambda seconds: seconds is None)
    waited_seconds: int = 0


def plan_batches(choice: BatchChoice, evaluation: EvaluationSettings, arms: Arms, test_records: int) -> PlannedBatches:
    """What is enough for a batch job of its model.

    A batch job measures no latency. So where the gate limits it, the baselines are asked one by one.
    """
    if choice == "never":
        return PlannedBatches()
    needs_latency = evaluation.gate.max_latency_increase_percent is not None
    asked = {} if needs_latency else baselines(arms)
    questions = min(evaluation.judged_pairs, test_records) * len(ORDERS)
    return PlannedBatches(
        baselines=[name for name, arm in asked.items() if arm.model_id and takes_batch(arm.model_id, test_records)],
        judges=[judge for judge in evaluation.judges if takes_batch(judge, questions)],
    )


def evaluation_batch_number(part: BatchPart, index: int) -> int:
    """The number of the job at this place of its part: it names the job and its files."""
    return _FIRST_NUMBER[part] + index


def answer_id(arm: str, index: int) -> str:
    """The id of an arm's question about a test record."""
    return f"answer/{arm}/{index}"


def judgement_id(judge: str, index: int, order: Order) -> str:
    """The id of a judge's question about a pair."""
    return f"judge/{judge}/{index}/{order}"


def answer_question(
    arm: str, question: Question, messages: Sequence[Message], settings: InferenceSettings
) -> BatchQuestion:
    """An arm's question as a line of a job; `messages` begin with the examples, where the arm has some."""
    sent = tuple(BatchMessage(each.role, each.content) for each in messages)
    return BatchQuestion(answer_id(arm, question.index), question.system, sent, settings.sent())


def judge_question(judge: str, pair: Pair, order: Order, rubric: Sequence[Criterion]) -> BatchQuestion:
    """A judge's question about a pair as a line of a job."""
    prompt = judge_prompt(pair, order, rubric)
    messages = (BatchMessage("user", prompt.user),)
    return BatchQuestion(judgement_id(judge, pair.index, order), prompt.system, messages, JUDGE_SETTINGS.sent())


def batch_answer(
    arm: str, index: int, answers: Mapping[str, BatchAnswer], *, asked_at: str, answered_at: str
) -> ShardAnswer | None:
    """The line of an arm's question that a job has answered; None where it has not."""
    answer = answers.get(record_id(answer_id(arm, index)))
    if answer is None or answer.text is None:
        return None
    return ShardAnswer(
        index=index,
        response=answer.text,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        latency_ms=None,
        stop_reason=answer.stop_reason,
        asked_at=asked_at,
        answered_at=answered_at,
        in_batch=True,
    )


def batch_judgement(
    judge: str, index: int, order: Order, answers: Mapping[str, BatchAnswer], left_out: Sequence[str]
) -> JudgementLine | None:
    """The line of a judge's question that a job has answered; None where it has not."""
    answer = answers.get(record_id(judgement_id(judge, index, order)))
    if answer is None or answer.text is None:
        return None
    return JudgementLine(
        index=index,
        order=order,
        answer=answer.text,
        judgement=parse_judgement(answer.text),
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        left_out=tuple(left_out),
        batch_input_tokens=answer.input_tokens,
        batch_output_tokens=answer.output_tokens,
    )
