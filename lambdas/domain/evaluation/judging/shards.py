"""The pairs that judges are asked about, and the shards that they are asked in."""

from collections.abc import Sequence

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.answers import AnswerLine
from lambdas.domain.evaluation.judging.pairwise import Pair
from lambdas.domain.evaluation.judging.rubric import Criterion, default_rubric
from lambdas.domain.evaluation.questions import Question

# 2 questions each: a shard of slow answers still fits a Lambda's 15 minutes.
PAIRS_PER_SHARD = 10


class JudgeShard(Fact):
    """An item of the judges' map: the pairs in `records` lines of `judging/pairs.jsonl` from line `first` on.

    `rubric` is what the judge looks at.
    """

    judge: str
    number: int
    first: int = Field(ge=0)
    records: int = Field(ge=1)
    rubric: list[Criterion] = Field(default_factory=default_rubric)


class JudgedShard(Fact):
    """What JudgeShard returns: how many questions of the shard have an answer, and how many an error."""

    judge: str
    number: int
    answered: int
    errors: int


def plan_judge_shards(judges: Sequence[str], pairs: int, rubric: Sequence[Criterion]) -> list[JudgeShard]:
    """The items of the map: each judge's pairs in shards of 10."""
    return [
        JudgeShard(
            judge=judge, number=number, first=first, records=min(PAIRS_PER_SHARD, pairs - first), rubric=[*rubric]
        )
        for judge in judges
        for number, first in enumerate(range(0, pairs, PAIRS_PER_SHARD))
    ]


def make_pair(question: Question, own: AnswerLine, other: AnswerLine) -> Pair:
    """The tuned model's and its base's answer to a question.

    A judge must know the form that the system text asks for.
    """
    task = f"{question.system}\n\n{question.prompt}" if question.system else question.prompt
    return Pair(question.index, task, own.reference, own.response, other.response)
