"""Which models check and write training data: `clean` and `synthesis` in run.json."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.settings_model import ModelId, SettingsModel
from lambdas.domain.models.families import family

# `documents` where the training records' own documents are meant.
TRAINING_DOCUMENTS = "training"
# Providers say in their terms whether a model may be trained on their models' answers. AWS links all of them here.
TERMS = "https://aws.amazon.com/legal/bedrock/third-party-models/"


class CleanSettings(SettingsModel):
    """Judges that call each record correct or incorrect.

    In the mode "report" all records stay, and the report lists what the judges doubt. In "remove" the training set
    loses what all judges call incorrect. Two judges must be of different families.
    """

    judges: list[ModelId] = Field(min_length=1, max_length=2)
    mode: Literal["report", "remove"] = "report"


class SynthesisSettings(SettingsModel):
    """A teacher that writes `pairs_per_document` pairs of question and answer about each document.

    `checker` says whether the document has the answer, and answers the question from the document alone: it must be of
    another family than the teacher. `documents` is "training" or the prefix of text files in the run's folder.
    `terms_accepted` says that the teacher's provider lets you train a model on its answers.
    """

    teacher: ModelId
    checker: ModelId
    pairs_per_document: int = Field(default=3, ge=1, le=10)
    documents: str = Field(default=TRAINING_DOCUMENTS, min_length=1, max_length=256)
    terms_accepted: bool = False

    @property
    def prefix(self) -> str | None:
        """The prefix of the documents in the run's folder; None where those of the training records are meant."""
        return None if self.documents == TRAINING_DOCUMENTS else self.documents


def clean_findings(clean: CleanSettings) -> Iterator[Finding]:
    """What is wrong with the judges."""
    if len(clean.judges) > len({family(judge) for judge in clean.judges}):
        yield Finding(
            check="clean-judges",
            severity="error",
            message=f"Both judges are of the family {family(clean.judges[0])}: they err alike.",
            remedy="Name judges of two families in clean.judges of run.json, or a single one.",
        )


def synthesis_findings(synthesis: SynthesisSettings) -> Iterator[Finding]:
    """What is wrong with teacher and checker."""
    if family(synthesis.teacher) == family(synthesis.checker):
        yield Finding(
            check="synthesis-checker",
            severity="error",
            message=f"Teacher and checker are of the family {family(synthesis.teacher)}: a model's own errors pass.",
            remedy="Name a checker of another family in synthesis.checker of run.json.",
        )
    if not synthesis.terms_accepted:
        yield Finding(
            check="synthesis-terms",
            severity="error",
            message=(
                f"Nobody has said that {synthesis.teacher} may be used to train a model. Some providers forbid that, "
                "or bind it to conditions."
            ),
            remedy=f'Read the terms ({TERMS}); where they allow it, set "terms_accepted": true in synthesis.',
        )
