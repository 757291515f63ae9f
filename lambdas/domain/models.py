"""The base models that can be fine-tuned: ids, limits, record formats and hyperparameters, as data in `models.json`."""

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

RecordFormat = Literal["messages", "bedrock-conversation-2024"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SetLimits(_Data):
    """Bounds of one set of records, inclusive."""

    min_records: int
    max_records: int
    max_bytes: int


class Limits(_Data):
    """Limits on the data of a customization job; a record has fewer than `max_record_tokens` tokens."""

    train: SetLimits
    validation: SetLimits
    max_training_and_validation_records: int
    max_record_tokens: int


class Hyperparameter(_Data):
    """A hyperparameter's kind and inclusive range; `needs_validation` ones are sent only with a validation set."""

    type: Literal["integer", "number"]
    default: float
    minimum: float
    maximum: float
    needs_validation: bool = False


class SizeSettings(_Data):
    """Hyperparameters that suit training sets below a size better than the service's defaults."""

    below_records: int
    values: dict[str, float]


class BaseModelEntry(_Data):
    """A base model. The customization id names the variant that is trained, the inference id the one that is asked."""

    name: str
    customization_id: str
    inference_id: str
    customization_regions: tuple[str, ...]
    serving: tuple[Literal["provisioned_throughput", "on_demand"], ...] = Field(min_length=1)
    record_format: RecordFormat
    limits: Limits
    reserved_words: tuple[str, ...]
    hyperparameters: dict[str, Hyperparameter]
    hyperparameters_by_size: tuple[SizeSettings, ...]


class UnknownBaseModelError(ValueError):
    """The catalogue has no such model; the message names those it has."""


@cache
def catalogue() -> tuple[BaseModelEntry, ...]:
    """All base models.

    Claude 3 Haiku's limits and ranges: AWS blog "Fine-tuning for Anthropic's Claude 3 Haiku model in Amazon Bedrock is
    now generally available"; settings by size: AWS blog "Best practices and lessons for fine-tuning Anthropic's
    Claude 3 Haiku on Amazon Bedrock".
    """
    text = files("lambdas.domain").joinpath("models.json").read_bytes()
    return TypeAdapter(tuple[BaseModelEntry, ...]).validate_json(text)


def base_model(model_id: str) -> BaseModelEntry:
    """The model with this customization or inference id; raises UnknownBaseModelError."""
    for entry in catalogue():
        if model_id in (entry.customization_id, entry.inference_id):
            return entry
    known = ", ".join(entry.customization_id for entry in catalogue())
    raise UnknownBaseModelError(f"{model_id!r} cannot be fine-tuned here; the models that can: {known}.")
