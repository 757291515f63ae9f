"""The document that a record is about, and the documents of a training set with the questions that they have."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.split.context import Surrounded, split_at_document
from lambdas.domain.evaluation.questions import Question

# A longer document is no text that a question is asked about in one prompt; its pairs would train on the whole of it.
LONGEST_DOCUMENT_CHARACTERS = 200_000
# Of the training set's pairs, so many show a teacher how is asked about a document that has none of its own.
MOST_EXAMPLES = 5


class AskedMessage(NamedTuple):
    """A user's message in parts: the question, and what stands before and behind it, its document included."""

    before: str
    document: str
    question: str
    after: str

    def asking(self, question: str) -> str:
        """The same message with another question."""
        return f"{self.before}{question}{self.after}"


class QuestionAnswer(NamedTuple):
    """A question and its answer; `topic` is what the teacher says that it is about."""

    question: str
    answer: str
    topic: str = ""


class SourceDocument(NamedTuple):
    """A document with the pairs that the training set has about it.

    `digest` is the SHA-256 of its text. `system` and `asked` are those of its first record, whose form new records
    take. `examples` are pairs about other documents, of one that has none of its own.
    """

    digest: str
    text: str
    system: str | None
    asked: AskedMessage
    pairs: tuple[QuestionAnswer, ...]
    examples: tuple[QuestionAnswer, ...] = ()


def read_asked(message: str) -> AskedMessage | None:
    """The parts of a message that asks about a document in tags; None where there is none, or no question beside it."""
    parts = split_at_document(message)
    return None if parts is None else _asked(parts)


def ask_about(message: str, text: str) -> AskedMessage | None:
    """The parts of the same message about another document; None where it asks about none.

    The text must not have the `closing_tag` of the message.
    """
    parts = split_at_document(message)
    if parts is None:
        return None
    opening, document, closing = _open_block(parts)
    stripped = document.strip()
    place = document.index(stripped)
    filled = document[:place] + text + document[place + len(stripped) :]
    return _asked(Surrounded(parts.before, opening + filled + closing, text, parts.after))


def closing_tag(message: str) -> str | None:
    """The tag that ends the document of a message; None where it asks about none."""
    parts = split_at_document(message)
    return None if parts is None else _open_block(parts)[2]


def _open_block(parts: Surrounded) -> tuple[str, str, str]:
    """A block as its opening tag, the document as it stands there, and the closing tag."""
    closing = parts.block[parts.block.rindex("</") :]
    opening = parts.block[: len(parts.block) - len(parts.document) - len(closing)]
    return opening, parts.document, closing


def _asked(parts: Surrounded) -> AskedMessage | None:
    # The question stands behind the document, or before it.
    before, after = parts.before, parts.after
    question = after.strip() or before.strip()
    if not question:
        return None
    if after.strip():
        place = after.index(question)
        return AskedMessage(
            before + parts.block + after[:place], parts.document.strip(), question, after[place + len(question) :]
        )
    place = before.index(question)
    rest = before[place + len(question) :] + parts.block + after
    return AskedMessage(before[:place], parts.document.strip(), question, rest)


def digest_of(text: str) -> str:
    """What a document is known by: the SHA-256 of its text."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def canonical(question: Question) -> Record:
    """The record of a question."""
    return Record(question.system, [*(each.content for each in question.messages), question.reference])


def list_documents(questions: Iterable[Question]) -> list[SourceDocument]:
    """The documents of single-turn training records, in their order, each once; records without one are left out."""
    found: dict[str, SourceDocument] = {}
    for each in questions:
        asked = read_asked(each.messages[0].content) if len(each.messages) == 1 else None
        if asked is None or not 0 < len(asked.document) <= LONGEST_DOCUMENT_CHARACTERS:
            continue
        digest = digest_of(asked.document)
        pair = QuestionAnswer(asked.question, each.reference)
        known = found.setdefault(digest, SourceDocument(digest, asked.document, each.system, asked, ()))
        found[digest] = known._replace(pairs=(*known.pairs, pair))
    return list(found.values())
