"""A set of records in a file: checked in one pass, which keeps no texts, and converted in another."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from io import BufferedReader
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import orjson

from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset import formats
from lambdas.domain.dataset.document import CheckedFile
from lambdas.domain.dataset.formats import GROUP_KEY, Conversion, Record, SourceFormat
from lambdas.domain.dataset.reading.blocks import Block
from lambdas.domain.dataset.reading.checksum import Hashed, buffered
from lambdas.domain.dataset.reading.opening import Container, open_file
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError
from lambdas.domain.dataset.record_facts import MAX_RECORDS, RecordFacts
from lambdas.domain.dataset.report import DatasetReport, LineRanges
from lambdas.domain.dataset.rules import content
from lambdas.domain.dataset.rules.structure import Structure
from lambdas.domain.dataset.samples import SAMPLES, RecordSample, sample
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.tokens import Tier
from lambdas.domain.models.catalogue import BaseModelEntry, SetLimits

if TYPE_CHECKING:
    from lambdas.domain.dataset.split.signing import Signing

# "content" is "all" without what the grouping of near duplicates needs; such a set cannot be split.
Rules = Literal["structure", "content", "all"]

# Fewer test records give no figure worth comparing.
MIN_TEST_RECORDS = 10
# As much as Bedrock takes. Lambda allows 15 minutes: `python -m local.bench.large_file` says what one processor needs.
MAX_FILE_BYTES = 10 << 30
# Each function that asks a model reads the test set up to the records that it asks about.
MAX_TEST_BYTES = 1 << 30

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The keys of messages that a job reads.
_BARE = frozenset({"system", "messages"})


@dataclass
class RecordSet:
    """What is known of a file after its check; `checksum` is SHA-256, `version_id` that of the object that was read.

    `kind` is the container with what it was packed in, such as `CSV in gzip`. `max_bytes` are what a packed file may
    unpack to. Of a file that could not be read to its end (`is_whole` is false) the finding that says so is enough.
    """

    file: str
    container: Container = "JSONL"
    kind: str = "JSONL"
    max_bytes: int = MAX_FILE_BYTES
    is_whole: bool = True
    formats: Counter[SourceFormat] = field(default_factory=Counter)
    tiers: Counter[Tier] = field(default_factory=Counter)
    records_read: int = 0
    size_bytes: int = 0
    checksum: str | None = None
    version_id: str | None = None
    # Records that name their group, and the line of the first one that does not.
    grouped: int = 0
    first_ungrouped: int | None = None
    # Whether all records have the keys of messages alone, as far as they are of that format.
    is_bare: bool = True
    facts: RecordFacts = field(default_factory=RecordFacts)
    samples: list[RecordSample] = field(default_factory=list)

    @property
    def format_name(self) -> str:
        """The formats of the records, as a person reads it."""
        names = " and ".join(name for name, _ in self.formats.most_common()) or "no known format"
        if self.container in ("CSV", "Excel sheet"):
            names = names.replace("/", ", ")
        return names if self.kind == "JSONL" else f"{self.kind} with {names}"

    def described(self, set_name: SetName) -> CheckedFile:
        """The file's entry in `dataset/report.json`."""
        return CheckedFile(
            set=set_name,
            file=self.file,
            format=self.format_name,
            formats=dict(self.formats),
            records=self.records_read,
            size_bytes=self.size_bytes,
            sha256=self.checksum,
            version_id=self.version_id,
        )


def check_set(
    stream: BinaryIO,
    file: str,
    model: BaseModelEntry,
    report: DatasetReport,
    conversion: Conversion | None = None,
    *,
    rules: Rules = "all",
    on_answer: Callable[[str], None] | None = None,
    max_bytes: int = MAX_FILE_BYTES,
) -> RecordSet:
    """Reads and checks a file once; what is wrong goes into the report. `on_answer` is told each record's answer.

    `max_bytes` are what a packed file may unpack to.
    """
    read = RecordSet(file, max_bytes=max_bytes)
    # The structural rules are for speed: a checksum takes as long as parsing.
    hashed = Hashed(stream, hashing=rules != "structure")
    with buffered(hashed) as lines:
        check_blocks(lines, read, model, report, conversion or Conversion(), rules, on_answer)
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
        message = f"{read.grouped} of {read.records_read} records name their group; this is the first that does not."
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
    on_answer: Callable[[str], None] | None = None,
) -> None:
    """The rules for lines and records."""
    try:
        opened = open_file(stream, read.file, report, read.max_bytes, conversion.mapping)
        read.container, read.kind = opened.container, opened.kind
        with _signing(rules) as signing:
            _check_blocks(opened.blocks, read, model, report, conversion, rules, signing, on_answer)
            if signing is not None:
                read.facts.note_signatures(signing.finish(), read.file, report)
        read.records_read += opened.rows_refused
    except UnreadableFileError as error:
        read.is_whole = False
        report.add(error.rule, read.file, error.message, line=error.line, remedy=error.remedy)


