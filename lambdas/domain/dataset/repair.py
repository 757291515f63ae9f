"""A file as it would be without what can be repaired by itself: one record a line, in UTF-8, in one format.

What is left out or changed is in the report of the file's check. A record that breaks a rule stays as it stands: what
it should be is for a person to say.
"""

from collections.abc import Iterator
from typing import BinaryIO

import orjson

from lambdas.domain.dataset import formats
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.formats import GROUP_KEY, Conversion
from lambdas.domain.dataset.reading.checksum import Hashed, buffered
from lambdas.domain.dataset.reading.mended import Mended, mended
from lambdas.domain.dataset.reading.opening import open_file
from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK
from lambdas.domain.dataset.record_set import MAX_FILE_BYTES, RecordSet
from lambdas.domain.dataset.report import DatasetReport, LineRanges
from lambdas.domain.dataset.rules import record
from lambdas.domain.models.catalogue import BaseModelEntry

_GROUP_LEFT_OUT = "group left out"


def check_mended(
    stream: BinaryIO, file: str, model: BaseModelEntry, report: DatasetReport, conversion: Conversion
) -> RecordSet:
    """Checks the structure of a file whose lines are mended; what that changes is among the report's changes."""
    changes: Mended = {}
    with buffered(Hashed(stream, hashing=False)) as lines:
        checked = check_set(mended(lines, changes), file, model, report, conversion, rules="content")
    report.changed = {(file, what): lines for what, lines in {**changes, **_with_group(report)}.items()}
    return checked


def _with_group(report: DatasetReport) -> Mended:
    """The report's changes, but that a group, which training does not read, stays in the file."""
    kept: Mended = {}
    for (_, what), changed in report.changed.items():
        told = what.removesuffix(_GROUP_LEFT_OUT).removesuffix(", ")
        if told:
            before = kept.get(told, LineRanges())
            lines = sorted([*before.lines, *changed.lines])
            kept[told] = LineRanges(before.count + changed.count, lines)
    return kept


def repaired(stream: BinaryIO, file: str, model: BaseModelEntry, conversion: Conversion) -> Iterator[bytes]:
    """The file's records in the model's format, each with its group, without line feeds and blank lines.

    Rows that the file's reader refuses are not among them. Raises UnreadableFileError.
    """
    with buffered(Hashed(stream, hashing=False)) as lines:
        opened = open_file(mended(lines, {}), file, DatasetReport(), MAX_FILE_BYTES, conversion.mapping)
        for block in opened.blocks:
            for line in block.lines:
                kept = line.removeprefix(BYTE_ORDER_MARK).strip()
                if kept:
                    yield _repaired(kept, model, conversion)


def _repaired(line: bytes, model: BaseModelEntry, conversion: Conversion) -> bytes:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    source_format = formats.detect(value)
    if source_format is None or record.findings(line, value, model):
        return line if b"\n" not in line else orjson.dumps(value)
    made = orjson.loads(formats.dump(formats.to_record(value, source_format, conversion), model.record_format))
    if GROUP_KEY in value:
        made[GROUP_KEY] = value[GROUP_KEY]
    return line if made == value and b"\n" not in line else orjson.dumps(made)
