"""What the data gate knows of a format, in one value: how it is recognised, checked, read, and shown in the docs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats.record import Conversion, Record, SourceFormat, Text
from lambdas.domain.dataset.rules.table import RecordFinding


class Shape(NamedTuple):
    """The regular shape of a record: the format's keys, and how many of them a value has that needs no further look.

    A value that is anything else has 0 keys here, and `Format.findings` explains why. `keys` is called for each record
    of a file, so it is written for speed: one pass, and a failed assumption is caught where it shows.
    """

    names: tuple[str, ...]
    keys: Callable[[Any], int]


@dataclass(frozen=True)
class Format:
    """A format that records come in.

    `title`, `example` (a valid record as JSON) and `note` are its line in docs/data-gate.md. `is_converted_text`:
    run.json's system text and the tag around documents are added in converting. `required` are the keys without which
    a value is of this format only where it is of no other.
    """

    name: SourceFormat
    title: str
    example: str
    required: tuple[str, ...]
    # Whether a value is meant as this format, by its keys; formats are asked in the registry's order.
    recognises: Callable[[JsonObject], bool]
    shape: Shape
    # What a value breaks of the format's structure.
    findings: Callable[[JsonObject], Iterator[RecordFinding]]
    # All texts of a value of sound structure, as they came, the answer's last.
    texts: Callable[[JsonObject], Iterator[Text]]
    # The canonical form of a value that breaks no rule. Each text arrives as it is.
    to_record: Callable[[JsonObject, Conversion], Record]
    # What of a value that breaks no rule is left out: names of keys, mostly. None where nothing can be.
    left_out: Callable[[JsonObject], list[str]] | None = None
    is_converted_text: bool = False
    note: str = ""