def _signing(rules: Rules) -> "AbstractContextManager[Signing | None]":
    from lambdas.domain.dataset.split.signing import Signing  # noqa: PLC0415 - who only plans needs no numpy

    return Signing() if rules == "all" else nullcontext()


def _check_blocks(
    blocks: Iterable[Block],
    read: RecordSet,
    model: BaseModelEntry,
    report: DatasetReport,
    conversion: Conversion,
    rules: Rules,
    signing: "Signing | None",
    on_answer: Callable[[str], None] | None,
) -> None:
    structure: Structure | None = None
    try:
        for block in blocks:
            if structure is None:
                structure = Structure(read.file, _source_format(block), model, report, conversion)
            if rules == "structure":
                # The values are freed before the next ones are made: the memory stays in the processor's cache.
                structure.check(block)
                continue
            values = structure.check(block)
            if len(read.samples) < SAMPLES:
                _keep_samples(structure, block, values, read, model, conversion)
            _note_changes(structure, block, values, read, model, report, conversion)
            _check_texts(structure, block, values, read, report, signing=signing, on_answer=on_answer)
    finally:
        # Of a file that breaks off, too.
        if structure is not None:
            structure.finish()
            read.records_read, read.formats, read.tiers = structure.records_read, structure.formats, structure.tiers


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
                    kept = (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).strip()
                    if kept:
                        yield kept if as_they_are else _converted(kept, model, conversion)
            is_same = hashed.checksum() == read.checksum
        except UnreadableFileError:
            is_same = False
        if not is_same:
            raise ServiceBusy(f"{read.file} has changed since it was checked: check it again.")


def max_bytes(set_name: SetName, model: BaseModelEntry) -> int:
    """The most bytes of a set's file, packed and unpacked."""
    return min(_limits(set_name, model).max_bytes, MAX_TEST_BYTES if set_name == "test" else MAX_FILE_BYTES)


def check_size(size_bytes: int, set_name: SetName, file: str, model: BaseModelEntry, report: DatasetReport) -> bool:
    """Whether a file may be read at all; a file that is too large is refused before it is."""
    most = max_bytes(set_name, model)
    if size_bytes > most:
        report.add("file-size", file, f"The file has {size_bytes} bytes; at most {most} can be used.")
        return False
    return True


def check_count(read: RecordSet, set_name: SetName, model: BaseModelEntry, report: DatasetReport) -> None:
    """Compares the number of a set's records, right or wrong, with its limits."""
    if not read.records_read or not read.is_whole:
        return
    if set_name == "test":
        least, most = MIN_TEST_RECORDS, MAX_RECORDS
    else:
        limits = _limits(set_name, model)
        least, most = limits.min_records, limits.max_records
    if read.records_read < least:
        message = f"The {set_name} set has {read.records_read} records; at least {least} are needed."
        report.add("too-few-records", read.file, message)
    if read.records_read > most:
        message = f"The {set_name} set has {read.records_read} records; at most {most} can be used."
        report.add("too-many-records", read.file, message)


def _limits(set_name: SetName, model: BaseModelEntry) -> SetLimits:
    """Test sets have the validation set's limits, and training's where the model takes no validation set."""
    limits = model.limits
    return limits.train if set_name == "train" or limits.validation is None else limits.validation


def _source_format(block: Block) -> SourceFormat:
    """The format of the first line that has one."""
    for line in block.lines:
        try:
            found = formats.detect(orjson.loads(line.removeprefix(_BYTE_ORDER_MARK)))
        except orjson.JSONDecodeError:
            continue
        if found:
            return found
    return "messages"


