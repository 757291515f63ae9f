"""The base models that can be fine-tuned, as data: a JSON file beside this one for each, named at will.

A model is added by adding its file; nothing else names it. What a file holds is `BaseModelEntry`.
"""

import re
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lambdas.domain.core.outside_text import name
from lambdas.domain.models.model_ids import did_you_mean_model

RecordFormat = Literal["messages", "bedrock-conversation-2024", "prompt-completion"]
ServingKind = Literal["on_demand", "provisioned_throughput"]

# Of the cross-Region inference profiles of the United States, the only Regions where models can be fine-tuned.
PROFILE_PREFIX = "us."
# Shown first, and what an environment tunes unless its settings say otherwise.
_FIRST = "nova-lite.json"

_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*::foundation-model/(?P<id>.+)")


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class SetLimits(_Data):
    """Bounds of one set of records, inclusive."""

    min_records: int
    max_records: int
    max_bytes: int


class ModelLimits(_Data):
    """Limits on the data of a customization job; a record has fewer than `max_record_tokens` tokens.

    `validation` is null where the job takes no validation set.
    """

    train: SetLimits
    validation: SetLimits | None
    max_training_and_validation_records: int
    max_record_tokens: int


class Hyperparameter(_Data):
    """A hyperparameter's kind and inclusive range; `needs_validation` ones are sent only with a validation set.

    With `records_per_step` the number of training records divided by it, within the range, suits better than the
    default.
    """

    type: Literal["integer", "number"]
    default: float
    minimum: float
    maximum: float
    needs_validation: bool = False
    records_per_step: int | None = None


class SizeSettings(_Data):
    """Hyperparameters that suit training sets below a size better than the service's defaults, and why."""

    below_records: int
    values: dict[str, float]
    reason: str


class DisputedMinimum(_Data):
    """A least number of training records that only one of AWS's sources asks for; `reason` names both."""

    records: int
    reason: str


class LifeCycle(_Data):
    """What AWS has announced; null where nothing is. The live service's answer wins over these dates."""

    legacy_from: date | None
    end_of_life: date | None
    source: str


class BaseModelEntry(_Data):
    """A base model. The customization id names the variant that is trained, the inference id the one that is asked.

    The inference id is a cross-Region inference profile's where the model is asked on demand only through one.
    `serving` has the ways to serve a tuned one, the cheapest first; on demand only where it was customized after the
    date. One that `learns_reasoning` is trained on the thoughts that stand before an answer in a record. A job fails
    for `reserved_words` in prompts, as they are written; AWS's own validators refuse `further_reserved_words` in any
    text and in any case. `price_list_name` is its name in the usage types of AWS's Price List; null where that has no
    tuning of it. `successor` is the customization id of the entry to change to when this one ages. `unverified` says
    which fields no page of AWS's was found for.
    """

    name: str
    provider: str
    customization_id: str
    inference_id: str
    customization_regions: tuple[str, ...]
    serving: tuple[ServingKind, ...] = Field(min_length=1)
    on_demand_for_models_customized_after: date | None
    record_format: RecordFormat
    learns_reasoning: bool
    limits: ModelLimits
    disputed_minimum: DisputedMinimum | None
    reserved_words: tuple[str, ...]
    further_reserved_words: tuple[str, ...]
    hyperparameters: dict[str, Hyperparameter]
    hyperparameters_by_size: tuple[SizeSettings, ...]
    lifecycle: LifeCycle
    price_list_name: str | None
    successor: str
    sources: tuple[str, ...] = Field(min_length=1)
    unverified: tuple[str, ...]

    @property
    def foundation_model_id(self) -> str:
        """The inference id without a profile's prefix: what GetFoundationModel knows."""
        return self.inference_id.removeprefix(PROFILE_PREFIX)


class UnknownBaseModelError(ValueError):
    """The catalogue has no such model; the message names those it has."""


@cache
def catalogue() -> tuple[BaseModelEntry, ...]:
    """All base models, the default first, the others by their file names; `sources` says where each entry is from."""
    found = [file for file in files(__package__ or "").iterdir() if file.name.endswith(".json")]
    ordered = sorted(found, key=lambda file: (file.name != _FIRST, file.name))
    return tuple(BaseModelEntry.model_validate_json(file.read_bytes()) for file in ordered)


def id_of(identifier: str) -> str:
    """The id in a base model's ARN; an id as it is."""
    arn = _ARN.fullmatch(identifier)
    return arn["id"] if arn else identifier


def base_model(model_id: str) -> BaseModelEntry:
    """The model with this customization or inference id, its id without profile, or its ARN.

    Raises UnknownBaseModelError.
    """
    plain = id_of(model_id)
    for entry in catalogue():
        if plain in (entry.customization_id, entry.inference_id, entry.foundation_model_id):
            return entry
    known = [entry.customization_id for entry in catalogue()]
    raise UnknownBaseModelError(
        f"'{name(model_id)}' cannot be fine-tuned here; the models that can: {', '.join(known)}."
        f"{did_you_mean_model(plain, known)}"
    )
