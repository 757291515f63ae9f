"""The models that batch inference takes, as data: `batch_models.json` beside this module."""

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lambdas.domain.models.families import without_profile

FILE_NAME = "batch_models.json"
SamplingParameter = Literal["temperature", "top_p"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class BatchModel(_Data):
    """One model; `least_records` where its quota is another one than all models', `refuses` what is not sent to it.

    A job cannot find out what a model refuses and ask again, as a single question can.
    """

    least_records: int | None = Field(default=None, ge=1)
    refuses: tuple[SamplingParameter, ...] = ()


class BatchModels(_Data):
    """The file. `models` are by the id that no inference profile stands before; a job has so many records.

    A token costs `share_of_price` of its price on demand where a price file has no price of batch inference.
    """

    least_records: int = Field(ge=1)
    most_records: int = Field(ge=1)
    share_of_price: float = Field(gt=0, le=1)
    models: dict[str, BatchModel]
    sources: tuple[str, ...] = Field(min_length=1)
    unverified: tuple[str, ...]

    def find(self, model_id: str) -> BatchModel | None:
        """The model of an id or an inference profile's id; None where a batch job would be refused."""
        return self.models.get(without_profile(model_id))


@cache
def batch_models() -> BatchModels:
    """The shipped file."""
    return BatchModels.model_validate_json(files(__package__ or "").joinpath(FILE_NAME).read_bytes())


def least_records(model_id: str) -> int | None:
    """How many records a batch job of the model must have; None where there is no batch inference of it."""
    known = batch_models()
    model = known.find(model_id)
    return None if model is None else model.least_records or known.least_records


def refused_parameters(model_id: str) -> frozenset[str]:
    """The sampling parameters that are not sent to the model in a batch job."""
    model = batch_models().find(model_id)
    return frozenset(model.refuses if model else ())


def batch_share_of_price(model_id: str) -> float | None:
    """What a token costs in a batch job, as a share of its price on demand; None where there is no such job."""
    known = batch_models()
    return None if known.find(model_id) is None else known.share_of_price
