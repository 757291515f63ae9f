"""The documents that a teacher writes about: those of the training records, or text files beside the data set."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lambdas.domain.curation.documents import (
    LONGEST_DOCUMENT_CHARACTERS,
    MOST_EXAMPLES,
    AskedMessage,
    QuestionAnswer,
    SourceDocument,
    ask_about,
    closing_tag,
    content_digest,
    digest_of,
    documents_of,
    list_documents,
    read_asked,
)
from lambdas.domain.curation.fitness import has_reserved_word, is_too_long
from lambdas.domain.curation.given_documents import DocumentCounts, GivenDocument, Reason
from lambdas.domain.curation.leaks import find_leaks
from lambdas.domain.dataset.formats.record import DEFAULT_CONTEXT_TAG, Record, with_context
from lambdas.domain.evaluation.questions import Question
from lambdas.domain.models.catalogue import BaseModelEntry

# A longer pair says more of its document than of how is asked.
_LONGEST_EXAMPLE = 1_000

_CLOSING_TAG = re.compile(r"<\s{0,8}/([^<>]{1,200})>")


class Sources(NamedTuple):
    """The documents to write about, and how many were left out."""

    documents: list[SourceDocument]
    counts: DocumentCounts


def training_sources(training: Iterable[Question], held_out: Iterable[Record]) -> Sources:
    """The documents of the training records, which are gone through twice; those of held-out records are left out."""
    found = list_documents(training)
    secret = set[str]().union(*map(documents_of, held_out))
    documents = [each for each in found if content_digest(each.text) not in secret]
    known, long, unclear = {each.digest for each in found}, set[str](), set[str]()
    for each in _single_turns(training):
        asked = read_asked(each.messages[0].content)
        if asked is not None and len(asked.document) > LONGEST_DOCUMENT_CHARACTERS:
            long.add(digest_of(asked.document))
        elif asked is not None and asked.rivals:
            unclear.add(digest_of(asked.document))
    counts = DocumentCounts(
        used=len(documents), too_long=len(long), unfit=len(unclear - known), held_out=len(found) - len(documents)
    )
    return Sources(documents, counts)


def given_sources(
    given: Sequence[GivenDocument],
    training: Iterable[Question],
    held_out: Iterable[Record],
    original: Iterable[Record],
    model: BaseModelEntry,
    *,
    counts: DocumentCounts | None = None,
    context_tag: str = DEFAULT_CONTEXT_TAG,
) -> Sources:
    """Given documents, in the form in which the training records ask about theirs.

    A document is left out where the base model cannot be trained on it, and where it tells something of a held-out
    record: whatever is asked about it would leak. `held_out` and `original` are as in `find_leaks`; these and
    `training` are gone through more than once. Without documents in the training prompts, new ones stand in
    `context_tag`. `counts` are those of the files, and are gone on with.
    """
    known = {content_digest(each.text): each for each in list_documents(training)}
    form = _Form.of(training, context_tag)
    made = [known.get(content_digest(each.text)) or form.about(each.text) for each in given]
    probes = [_probe(document) for document in made]
    leaking = find_leaks(probes, held_out, original)
    reasons = [
        "held_out" if place in leaking else _unfit(form, document, probe, model)
        for place, (document, probe) in enumerate(zip(made, probes, strict=True))
    ]
    documents = [document for document, reason in zip(made, reasons, strict=True) if reason is None]
    counts = counts or DocumentCounts(used=len(made))
    return Sources(documents, counts.leaving_out(reason for reason in reasons if reason is not None))


class _Form(NamedTuple):
    """How a data set asks: its system text, a message about a document where it has one, and some of its pairs."""

    system: str | None
    message: str | None
    context_tag: str
    examples: tuple[QuestionAnswer, ...]

    @classmethod
    def of(cls, training: Iterable[Question], context_tag: str) -> "_Form":
        """The form of the first record about a document, or of the first record."""
        first: Question | None = None
        about: Question | None = None
        examples = list[QuestionAnswer]()
        for each in _single_turns(training):
            first = first or each
            content = each.messages[0].content
            asked = read_asked(content)
            if about is None and asked is not None and asked.document and not asked.rivals:
                about = each
            pair = QuestionAnswer(asked.question if asked else content, each.reference)
            if len(examples) < MOST_EXAMPLES and len(pair.question) + len(pair.answer) <= _LONGEST_EXAMPLE:
                examples.append(pair)
        shown, message = about or first, about.messages[0].content if about else None
        return cls(shown.system if shown else None, message, context_tag, tuple(examples))

    @property
    def closing_tag(self) -> str:
        found = None if self.message is None else closing_tag(self.message)
        return found or f"</{self.context_tag}>"

    def about(self, text: str) -> SourceDocument:
        """A document that no training record is about."""
        asked = None if self.message is None else ask_about(self.message, text)
        asked = asked or AskedMessage(with_context(text, "", self.context_tag), text, "", "")
        return SourceDocument(digest_of(text), text, self.system, asked, (), self.examples)


def _single_turns(training: Iterable[Question]) -> Iterator[Question]:
    return (each for each in training if len(each.messages) == 1)


def _probe(document: SourceDocument) -> Record:
    """A record with nothing but the document, which every record about it has."""
    return Record(document.system, [document.asked.asking(""), ""])


def _ends_within(closing_tag: str, text: str) -> bool:
    """Whether the tag is in the text, in any case and with white space: models take `</DOC >` for the end as well."""
    name = closing_tag[2:-1].strip().casefold()
    return any(found[1].strip().casefold() == name for found in _CLOSING_TAG.finditer(text))


def _unfit(form: _Form, document: SourceDocument, probe: Record, model: BaseModelEntry) -> Reason | None:
    # Behind its closing tag a document's text would be the user's own words.
    if not document.pairs and _ends_within(form.closing_tag, document.text):
        return "unfit"
    if has_reserved_word(probe, model):
        return "unfit"
    return "too_long" if is_too_long(probe, model) else None
