"""Documents that a user gives beside the data set, as text files: which are taken, and why others are left out."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.documents import LONGEST_DOCUMENT_CHARACTERS, content_digest, digest_of
from lambdas.domain.dataset.tokens import estimate

# Where a run keeps them as they were when it started, under its prefix.
GIVEN_DOCUMENTS = "dataset/documents.jsonl"
# Files are read one after another, and a function holds all that it takes.
MOST_DOCUMENTS = 2_000
MOST_CHARACTERS = 20_000_000
# A character has up to four bytes: what has more is too long, however it goes on.
MOST_FILE_BYTES = 4 * LONGEST_DOCUMENT_CHARACTERS

Reason = Literal["empty", "too_long", "not_utf8", "repeated", "too_many", "unfit", "held_out"]
WHY: dict[Reason, str] = {
    "empty": "The document is empty.",
    "too_long": f"The document has more than {LONGEST_DOCUMENT_CHARACTERS:,} characters, or more tokens than a record "
    "of the base model may have.",
    "not_utf8": "The document is no text in UTF-8.",
    "repeated": "The document has the same text as an earlier one.",
    "too_many": f"A run takes the first {MOST_DOCUMENTS:,} documents, with {MOST_CHARACTERS:,} characters together.",
    "unfit": "The document has a text that a prompt for the base model cannot have.",
    "held_out": "The document tells something of a validation or test record.",
}


class DocumentFile(NamedTuple):
    """A text file by its path in the folder; `read` gives MOST_FILE_BYTES + 1 bytes of it at most."""

    path: str
    read: Callable[[], bytes]


class GivenDocument(Fact):
    """A line of `dataset/documents.jsonl`."""

    path: str
    text: str


class LeftOutDocument(NamedTuple):
    """A document that nothing is written about."""

    path: str
    reason: Reason


class DocumentCounts(Fact):
    """How many documents are written about, and how many are left out for each reason.

    `characters` are those of the documents that were taken from files.
    """

    used: int = 0
    characters: int = 0
    empty: int = 0
    too_long: int = 0
    not_utf8: int = 0
    repeated: int = 0
    too_many: int = 0
    unfit: int = 0
    held_out: int = 0

    def leaving_out(self, reasons: Iterable[Reason]) -> "DocumentCounts":
        """The counts where further ones of those used are left out."""
        counts = self.model_dump()
        for reason in reasons:
            counts[reason] += 1
            counts["used"] -= 1
        return DocumentCounts.model_validate(counts)

    def tell(self) -> str:
        """What was left out, in words; empty where nothing was."""
        words = {
            "empty": "empty",
            "too_long": "too long",
            "not_utf8": "no UTF-8",
            "repeated": "repeated",
            "too_many": "beyond the limit",
            "unfit": "unfit for the base model",
            "held_out": "about validation or test records",
        }
        return ", ".join(f"{getattr(self, key)} {said}" for key, said in words.items() if getattr(self, key))


class TakenDocuments(NamedTuple):
    """What was found under a prefix of the folder; `tokens` and `digests` are those of what was taken."""

    prefix: str
    counts: DocumentCounts
    left_out: list[LeftOutDocument]
    digests: frozenset[str] = frozenset()
    tokens: int = 0


def take_all(prefix: str, files: Iterable[DocumentFile], write: Callable[[bytes], object]) -> TakenDocuments:
    """Writes each document that is taken as a line of `dataset/documents.jsonl`, and says which are left out."""
    used, characters, tokens, left_out, digests = 0, 0, 0, list[LeftOutDocument](), set[str]()
    for each in take_documents(files):
        if isinstance(each, LeftOutDocument):
            left_out.append(each)
        else:
            used, characters, tokens = used + 1, characters + len(each.text), tokens + estimate(each.text)
            digests.add(content_digest(each.text))
            write(each.model_dump_json().encode())
    counts = DocumentCounts(used=used + len(left_out), characters=characters)
    counts = counts.leaving_out(each.reason for each in left_out)
    return TakenDocuments(prefix, counts, left_out, frozenset(digests), tokens)


def take_documents(files: Iterable[DocumentFile]) -> Iterator[GivenDocument | LeftOutDocument]:
    """Each file as the document that it is, or with the reason why it is left out."""
    seen, characters, taken = set[str](), 0, 0
    for file in files:
        if taken >= MOST_DOCUMENTS or characters >= MOST_CHARACTERS:
            yield LeftOutDocument(file.path, "too_many")
            continue
        text, reason = _read(file.read())
        if reason is None and digest_of(text) in seen:
            reason = "repeated"
        if reason is None and characters + len(text) > MOST_CHARACTERS:
            reason = "too_many"
        if reason is not None:
            yield LeftOutDocument(file.path, reason)
            continue
        seen.add(digest_of(text))
        characters, taken = characters + len(text), taken + 1
        yield GivenDocument(path=file.path, text=text)


def _read(body: bytes) -> tuple[str, Reason | None]:
    """The text of a file without the white space around it, or why it is none."""
    if len(body) > MOST_FILE_BYTES:
        return "", "too_long"
    try:
        text = body.decode("utf-8-sig").replace("\r\n", "\n").strip()
    except UnicodeDecodeError:
        return "", "not_utf8"
    if "\0" in text:
        # UTF-16 and other binary files may be UTF-8 by chance.
        return "", "not_utf8"
    if not text:
        return "", "empty"
    return text, "too_long" if len(text) > LONGEST_DOCUMENT_CHARACTERS else None
