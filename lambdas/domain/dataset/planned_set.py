"""A set that a run stores, trains or tests on."""

from typing import Literal

from pydantic import Field

from lambdas.domain.core.fact import Fact

# What a training set is made of: the split's own records, those that judges left, or these and synthetic ones.
TrainingData = Literal["original", "cleaned", "synthetic"]


class PlannedSet(Fact):
    """A stored set: its S3 URI and how many records it has."""

    uri: str
    records: int = Field(ge=1)


class TrainingSet(PlannedSet):
    """A set that a candidate trains on; `tokens` are estimated."""

    tokens: int = Field(ge=0)
    # Earlier versions stored none.
    data: TrainingData = "original"
