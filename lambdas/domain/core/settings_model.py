"""The base of all that a person sets for a run: strict, and without unknown keys."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ModelId = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[a-zA-Z0-9][a-zA-Z0-9.:_-]*$")]


class SettingsModel(BaseModel):
    """Settings of one kind; every key may be left out, none may be unknown."""

    # Strict: "0.1" is not 0.1 and true is not 1; what was meant is asked, not guessed.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)
