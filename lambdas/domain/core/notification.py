"""A message to people: its subject and its text, made here alone, so that each is fit for SNS and for mail clients."""

from typing import NamedTuple

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.outside_text import shortened_to_bytes, visible, with_own_links

# SNS API reference, Publish: less than 100 printable ASCII characters without line breaks, and 256 KB.
_SUBJECT_LENGTH = 99
_TEXT_BYTES = 200_000


class Reader(Fact):
    """Who is told something in the middle of a run."""

    topic_arn: str


class Notification(NamedTuple):
    """What SNS sends; made by `notification`."""

    subject: str
    message: str


def notification(subject: str, text: str) -> Notification:
    """The message of these words: nothing invisible, no links but the project's own, within SNS's limits."""
    words = " ".join(subject.split())
    printable = "".join(character if " " <= character <= "~" else "?" for character in words)
    return Notification(
        printable[:_SUBJECT_LENGTH], shortened_to_bytes(with_own_links(visible(text, keep="\n")), _TEXT_BYTES)
    )
