"""The pairs that judges are asked about, and the shards that they are asked in."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.judging.pairwise import Pair, choose_records
from lambdas.domain.evaluation.questions import Question

# 2 questions each: a shard of slow answers still fits a Lambda's 15 minutes.
PAIRS_PER_SHARD = 10


class JudgeShard(Fact):
    """An item of the judges' map: the pairs in `records` lines of `judging/pairs.jsonl` from line `first` on."""

    judge: str
    number: int
    first: int = Field(ge=0)
    records: int = Field(ge=1)


class JudgedShard(Fact):
    """What JudgeShard returns: how many questions of the shard have an answer, and how many an error."""

    judge: str
    number: int
    answered: int
    errors: int


def plan_judge_shards(judges: Sequence[str], pairs: int) -> list[JudgeShard]:
    """The items of the map: each judge's pairs in shards of 10."""
    return [
        JudgeShard(judge=judge, number=number, first=first, records=min(PAIRS_PER_SHARD, pairs - first))
        for judge in judges
        for number, first in enumerate(range(0, pairs, PAIRS_PER_SHARD))
    ]


def choose_pairs(
    answers: Mapping[str, Sequence[StoredLine]],
    groups: Sequence[int],
    questions: Mapping[int, Question],
    most: int,
    seed: int,
) -> list[Pair]:
    """At most `most` pairs of answers to records that the tuned model and its base both answered, one of each group."""
    both = {
        own.index: (own, other)
        for own, other in zip(answers[TUNED], answers[BASE], strict=True)
        if isinstance(own, AnswerLine) and isinstance(other, AnswerLine)
    }
    return [
        Pair(index, _describe_task(questions[index]), own.reference, own.response, other.response)
        for index in choose_records(list(both), dict(enumerate(groups)), most, seed)
        for own, other in [both[index]]
        if index in questions
    ]


def _describe_task(question: Question) -> str:
    """The system text asks for a form, which a judge must know."""
    return f"{question.system}\n\n{question.prompt}" if question.system else question.prompt
