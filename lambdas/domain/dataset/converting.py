"""The records of a file that was accepted, as the base model reads them: the second pass over the file."""

from collections.abc import Iterator
from typing import BinaryIO

import orjson

from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.dataset import formats
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.reading.checksum import Hashed, buffered
from lambdas.domain.dataset.reading.opening import open_file
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError
from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.models.catalogue import BaseModelEntry


def convert(stream: BinaryIO, read: RecordSet, model: BaseModelEntry, conversion: Conversion) -> Iterator[bytes]:
    """The lines of a file that was accepted, in the base model's format and without line feeds, in its order.

    Lines that are in that format already are given as they stand, but for white space around them. Raises ServiceBusy
    after the last line where the file is not the one that was checked.
    """
    # Known without a look at the lines: only Haiku's own format has a single way to be written.
    is_own = read.container == "JSONL" and model.record_format == "messages" and set(read.formats) == {"messages"}
    as_they_are = is_own and read.is_bare
    hashed = Hashed(stream)
    with buffered(hashed) as lines:
        try:
            for block in open_file(lines, read.file, DatasetReport(), read.max_bytes, conversion.mapping).blocks:
                for line, number in zip(block.lines, block.numbers, strict=True):
                    kept = (line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line).strip()
                    if kept:
                        yield kept if as_they_are else _converted(kept, model, conversion)
            is_same = hashed.checksum() == read.checksum
        except UnreadableFileError:
            is_same = False
        if not is_same:
            raise ServiceBusy(f"{read.file} has changed since it was checked: check it again.")


def _converted(line: bytes, model: BaseModelEntry, conversion: Conversion) -> bytes:
    value = orjson.loads(line)
    source_format = formats.detect(value)
    if source_format is None:
        raise ValueError("Only a file that was accepted can be converted.")
    if not formats.changes(value, source_format, model, conversion) and b"\n" not in line:
        return line
    record = formats.to_record(value, source_format, conversion)
    return formats.dump(record, model.record_format, reasoning=model.learns_reasoning)
