"""Files whose records stand deep inside of one object: named as what they are, by their beginning alone."""

import re
from typing import NamedTuple

from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK


class NestedRecords(NamedTuple):
    """What such a file is, and the command that takes its records out."""

    message: str
    remedy: str


_SQUAD = NestedRecords(
    "The file is in SQuAD's form: documents with paragraphs, each with its questions (data[].paragraphs[].qas[]).",
    'Write a record for each question, such as with `jq -c \'.. | objects | select(has("qas")) | .context as $document '
    "| .qas[] | {document: $document, question, answer: .answers[0].text} | select(.answer)' FILE > NEW.jsonl`: "
    "questions without an answer are left out.",
)
_ROWS = NestedRecords(
    "The file is a page of Hugging Face's API: each record stands in the key row of a list.",
    "Take the records out, such as with `jq -c '.. | objects | .row | objects' FILE > NEW.jsonl`, or export the whole "
    "data set with to_json: such a page has at most 100 records.",
)
_KINDS = (
    (re.compile(rb'"qas"\s*:\s*\[\s*\{'), _SQUAD),
    (re.compile(rb'"row_idx"\s*:\s*\d+\s*,\s*"row"\s*:\s*\{'), _ROWS),
    (re.compile(rb'"rows"\s*:\s*\[\s*\{\s*"row"\s*:\s*\{'), _ROWS),
)
# Lists that are those of a record.
_OWN_LISTS = rb"messages|conversations?|system|history|tools|functions"
_LIST = re.compile(
    rb'\A\s*\{\s*(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)\s*,\s*)*"(?!(?:%b)")(\w{1,40})"\s*:\s*\[\s*\{' % _OWN_LISTS
)


def nested_kind(head: bytes) -> NestedRecords | None:
    """The kind of a file that begins like this; None for all others."""
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if not text.startswith((b"{", b"[")):
        return None
    return next((kind for pattern, kind in _KINDS if pattern.search(text)), None)


def list_of_records(name: str) -> NestedRecords:
    """One object whose records stand in a list of this name."""
    path = name if name.isidentifier() and name.isascii() else "data"
    message = f"The records stand in the list {name[:40]!r} of one object."
    return NestedRecords(message, f"Upload the list itself, such as with `jq -c '.{path}[]' FILE > NEW.jsonl`.")


def list_in_object(head: bytes) -> NestedRecords | None:
    """The same for an object that is too long to be a record, by its beginning."""
    found = _LIST.match(head.removeprefix(BYTE_ORDER_MARK))
    return list_of_records(found[1].decode()) if found else None
