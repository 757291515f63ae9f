"""Counts at the data gate what curation will ask models: records, and the documents of the training set."""

from collections.abc import Sequence, Set
from statistics import fmean
from typing import NamedTuple
from xml.sax.saxutils import escape

from lambdas.domain.curation.documents import (
    LONGEST_DOCUMENT_CHARACTERS,
    MOST_EXAMPLES,
    content_digest,
    documents_of,
    read_asked,
)
from lambdas.domain.curation.given_documents import TakenDocuments
from lambdas.domain.curation.planned_asks import PlannedAsks
from lambdas.domain.curation.prompts import MOST_SHOWN, check_record
from lambdas.domain.dataset.figures import count_training_tokens
from lambdas.domain.dataset.formats.record import Record
from lambdas.domain.dataset.preparation import Given, PreparedDataset
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.dataset.tokens import estimate
from lambdas.domain.evaluation.questions import Message, Question

_HELD_OUT: tuple[SetName, ...] = ("validation", "test")


class _Asked(NamedTuple):
    """What is kept of a record of one question: its document's number, None where it has none, and tokens.

    `frame_tokens` are those of what stands around document and question.
    """

    document: int | None
    frame_tokens: int
    document_tokens: int
    pair_tokens: int
    answer_tokens: int


class _Counted(NamedTuple):
    """What is kept of a record: the tokens of what a judge is asked about it, its documents, and what it asks."""

    check_tokens: int
    documents: tuple[int, ...]
    asked: _Asked | None


class _Documents(NamedTuple):
    """Documents to write about: how many, and their tokens in prompts, as text, and of the pairs that they have."""

    number: int
    prompt_tokens: int
    tokens: float
    shown_tokens: int


class DocumentCount:
    """The records of files and the documents that they ask about, told one record after another."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._tokens: dict[int, int] = {}
        self._counted: dict[SetName, list[_Counted]] = {}

    def add(self, given: SetName, record: Record) -> None:
        """Counts the next record of a given set."""
        prompt = check_record(_question_of(record))
        documents = tuple(map(self._number, documents_of(record)))
        counted = _Counted(estimate(prompt.system, prompt.user), documents, self._read(record))
        self._counted.setdefault(given, []).append(counted)

    def count(self, given: Given, prepared: PreparedDataset, files: TakenDocuments | None = None) -> PlannedAsks:
        """What is asked about the sets, and about the documents of the training set, or those in files."""
        of_sets = {name: [self._counted[source][at] for source, at in prepared.places(name)] for name in SET_NAMES}
        checks = [each.check_tokens for counted in of_sets.values() for each in counted]
        single = [each.asked for each in of_sets["train"] if each.asked is not None]
        held_out = {document for name in _HELD_OUT for each in of_sets[name] for document in each.documents}
        about = [each for each in single if each.document is not None and each.document not in held_out]
        frame, pair, answer = (
            _mean(about or single, part) for part in ("frame_tokens", "pair_tokens", "answer_tokens")
        )
        documents = self._about_records(about) if files is None else self._about_files(files, held_out, frame, pair)
        return PlannedAsks(
            records=len(checks),
            check_tokens=sum(checks),
            training_tokens=count_training_tokens(given, prepared),
            documents=documents.number,
            document_tokens=documents.prompt_tokens,
            shown_tokens=documents.shown_tokens,
            context_tokens=frame + documents.tokens,
            pair_tokens=pair,
            answer_tokens=answer,
        )

    def _about_records(self, about: Sequence[_Asked]) -> _Documents:
        """The documents of training records."""
        shown: dict[int, list[int]] = {}
        for each in about:
            if each.document is not None:
                shown.setdefault(each.document, []).append(each.pair_tokens)
        return _Documents(
            len(shown),
            sum(self._tokens[document] for document in shown),
            _mean(about, "document_tokens"),
            sum(sum(tokens[:MOST_SHOWN]) for tokens in shown.values()),
        )

    def _about_files(
        self,
        files: TakenDocuments,
        held_out: Set[int],
        frame_tokens: float,
        pair_tokens: float,
    ) -> _Documents:
        """Documents in files but those of held-out records; instructions and examples stand with each in a prompt."""
        left_out = sum(self._numbers.get(digest) in held_out for digest in files.digests if digest in self._numbers)
        number = files.counts.used - left_out
        tokens = files.tokens / (files.counts.used or 1)
        shown = round(number * MOST_EXAMPLES * pair_tokens)
        return _Documents(number, round(number * (tokens + frame_tokens)), tokens, shown)

    def _number(self, digest: str) -> int:
        return self._numbers.setdefault(digest, len(self._numbers))

    def _read(self, record: Record) -> _Asked | None:
        if len(record.turns) != 2:
            return None
        prompt, reference = record.turns
        answer, system = estimate(reference), record.system or ""
        asked = read_asked(prompt)
        if asked is None or asked.rivals or not 0 < len(asked.document) <= LONGEST_DOCUMENT_CHARACTERS:
            return _Asked(None, estimate(system), 0, estimate(prompt) + answer, answer)
        number = self._number(content_digest(asked.document))
        if number not in self._tokens:
            self._tokens[number] = estimate(escape(asked.context), escape(system))
        document = estimate(asked.document)
        frame = max(0, estimate(system, asked.before, asked.after) - document)
        return _Asked(number, frame, document, estimate(asked.question) + answer, answer)


def _mean(asked: Sequence[_Asked], part: str) -> float:
    return fmean(getattr(each, part) for each in asked) if asked else 0.0


def _question_of(record: Record) -> Question:
    messages = (
        # Any text: a rule of the gate tells what cannot be encoded.
        Message.model_construct(role="assistant" if at % 2 else "user", content=turn)
        for at, turn in enumerate(record.turns[:-1])
    )
    return Question(0, record.system, tuple(messages), record.turns[-1])
