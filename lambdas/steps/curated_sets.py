"""The sets of a run's curation, as stored objects: read one record at a time, and written as they are made."""

from collections.abc import Collection, Iterable, Iterator

from pydantic import TypeAdapter

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.object_store import uri
from lambdas.adapters.stores.stored_curation import set_key
from lambdas.domain.core.errors import CurationFailed
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.reread import Reread
from lambdas.domain.core.run import Run
from lambdas.domain.core.stored_lines import read_stored_lines
from lambdas.domain.curation.cleaning import SetRecord
from lambdas.domain.curation.documents import canonical
from lambdas.domain.curation.given_documents import GIVEN_DOCUMENTS, GivenDocument
from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.planned_set import TrainingData, TrainingSet
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.dataset.tokens import estimate
from lambdas.domain.evaluation.questions import Question, parse_question
from lambdas.domain.models.catalogue import BaseModelEntry


class CuratedSets:
    """The sets of a run, before and after its curation."""

    def __init__(self, run: Run, adapters: Adapters) -> None:
        self._run, self._store = run, adapters.curation
        self._place = run.output_bucket, run.prefix

    def read_all(self) -> Iterator[SetRecord]:
        """The records of all sets, those of the training set first."""
        return (SetRecord(name, question) for name in SET_NAMES for question in self.read(name))

    def read(self, name: SetName, without: Collection[int] = ()) -> Iterator[Question]:
        """The records of a set but those at these places; none where there is no such set."""
        lines = enumerate(self._store.read_set(*self._place, name))
        return (parse_question(index, line) for index, line in lines if index not in without)

    def lines(self, name: SetName, without: Collection[int] = ()) -> Iterator[bytes]:
        """The lines of a set but those at these places."""
        lines = enumerate(self._store.read_set(*self._place, name))
        return (line for index, line in lines if index not in without)

    def questions(self, name: SetName, without: Collection[int] = ()) -> Iterable[Question]:
        """The same, to be gone through more than once."""
        return Reread(lambda: self.read(name, without))

    def records(self, *names: SetName) -> Iterable[Record]:
        """The records of some sets, to be gone through more than once."""
        return Reread(lambda: (canonical(each) for name in names for each in self.read(name)))

    def given_documents(self) -> list[GivenDocument]:
        """The text files that the user gave, as they were when the run started."""
        lines = self._store.read_lines(*self._place, GIVEN_DOCUMENTS)
        return list(read_stored_lines(lines, TypeAdapter(GivenDocument), "documents"))

    def write(self, data: TrainingData, lines: Iterable[bytes], model: BaseModelEntry) -> TrainingSet:
        """Stores a training set. Raises CurationFailed where the base model does not train on so few, or so many."""
        name, records, tokens = f"train-{data}", 0, 0
        with self._store.set_writer(*self._place, name) as writer:
            for line in lines:
                writer.write(line)
                records += 1
                tokens += _count_tokens(parse_question(0, line))
        limits = model.limits.train
        if not limits.min_records <= records <= limits.max_records:
            raise CurationFailed(
                f"The training set has {records:,} records after its curation; {model.name} trains on "
                f"{limits.min_records:,} to {limits.max_records:,}. {_advice(data, records, limits.min_records)}"
            )
        return TrainingSet(
            uri=uri(self._run.output_bucket, set_key(self._run.prefix, name)), records=records, tokens=tokens, data=data
        )

    def write_lines(self, name: str, lines: Iterable[Fact]) -> None:
        """Stores what was said of records, a line each."""
        with self._store.set_writer(*self._place, name) as writer:
            for line in lines:
                writer.write(line.model_dump_json().encode())


def _advice(data: TrainingData, records: int, least: int) -> str:
    if records < least:
        return 'Add records, or set "mode": "report" in clean of run.json, and upload the data set again.'
    how = "a lower pairs_per_document in synthesis" if data == "synthetic" else "fewer records"
    return f"Give {how}, and upload the data set again."


def _count_tokens(question: Question) -> int:
    """About how many tokens a record has, as the data gate counts them."""
    asked = "\n".join(each.content for each in question.messages)
    return estimate(question.system or "", asked) + estimate(question.reference)
