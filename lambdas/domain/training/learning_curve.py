"""A learning curve: candidates that train on parts of the training set of several sizes, each part in the next one."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from lambdas.domain.core.settings_model import SettingsModel

# Each is at least one job.
_MOST_SIZES = 12


class LearningCurveSettings(SettingsModel):
    """The sizes of the training sets that a run compares: `fractions` of the training records, or numbers of records.

    The whole training set is always one of them.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["fractions"]}, {"required": ["sizes"]}]})

    fractions: list[Annotated[float, Field(gt=0, le=1)]] = Field(default=[], max_length=_MOST_SIZES)
    sizes: list[Annotated[int, Field(ge=1)]] = Field(default=[], max_length=_MOST_SIZES)

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if bool(self.fractions) == bool(self.sizes):
            raise ValueError("give either fractions, such as [0.25, 0.5, 1], or sizes, such as [500, 1000]")
        return self
