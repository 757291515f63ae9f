"""A set of records is checked in one pass over its file, which keeps no texts."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from io import BufferedReader
from typing import TYPE_CHECKING, Any, BinaryIO

from lambdas.domain.core.counted import counted
from lambdas.domain.dataset.block_checks import BlockChecks
from lambdas.domain.dataset.formats import Conversion, Record
from lambdas.domain.dataset.reading.checksum import Hashed, buffered
from lambdas.domain.dataset.reading.opening import OpenedFile, open_file
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError
from lambdas.domain.dataset.record_set import MAX_FILE_BYTES, RecordSet, Rules
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.models.catalogue import BaseModelEntry

if TYPE_CHECKING:
    from lambdas.domain.dataset.split.signing import Signing


def check_set(
    stream: BinaryIO,
    file: str,
    model: BaseModelEntry,
    report: DatasetReport,
    conversion: Conversion | None = None,
    *,
    rules: Rules = "all",
    on_record: Callable[[Record], None] | None = None,
    max_bytes: int = MAX_FILE_BYTES,
) -> RecordSet:
    """Reads and checks a file once; what is wrong goes into the report. `on_record` is told each record.

    `max_bytes` are what a packed file may unpack to.
    """
    read = RecordSet(file, max_bytes=max_bytes)
    # The structural rules are for speed: a checksum takes as long as parsing.
    hashed = Hashed(stream, hashing=rules != "structure")
    with buffered(hashed) as lines:
        check_blocks(lines, read, model, report, conversion or Conversion(), rules, on_record)
        read.checksum, read.size_bytes = hashed.checksum() if read.is_whole else None, hashed.size_bytes
    report.records_read += read.records_read
    report.close(file, read.records_read)
    if not read.is_whole:
        return read
    if not read.records_read:
        report.add("no-records", file, "The file has no records.")
    # OpenAI's chats without a system text are messages.
    if len(read.formats) > 1 and set(read.formats) != {"messages", "openai-chat"}:
        found = " and ".join(f"{n} as {name}" for name, n in read.formats.most_common())
        report.add("mixed-formats", file, f"The records have several formats: {found}. All are converted.")
    if read.grouped and read.first_ungrouped is not None:
        message = (
            f"{read.grouped} of {counted(read.records_read, 'record')} "
            f"{'names its' if read.grouped == 1 else 'name their'} group; this is the first that does not."
        )
        report.add("partial-group", file, message, line=read.first_ungrouped)
    read.facts.answers.check(file, report)
    read.facts.told.check(file, report)
    return read


def check_blocks(
    stream: "BufferedReader[Any]",
    read: RecordSet,
    model: BaseModelEntry,
    report: DatasetReport,
    conversion: Conversion,
    rules: Rules,
    on_record: Callable[[Record], None] | None = None,
) -> None:
    """The rules for lines and records."""
    opened: OpenedFile | None = None
    try:
        opened = open_file(stream, read.file, report, read.max_bytes, conversion.mapping)
        read.container, read.kind = opened.container, opened.kind
        with _signing(rules) as signing:
            BlockChecks(read, model, report, conversion, rules, signing, on_record).check(opened.blocks)
            if signing is not None:
                read.facts.note_signatures(signing.finish(), read.file, report)
    except UnreadableFileError as error:
        read.is_whole = False
        report.add(error.rule, read.file, error.message, line=error.line, remedy=error.remedy)
    if opened is not None:
        read.records_read += opened.rows_refused


def _signing(rules: Rules) -> "AbstractContextManager[Signing | None]":
    from lambdas.domain.dataset.split.signing import Signing  # noqa: PLC0415 - who only plans needs no numpy

    return Signing() if rules == "all" else nullcontext()
