"""The document that a record is about, and the documents of a training set with the questions that they have."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lambdas.domain.dataset.formats import Record
from lambdas.domain.dataset.split.context import DOCUMENT_TAGS, Piece, Surrounded, split_at_document, take_apart
from lambdas.domain.evaluation.questions import Question

# A longer document is no text that a question is asked about in one prompt; its pairs would train on the whole of it.
LONGEST_DOCUMENT_CHARACTERS = 200_000
# Of the training set's pairs, so many show a teacher how is asked about a document that has none of its own.
MOST_EXAMPLES = 5
_QUESTION_MARK = re.compile("[?\uff1f\u061f\u037e]")
_WORD = re.compile(r"\w+")
_QUESTION_TAGS = {"question", "query"}


class AskedMessage(NamedTuple):
    """A user's message in parts: the question, and what stands before and behind it, its document included.

    `rivals` are further texts outside tags where nobody can say which text is the question.
    """

    before: str
    document: str
    question: str
    after: str
    rivals: tuple[str, ...] = ()

    @property
    def context(self) -> str:
        """The message without its question; the whole of it where nobody can say which text that is."""
        return self.asking(self.question if self.rivals else "").strip()

    @property
    def told(self) -> str:
        """What a judge is told to be the question: all texts that may be it."""
        return "\n\n".join((*self.rivals, self.question))

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

    @property
    def context(self) -> str:
        """The document with all that its first record's message has around it but the question."""
        return self.asked.context


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
    pieces = [*take_apart(parts.before), Piece(parts.block, None), *take_apart(parts.after)]
    places = _question_places(pieces)
    if not places:
        # Nothing but blocks: those on one side are what is asked.
        pieces = [Piece(parts.before, ""), Piece(parts.block, None), Piece(parts.after, "")]
        places = _question_places(pieces)[-1:]
    if not places:
        return None
    # Of several texts, the one that alone has a question mark is the question.
    marked = [place for place in places if _QUESTION_MARK.search(pieces[place].text)]
    place = marked[0] if len(marked) == 1 else places[-1]
    others = () if len(marked) == 1 else places[:-1]
    text = pieces[place].text
    question = text.strip()
    start = text.index(question)
    before = "".join([*(each.text for each in pieces[:place]), text[:start]])
    after = "".join([text[start + len(question) :], *(each.text for each in pieces[place + 1 :])])
    rivals = tuple(pieces[other].text.strip() for other in others)
    return AskedMessage(before, parts.document.strip(), question, after, rivals)


def _question_places(pieces: Sequence[Piece]) -> list[int]:
    """Which pieces may be the question: the one in its tags, else all texts outside tags."""
    filled = [place for place, each in enumerate(pieces) if each.tag is not None and each.text.strip()]
    tagged = [place for place in filled if pieces[place].tag in _QUESTION_TAGS]
    return tagged[-1:] or [place for place in filled if not pieces[place].tag]


def digest_of(text: str) -> str:
    """What a document is known by: the SHA-256 of its text."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def content_digest(text: str) -> str:
    """What documents are compared by, also with another rendering's white space."""
    return digest_of("".join(text.split()))


def document_digest(message: str) -> str | None:
    """The content digest of the document that a message asks about; None where there is none."""
    parts = split_at_document(message) if "<" in message else None
    return None if parts is None or not parts.document.strip() else content_digest(parts.document)


def documents_of(record: Record) -> frozenset[str]:
    """The content digests of all documents in a record's user messages, whichever of them the question is about."""
    found = set[str]()
    for turn in record.turns[:-1:2]:
        if asked := document_digest(turn):
            pieces = take_apart(turn)
            found |= {asked, *(content_digest(each.text) for each in pieces if each.tag in DOCUMENT_TAGS)}
    return frozenset(found)


def asked_pair(record: Record) -> tuple[str, str] | None:
    """A record's last question and its answer, as words; None where one of them has none."""
    message, answer = record.turns[-2:]
    asked = read_asked(message)
    told = [" ".join(_WORD.findall(text.casefold())) for text in (asked.told if asked else message, answer)]
    return (told[0], told[1]) if all(told) else None


def digest_of_record(question: Question) -> str:
    """What a record is known by: the SHA-256 of what stands in it."""
    return digest_of(
        "\0".join((question.system or "", *(each.content for each in question.messages), question.reference))
    )


def digest_of_document(question: Question) -> str | None:
    """What the document of a record's last message is known by; None where it asks about none."""
    asked = read_asked(question.messages[-1].content)
    return digest_of(asked.document) if asked else None


def canonical(question: Question) -> Record:
    """The record of a question."""
    return Record(question.system, [*(each.content for each in question.messages), question.reference])


def list_documents(questions: Iterable[Question]) -> list[SourceDocument]:
    """The documents of single-turn training records, in their order, each once.

    Records without one are left out, and those whose question nobody can tell: a new one cannot take its place.
    """
    found: dict[str, SourceDocument] = {}
    for each in questions:
        asked = read_asked(each.messages[0].content) if len(each.messages) == 1 else None
        if asked is None or asked.rivals or not 0 < len(asked.document) <= LONGEST_DOCUMENT_CHARACTERS:
            continue
        digest = content_digest(asked.document)
        pair = QuestionAnswer(asked.question, each.reference)
        known = found.setdefault(
            digest, SourceDocument(digest_of(asked.document), asked.document, each.system, asked, ())
        )
        found[digest] = known._replace(pairs=(*known.pairs, pair))
    return list(found.values())
