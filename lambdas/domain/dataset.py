"""A set of records, read as a stream of lines: any bytes give a report, and all errors are collected."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

import orjson

from lambdas.domain import records
from lambdas.domain.context import Context, context, prompt_digest
from lambdas.domain.dataset_report import DatasetReport
from lambdas.domain.models import BaseModelEntry

SetName = Literal["train", "validation", "test"]

# Fewer test records give no figure worth comparing.
MIN_TEST_RECORDS = 10
# What the sets of a run may have together: their lines are held in memory (1,024 MB) until they are split.
MAX_HELD_BYTES = 512 * 1024**2
# The longest line a record below 32,000 tokens can need: 6 characters a token, each escaped as 12 bytes, and some air.
MAX_LINE_BYTES = 4 * 1024**2

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_POSITION = re.compile(r": line \d+ column (\d+) \(char \d+\)$")


@dataclass
class RecordSet:
    """The records of one file in the base model's format, with what the split needs to know of each."""

    file: str
    lines: list[bytes] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    prompts: list[bytes] = field(default_factory=list)
    formats: Counter[records.SourceFormat] = field(default_factory=Counter)
    records_read: int = 0


def read_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines without their line feeds, split at those alone; None for a line too long for any record."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES):
        number += 1
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        else:
            yield number, line.removesuffix(b"\n")


def read_set(
    stream: BinaryIO, file: str, model: BaseModelEntry, report: DatasetReport, system: str | None = None
) -> RecordSet:
    """Reads and checks a file; what is wrong goes into the report, and the set is complete only where nothing is."""
    read = RecordSet(file)
    for number, line in read_lines(stream):
        if line is None:
            read.records_read += 1
            report.add("line-length", file, f"The line has more than {MAX_LINE_BYTES} bytes.", line=number)
            continue
        if number == 1 and line.startswith(_BYTE_ORDER_MARK):
            report.add("byte-order-mark", file, "The byte order mark before the first record is left out.", line=1)
            line = line.removeprefix(_BYTE_ORDER_MARK)  # noqa: PLW2901 - the same line without its mark
        if not line.strip():
            report.add("blank-line", file, "The line is blank and is skipped.", line=number)
            continue
        read.records_read += 1
        _read_record(line, number, read, model, report, system)
    report.records_read += read.records_read
    if not read.records_read:
        report.add("no-records", file, "The file has no records.")
    if len(read.formats) > 1:
        found = " and ".join(f"{n} as {name}" for name, n in read.formats.most_common())
        report.add("mixed-formats", file, f"The records have several formats: {found}. All were converted.")
    return read


def check_size(size_bytes: int, set_name: SetName, file: str, model: BaseModelEntry, report: DatasetReport) -> bool:
    """Whether a file may be read at all; a file that is too large is refused before it is."""
    limit = MAX_HELD_BYTES
    if set_name != "test":
        limit = min(limit, getattr(model.limits, set_name).max_bytes)
    if size_bytes > limit:
        report.add("file-size", file, f"The file has {size_bytes} bytes; at most {limit} can be used.")
        return False
    return True


def check_count(read: RecordSet, set_name: SetName, model: BaseModelEntry, report: DatasetReport) -> None:
    """Compares the number of a set's records, right or wrong, with its limits."""
    if not read.records_read:
        return
    if set_name == "test":
        least, most = MIN_TEST_RECORDS, None
    else:
        limits = model.limits.train if set_name == "train" else model.limits.validation
        least, most = limits.min_records, limits.max_records
    if read.records_read < least:
        message = f"The {set_name} set has {read.records_read} records; at least {least} are needed."
        report.add("too-few-records", read.file, message)
    if most is not None and read.records_read > most:
        message = f"The {set_name} set has {read.records_read} records; {model.name} takes at most {most}."
        report.add("too-many-records", read.file, message)


def _read_record(
    line: bytes, number: int, read: RecordSet, model: BaseModelEntry, report: DatasetReport, system: str | None
) -> None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        report.add(*_syntax_issue(line, read.file, error), line=number)
        return
    parsed = records.parse(line, value, model, system)
    report.add_findings(read.file, number, parsed.findings)
    if parsed.source_format:
        read.formats[parsed.source_format] += 1
    if report.errors or parsed.record is None:
        read.lines.clear()  # nothing will be written: free the memory for the rest of the check
        return
    read.lines.append(records.dump(parsed.record, model.record_format))
    read.line_numbers.append(number)
    read.contexts.append(context(parsed.record))
    read.prompts.append(prompt_digest(parsed.record))


def _syntax_issue(line: bytes, file: str, error: orjson.JSONDecodeError) -> tuple[str, str, str]:
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        return "encoding", file, f"Not UTF-8: byte {wrong.start + 1} of the line is 0x{line[wrong.start]:02x}."
    message = str(error)
    position = _POSITION.search(message)
    reason = message[: position.start()] if position else message
    where = f" at character {position[1]}" if position else ""
    hint = " Lines must end in a line feed, not in a carriage return alone." if b"\r" in line else ""
    return "json-syntax", file, f"Not JSON: {reason}{where}.{hint}"
