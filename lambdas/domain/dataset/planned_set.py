"""A set that a run stores, trains or tests on."""

from pydantic import Field

from lambdas.domain.core.fact import Fact


class PlannedSet(Fact):
    """A stored set: its S3 URI and how many records it has."""

    uri: str
    records: int = Field(ge=1)


class TrainingSet(PlannedSet):
    """A set that a candidate trains on; `tokens` are estimated."""

    tokens: int = Field(ge=0)
