"""What the curation of a run's training set has come to: `$.plan.curation`."""

from typing import Literal

from pydantic import Field

from lambdas.domain.batch.batch_waits import BatchChoice
from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.batches import CurationBatch
from lambdas.domain.curation.cleaning import CleaningCounts
from lambdas.domain.curation.given_documents import DocumentCounts
from lambdas.domain.curation.planned_asks import PlannedAsks
from lambdas.domain.curation.settings import CleanSettings, SynthesisSettings
from lambdas.domain.curation.synthesis import SynthesisFunnel
from lambdas.domain.dataset.formats.record import DEFAULT_CONTEXT_TAG
from lambdas.domain.dataset.planned_set import TrainingData

# "planned": goes on at once. "ask": the models of `shards` are asked. "wait": a batch job is under way. "approve":
# a person must say that so many records may go. "done": the plan's training sets are the final ones.
CurationStatus = Literal["planned", "ask", "wait", "approve", "done"]
_CLEANED: TrainingData = "cleaned"
_SYNTHETIC: TrainingData = "synthetic"


class Curation(Fact):
    """The stages that a run's training set goes through before the training, and how far it has come.

    `compare` are the data sets that a candidate each trains on; where it is empty, all train on the last one. `turn`
    counts the rounds of questions, `shards` is the key of the round's items in the output bucket. The counts are null
    until their stage is over. `batches` are all batch jobs that were started; those of this turn have been waited for
    `waited_seconds` so far. `documents` counts those that the user gave as files, None where there are none; in
    `context_tag` they stand where no training record asks about a document. `planned` is what models were expected to
    be asked.
    """

    clean: CleanSettings | None = None
    synthesis: SynthesisSettings | None = None
    compare: list[TrainingData] = Field(default=[])
    documents: DocumentCounts | None = None
    context_tag: str = DEFAULT_CONTEXT_TAG
    planned: PlannedAsks | None = None
    status: CurationStatus = "planned"
    turn: int = 0
    shards: str | None = None
    batch: BatchChoice = "auto"
    batches: list[CurationBatch] = Field(default=[])
    wait_seconds: int = 0
    waited_seconds: int = 0
    cleaning: CleaningCounts | None = None
    funnel: SynthesisFunnel | None = None

    @property
    def made(self) -> list[TrainingData]:
        """The data sets that there are, each made of the one before."""
        cleans = self.clean is not None and self.clean.mode == "remove"
        return ["original", *([_CLEANED] if cleans else []), *([_SYNTHETIC] if self.synthesis else [])]

    @property
    def trained(self) -> list[TrainingData]:
        """The data sets that candidates train on, in the order in which they are made."""
        return [data for data in self.made if data in self.compare] or self.made[-1:]

    @property
    def curators(self) -> dict[str, str]:
        """The models that are asked, each once with what for: "a judge of the training records"."""
        found = dict.fromkeys(self.clean.judges if self.clean else (), "a judge of the training records")
        if self.synthesis is not None:
            found.setdefault(self.synthesis.teacher, "the teacher")
            found.setdefault(self.synthesis.checker, "the checker of what the teacher writes")
        return found