def _converted(line: bytes, model: BaseModelEntry, conversion: Conversion) -> bytes:
    value = orjson.loads(line)
    source_format = formats.detect(value)
    if source_format is None:
        raise ValueError("Only a file that was accepted can be converted.")
    if not formats.changes(value, source_format, model, conversion) and b"\n" not in line:
        return line
    record = formats.to_record(value, source_format, conversion)
    return formats.dump(record, model.record_format, reasoning=model.learns_reasoning)


def _note_changes(
    structure: Structure,
    block: Block,
    values: list[JsonObject | None],
    read: RecordSet,
    model: BaseModelEntry,
    report: DatasetReport,
    conversion: Conversion,
) -> None:
    """Lists the lines that are not trained on as they came."""
    for number in structure.blank:
        report.dropped.setdefault((read.file, "blank line"), LineRanges()).add(number)
    if read.container == "JSONL":
        _note_cuts(block, values, read.file, report)
    if structure.source_format == model.record_format == "messages":
        is_bare = all(value is None or value.keys() <= _BARE for value in values)
        read.is_bare &= is_bare
        if read.kind == "JSONL" and not structure.other and is_bare:
            return
    for index, (number, value) in enumerate(zip(block.numbers, values, strict=True)):
        if value is None:
            continue
        source_format = structure.other.get(index, structure.source_format)
        for what in _changes(value, source_format, read, model, conversion):
            report.note_change(read.file, what, number)


def _changes(
    value: JsonObject, source_format: SourceFormat, read: RecordSet, model: BaseModelEntry, conversion: Conversion
) -> list[str]:
    """What is done to a record before it is trained on."""
    changes = formats.changes(value, source_format, model, conversion)
    return changes or ([] if read.kind == "JSONL" else [f"converted from {read.kind} to {model.record_format}"])


def _keep_samples(
    structure: Structure,
    block: Block,
    values: list[JsonObject | None],
    read: RecordSet,
    model: BaseModelEntry,
    conversion: Conversion,
) -> None:
    """Keeps the first records that can be trained on."""
    for index, value in enumerate(values):
        if value is None:
            continue
        if len(read.samples) == SAMPLES:
            return
        source_format = structure.other.get(index, structure.source_format)
        changes = _changes(value, source_format, read, model, conversion)
        number, line = block.numbers[index], block.lines[index]
        record = structure.trained_record(value, source_format)
        read.samples.append(sample(read.file, number, line, record, model.record_format, changes))


def _note_cuts(block: Block, values: list[JsonObject | None], file: str, report: DatasetReport) -> None:
    """Lists the records that something was cut off from around; a line's ending is not part of its record."""
    for number, line, value in zip(block.numbers, block.lines, values, strict=True):
        # Most lines need no more than this look at their ends.
        if value is None or (line.startswith(b"{") and line.endswith((b"}\n", b"}\r\n", b"}"))):
            continue
        kept = line.removeprefix(_BYTE_ORDER_MARK)
        if kept != line:
            report.changed.setdefault((file, "byte order mark removed"), LineRanges()).add(number)
        if kept.strip() != kept.rstrip(b"\r\n"):
            report.changed.setdefault((file, "white space around the record removed"), LineRanges()).add(number)


def _check_texts(
    structure: Structure,
    block: Block,
    values: list[JsonObject | None],
    read: RecordSet,
    report: DatasetReport,
    *,
    signing: "Signing | None",
    on_answer: Callable[[str], None] | None,
) -> None:
    suspects = content.suspects(block.lines, values)
    facts, file, other = read.facts, read.file, structure.other
    records = list[Record]()
    for index, value in enumerate(values):
        if value is None:
            continue
        source_format = structure.source_format if not other else other.get(index, structure.source_format)
        number = block.numbers[index]
        record = structure.trained_record(value, source_format)
        if index in suspects:
            kinds = {
                kind for kind in suspects[index] if kind.rule != "control-character" or number not in structure.control
            }
            texts = [(text.pointer, text.text) for text in formats.texts(value, source_format)]
            report.add_findings(file, number, [*content.find(texts, kinds)])
        group = value.get(GROUP_KEY)
        if group is not None:
            read.grouped += 1
        elif read.first_ungrouped is None:
            read.first_ungrouped = number
        facts.compare(record, number, file, report)
        if on_answer is not None:
            on_answer(record.turns[-1])
        if signing is not None and facts.note(record, group):
            records.append(record)
    if signing is not None:
        signing.add(records)
