"""CurateTrainingSet: says what the models of curation are asked next, or makes the final training sets.

The original records are cleaned first; new ones are written about what is left. Each turn starts from stored sets and
replies alone, so that a repeated one comes to the same.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.stores.stored_curation import CLEANING, SYNTHESIS, set_key
from lambdas.domain.core.errors import CurationFailed, NoDocuments, TooManyRemoved, YieldTooLow
from lambdas.domain.core.run import Run
from lambdas.domain.curation.asks import StoredReply
from lambdas.domain.curation.cleaning import (
    MOST_REMOVED_SHARE,
    CleanedRecord,
    CleaningCounts,
    clean_asks,
    count_cleaning,
    judge_records,
)
from lambdas.domain.curation.curation import Curation
from lambdas.domain.curation.documents import SourceDocument
from lambdas.domain.curation.given_documents import DocumentCounts
from lambdas.domain.curation.settings import CleanSettings, SynthesisSettings
from lambdas.domain.curation.synthesis import SynthesisFunnel, count_funnel, find_trouble, synthesis_asks, too_little
from lambdas.domain.curation.token_use import count_use
from lambdas.domain.dataset.planned_set import TrainingData, TrainingSet
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.training_sets import with_training_sets
from lambdas.steps.batch_jobs import BatchTerms
from lambdas.steps.curated_sets import CuratedSets
from lambdas.steps.curation_batches import settle_batches, start_batches
from lambdas.steps.curation_turns import hand_out, read_replies
from lambdas.steps.observability import logger

if TYPE_CHECKING:
    from lambdas.domain.curation.sources import Sources

_HELD_OUT: tuple[SetName, ...] = ("validation", "test")


def curate_training_set(run: Run, plan: Plan, *, is_approved: bool, adapters: Adapters, batch: BatchTerms) -> Plan:
    """The plan with what is asked next, or waited for, or with the final training sets.

    `is_approved` says that a person lets the judges remove as many records as they do.
    Raises CurationFailed, TooManyRemoved, YieldTooLow, NoDocuments, LeakFound and ServiceBusy.
    """
    curation = plan.curation
    if curation is None or curation.status == "done":
        return plan
    if curation.status == "wait":
        curation = settle_batches(run, curation, batch, adapters)
        plan = plan.model_copy(update={"curation": curation})
        if curation.status != "planned":
            return plan
    asked = _curate(run, plan, curation, adapters, is_approved=is_approved)
    is_asking = asked.curation is not None and asked.curation.status == "ask"
    return start_batches(run, asked, batch, adapters) if is_asking else asked


def _curate(run: Run, plan: Plan, curation: Curation, adapters: Adapters, *, is_approved: bool) -> Plan:
    work = _Work(run, plan, CuratedSets(run, adapters), read_replies(run, curation.turn, adapters))
    removed = set[int]()
    if clean := curation.clean:
        if key := hand_out(run, curation.turn + 1, clean_asks(work.sets.read_all(), clean, work.replies), adapters):
            return _asking(plan, curation, key)
        removed = work.judge(clean)
        if curation.cleaning is None:
            curation = curation.model_copy(update={"cleaning": work.tell_cleaning(clean)})
        if curation.cleaning and curation.cleaning.needs_approval and not is_approved:
            work.show_removal(clean, adapters)
            _refuse_unasked(run, plan, curation.cleaning)
            return plan.model_copy(update={"curation": curation.model_copy(update={"status": "approve"})})
    made: dict[TrainingData, TrainingSet] = {"original": plan.dataset.train}
    if synthesis := curation.synthesis:
        sources = work.list_sources(curation, removed)
        asks = synthesis_asks(sources.documents, synthesis, work.replies)
        if key := hand_out(run, curation.turn + 1, asks, adapters):
            return _asking(plan, curation, key)
        funnel, records = work.make_records(synthesis, sources.documents)
        # Only now: each turn counts again, from what was counted when the run started.
        curation = curation.model_copy(update={"funnel": funnel, "documents": curation.documents and sources.counts})
        made["synthetic"] = work.write("synthetic", removed, records)
    if "cleaned" in curation.made:
        made["cleaned"] = work.write("cleaned", removed)
    logger.info("Training set curated", extra={"sets": {data: each.records for data, each in made.items()}})
    done = curation.model_copy(update={"status": "done", "shards": None})
    curated = with_training_sets(plan.model_copy(update={"curation": done}), made)
    work.refuse_above_cap(curated, adapters)
    return curated


def _asking(plan: Plan, curation: Curation, key: str) -> Plan:
    asking = curation.model_copy(update={"status": "ask", "turn": curation.turn + 1, "shards": key})
    logger.info("Models are asked", extra={"turn": asking.turn, "shards": key})
    return plan.model_copy(update={"curation": asking})


def _explain_no_documents(curation: Curation, counts: DocumentCounts) -> str:
    """Why nothing can be written, and what to do."""
    if curation.documents is not None:
        left_out = counts.tell()
        return (
            f"No document is left that the teacher could write about{f': {left_out}' if left_out else ''}. Give text "
            "files about what the training records are about, or take synthesis out of run.json, and upload the data "
            "set again."
        )
    if counts.held_out or counts.unfit:
        return (
            f"No document is left that the teacher could write about: {counts.tell()}. Keep the documents of "
            "validation and test records out of the training set, put the question alone behind the document, or take "
            "synthesis out of run.json, and upload the data set again."
        )
    return (
        "No training record asks about a document in tags, such as <document>…</document>, so there is nothing to "
        "write new records about. Put documents in tags, name a folder of text files as synthesis.documents, or take "
        "synthesis out of run.json, and upload the data set again."
    )


def _refuse_unasked(run: Run, plan: Plan, counts: CleaningCounts) -> None:
    """Raises TooManyRemoved where nobody can be asked."""
    if not plan.needs_approval:
        raise TooManyRemoved(
            f"All judges call {counts.removed} of {counts.judged} training records incorrect, "
            f"{counts.removed_share:.0%}; more than {MOST_REMOVED_SHARE:.0%} are not removed without a person's yes. "
            f"So many errors are often the judge's. What was said of each record: s3://{run.output_bucket}/"
            f"{set_key(run.prefix, CLEANING)}. Correct the records, name other judges, or set clean.mode of run.json "
            'to "report", and upload the data set again. Where approval_hours is set, a person is asked instead.'
        )


@dataclass(frozen=True)
class _Work:
    """What a turn works on."""

    run: Run
    plan: Plan
    sets: CuratedSets
    replies: dict[str, StoredReply]

    def judge(self, clean: CleanSettings) -> set[int]:
        """The places of the training records that are removed."""
        return {each.index for each in self._judged(clean) if each.removed}

    def tell_cleaning(self, clean: CleanSettings) -> CleaningCounts:
        """The counts of the cleaning; stores what was said of each record."""
        self.sets.write_lines(CLEANING, self._judged(clean))
        counts = count_cleaning(self._judged(clean))
        logger.info("Records judged", extra={"cleaning": counts.dump()})
        return counts

    def show_removal(self, clean: CleanSettings, adapters: Adapters) -> None:
        """Stores some of the records that would be removed, for the person who is asked."""
        from lambdas.domain.report.removal_samples import REMOVAL_SAMPLES, tell_removal  # noqa: PLC0415 - seldom

        text = tell_removal(lambda: self._judged(clean), self.sets.read("train"))
        key = f"{self.run.prefix}dataset/{REMOVAL_SAMPLES}"
        adapters.objects.write(self.run.output_bucket, key, text.encode(errors="replace"))

    def _judged(self, clean: CleanSettings) -> Iterable[CleanedRecord]:
        return judge_records(self.sets.read_all(), clean, self.replies)

    def list_sources(self, curation: Curation, removed: Collection[int]) -> "Sources":
        """The documents to write about: those that the user gave, or those of the clean records. Raises NoDocuments."""
        # With numpy, which turns that only clean do without.
        from lambdas.domain.curation.sources import given_sources, training_sources  # noqa: PLC0415

        training = self.sets.questions("train", removed)
        if curation.documents is None:
            sources = training_sources(training, self.sets.records(*_HELD_OUT))
        else:
            sources = given_sources(
                self.sets.given_documents(),
                training,
                self.sets.records(*_HELD_OUT),
                self.sets.records("train"),
                base_model(self.plan.base_model),
                counts=curation.documents,
                context_tag=curation.context_tag,
            )
        if not sources.documents:
            raise NoDocuments(_explain_no_documents(curation, sources.counts))
        return sources

    def make_records(
        self, synthesis: SynthesisSettings, documents: Sequence[SourceDocument]
    ) -> tuple[SynthesisFunnel, list[bytes]]:
        """The new records, and how many pairs reached each stage. Raises YieldTooLow and LeakFound."""
        from lambdas.domain.curation.new_records import make_records  # noqa: PLC0415 - with numpy

        pairs, records = make_records(
            documents,
            synthesis,
            self.replies,
            base_model(self.plan.base_model),
            held_out=self.sets.records(*_HELD_OUT),
            original=self.sets.records("train"),
        )
        self.sets.write_lines(SYNTHESIS, pairs)
        funnel = count_funnel(pairs)
        logger.info("Records written", extra={"synthesis": funnel.dump()})
        if too_few := too_little(funnel, documents, find_trouble(pairs)):
            raise YieldTooLow(
                f"{too_few} Nothing was trained. What became of each pair: s3://{self.run.output_bucket}/"
                f"{set_key(self.run.prefix, SYNTHESIS)}."
            )
        return funnel, records

    def refuse_above_cap(self, curated: Plan, adapters: Adapters) -> None:
        """Raises CurationFailed where the run would pass its cap by training on the final sets."""
        if curated.max_cost_usd is None:
            return
        # Once a run, not each turn.
        from lambdas.domain.cost.curated_cost import explain_above_cap  # noqa: PLC0415
        from lambdas.steps.report_file import read_preflight  # noqa: PLC0415

        checked = read_preflight(self.run, adapters=adapters)
        estimate = checked.estimate if checked else None
        if estimate and (too_dear := explain_above_cap(curated, estimate, count_use(self.replies.values()))):
            raise CurationFailed(too_dear)

    def write(self, data: TrainingData, removed: Collection[int], new: Iterable[bytes] = ()) -> TrainingSet:
        """Stores a training set: the originals without what is removed, then new records. Raises CurationFailed."""
        lines = chain(self.sets.lines("train", removed), new)
        return self.sets.write(data, lines, base_model(self.plan.base_model))
