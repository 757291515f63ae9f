"""The test set in shards: the items of the distributed maps that ask the models."""

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.arms import Arms

RECORDS_PER_SHARD = 20


class AnswerShard(Fact):
    """An item of a distributed map: `records` lines of the test set from line `first` on, counted from 0.

    Each question stands behind the first `few_shot` lines of the run's examples.
    """

    arm: str
    model_id: str | None
    few_shot: int = Field(default=0, ge=0)
    number: int
    first: int = Field(ge=0)
    records: int = Field(ge=1)


class AnsweredShard(Fact):
    """What AnswerShard returns: how many records of the shard have an answer, and how many an error."""

    arm: str
    number: int
    answered: int
    errors: int


class ShardTrouble(Fact):
    """`shards/<arm>/trouble.json`: the last error that ended a shard of the candidate with this arm."""

    arm: str
    number: int
    error: str
    message: str


class BaselineTrouble(Fact):
    """`shards/<arm>/trouble.json`: the last error that ended a shard of this foundation model.

    `waited_seconds` is how long functions have waited for it in vain since one of them had an answer. Once the trouble
    is `final`, the model is asked nothing any more: it would take each of its shards as long to find that out.
    """

    number: int
    error: str
    message: str
    waited_seconds: float = 0
    final: bool = False


def plan_shards(arms: Arms, test_records: int) -> list[AnswerShard]:
    """The items of a distributed map: each arm's test records in shards of 20."""
    return [
        AnswerShard(
            arm=name,
            model_id=arm.model_id,
            few_shot=arm.few_shot,
            number=number,
            first=first,
            records=min(RECORDS_PER_SHARD, test_records - first),
        )
        for name, arm in arms.items()
        for number, first in enumerate(range(0, test_records, RECORDS_PER_SHARD))
    ]
