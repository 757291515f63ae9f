"""The register of assumptions: each behaviour of Bedrock that the project relies on, and how far it is known.

A TOML file for each subject lies beside this module: its `title`, and a table for each assumption, named by the
assumption's id. Tests of the simulated Bedrock name the ids that they rest on: `@pytest.mark.assumption("<id>")`.
docs/simulated-bedrock.md is drawn from the register by `make assumptions`.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FOLDER = Path(__file__).parent
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
Sentence = Annotated[str, Field(min_length=20, pattern=r"\.[`)]*$")]


class Status(StrEnum):
    """How a behaviour is known, from best to least."""

    SEEN_LIVE = "seen live"
    DOCUMENTED = "documented"
    REPORTED = "reported"
    ASSUMED = "assumed"


# What nobody at AWS has written down and nobody here has seen may be wrong.
UNSURE = (Status.REPORTED, Status.ASSUMED)


class Assumption(BaseModel):
    """One behaviour of Bedrock; `date` is when its source was read, or when it was seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=f"^{ID.pattern}$")]
    statement: Sentence
    status: Status
    source: Annotated[str, Field(min_length=1)]
    date: date
    # What the pipeline does where Bedrock behaves in another way.
    if_wrong: Sentence | None = None

    @model_validator(mode="after")
    def _says_what_happens_otherwise(self) -> Self:
        if self.status in UNSURE and self.if_wrong is None:
            raise ValueError(f"{self.id} is {self.status}: if_wrong must say what the pipeline does otherwise")
        return self


@dataclass(frozen=True)
class AssumptionSubject:
    """The assumptions of one file, in its order."""

    title: str
    assumptions: tuple[Assumption, ...]


def read_register(folder: Path = FOLDER) -> tuple[AssumptionSubject, ...]:
    """The subjects in the order of their titles. Raises ValueError for an id that stands in two files."""
    subjects = [_read(path) for path in folder.glob("*.toml")]
    by_id(subjects)
    return tuple(sorted(subjects, key=lambda subject: subject.title))


def by_id(subjects: "tuple[AssumptionSubject, ...] | list[AssumptionSubject]") -> Mapping[str, Assumption]:
    """Each assumption by its id."""
    found: dict[str, Assumption] = {}
    for assumption in (each for subject in subjects for each in subject.assumptions):
        if assumption.id in found:
            raise ValueError(f"Two assumptions have the id {assumption.id}.")
        found[assumption.id] = assumption
    return found


def _read(path: Path) -> AssumptionSubject:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    title = tables.pop("title")
    return AssumptionSubject(
        title, tuple(Assumption.model_validate({"id": id_, **table}) for id_, table in tables.items())
    )
