"""All rules over a file's blocks of lines, and what is kept of each record for samples, changes, split and report."""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import TYPE_CHECKING

import orjson

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset import formats
from lambdas.domain.dataset.formats import GROUP_KEY, Conversion, Record, SourceFormat
from lambdas.domain.dataset.reading.blocks import Block
from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK
from lambdas.domain.dataset.record_set import RecordSet, Rules
from lambdas.domain.dataset.report import DatasetReport, LineRanges
from lambdas.domain.dataset.rules import content
from lambdas.domain.dataset.rules.structure import Structure
from lambdas.domain.dataset.samples import SAMPLES, sample
from lambdas.domain.dataset.split.encoded_prompt import Texts
from lambdas.domain.models.catalogue import BaseModelEntry

if TYPE_CHECKING:
    from lambdas.domain.dataset.split.signing import Signing

# The keys of messages that a job reads.
_BARE = frozenset({"system", "messages"})
# The ends of a line that nothing is cut off from.
_FIRST, _LAST = itemgetter(slice(1)), itemgetter(slice(-2, None))
_BRACE, _CLOSED = {b"{"}, {b"}\n"}
_Values = list[JsonObject | None]


class BlockChecks:
    """The rules for lines and records; what is wrong goes into the report, what is known into the set."""

    def __init__(
        self,
        read: RecordSet,
        model: BaseModelEntry,
        report: DatasetReport,
        conversion: Conversion,
        rules: Rules,
        signing: "Signing | None" = None,
        on_record: Callable[[Record], None] | None = None,
    ) -> None:
        self._read, self._report, self._rules = read, report, rules
        self._model, self._conversion = model, conversion
        self._signing, self._on_record = signing, on_record

    def check(self, blocks: Iterable[Block]) -> None:
        """Checks blocks in their order; `blocks` may raise UnreadableFileError on the way."""
        read, structure = self._read, None
        try:
            for block in blocks:
                if structure is None:
                    source_format = _source_format(block)
                    structure = Structure(read.file, source_format, self._model, self._report, self._conversion)
                if self._rules == "structure":
                    # The values are freed before the next ones are made: the memory stays in the processor's cache.
                    structure.check(block)
                    continue
                values = structure.check(block)
                if len(read.samples) < SAMPLES:
                    self._keep_samples(structure, block, values)
                self._note_changes(structure, block, values)
                self._check_texts(structure, block, values)
        finally:
            # Of a file that breaks off, too.
            if structure is not None:
                structure.finish()
                read.records_read, read.formats, read.tiers = structure.records_read, structure.formats, structure.tiers

    def _keep_samples(self, structure: Structure, block: Block, values: _Values) -> None:
        """Keeps the first records that can be trained on."""
        read = self._read
        for index, value in enumerate(values):
            if value is None:
                continue
            if len(read.samples) == SAMPLES:
                return
            source_format = structure.other.get(index, structure.source_format)
            changes = self._changes(value, source_format)
            number, line = block.numbers[index], block.lines[index]
            record = structure.trained_record(value, source_format)
            read.samples.append(sample(read.file, number, line, record, self._model.record_format, changes))

    def _note_changes(self, structure: Structure, block: Block, values: _Values) -> None:
        """Lists the lines that are not trained on as they came."""
        read, report = self._read, self._report
        for number in structure.blank:
            report.dropped.setdefault((read.file, "blank line"), LineRanges()).add(number)
        if read.container == "JSONL":
            self._note_cuts(block, values)
        if structure.source_format == "messages":
            is_bare = not structure.has_further_keys and all(map(_BARE.issuperset, filter(None, values)))
            read.is_bare &= is_bare
            if is_bare and not structure.other:
                # The same is done to all of them.
                one = next(filter(None, values), None)
                for what in self._changes(one, structure.source_format) if one else ():
                    sound = [number for number, value in zip(block.numbers, values, strict=True) if value is not None]
                    report.note_change(read.file, what, *sound)
                return
        for index, (number, value) in enumerate(zip(block.numbers, values, strict=True)):
            if value is not None:
                source_format = structure.other.get(index, structure.source_format)
                for what in self._changes(value, source_format):
                    report.note_change(read.file, what, number)

    def _note_cuts(self, block: Block, values: _Values) -> None:
        """Lists the records that something was cut off from around; a line's ending is not part of its record."""
        if {*map(_FIRST, block.lines)} == _BRACE and {*map(_LAST, block.lines)} == _CLOSED:
            # As the lines of most files are.
            return
        file, changed = self._read.file, self._report.changed
        for number, line, value in zip(block.numbers, block.lines, values, strict=True):
            if value is None or (line.startswith(b"{") and line.endswith((b"}\n", b"}\r\n", b"}"))):
                continue
            kept = line.removeprefix(BYTE_ORDER_MARK)
            if kept != line:
                changed.setdefault((file, "byte order mark removed"), LineRanges()).add(number)
            if kept.strip() != kept.rstrip(b"\r\n"):
                changed.setdefault((file, "white space around the record removed"), LineRanges()).add(number)

    def _changes(self, value: JsonObject, source_format: SourceFormat) -> list[str]:
        """What is done to a record before it is trained on."""
        changes = formats.changes(value, source_format, self._model, self._conversion)
        if changes or self._read.kind == "JSONL":
            return changes
        return [f"converted from {self._read.kind} to {self._model.record_format}"]

    def _check_texts(self, structure: Structure, block: Block, values: _Values) -> None:
        """The rules for what texts say, and what is kept of them."""
        suspects = content.suspects(block.lines, values)
        read, file, other, on_record = self._read, self._read.file, structure.other, self._on_record
        facts = read.facts
        texts = list[Texts]()
        for index, value in enumerate(values):
            if value is None:
                continue
            source_format = structure.source_format if not other else other.get(index, structure.source_format)
            number = block.numbers[index]
            record = structure.trained_record(value, source_format)
            if index in suspects:
                self._find_content(value, source_format, number, suspects[index], structure.control)
            group = value.get(GROUP_KEY)
            if group is not None:
                read.grouped += 1
            elif read.first_ungrouped is None:
                read.first_ungrouped = number
            if self._signing is None:
                facts.add(record, number, file, self._report)
            elif (kept := facts.add_signed(record, group, number, file, self._report)) is not None:
                texts.append(kept)
            if on_record is not None:
                on_record(record)
        if self._signing is not None:
            self._signing.add(texts)

    def _find_content(
        self,
        value: JsonObject,
        source_format: SourceFormat,
        number: int,
        kinds: set[content.ContentKind],
        control: set[int],
    ) -> None:
        """What a record's texts say that they should not, of the kinds that its line has cues of."""
        sought = {kind for kind in kinds if kind.rule != "control-character" or number not in control}
        texts = [(text.pointer, text.text) for text in formats.texts(value, source_format)]
        self._report.add_findings(self._read.file, number, [*content.find(texts, sought)])


def _source_format(block: Block) -> SourceFormat:
    """The format of the first line that has one."""
    for line in block.lines:
        try:
            found = formats.detect(orjson.loads(line.removeprefix(BYTE_ORDER_MARK)))
        except orjson.JSONDecodeError:
            continue
        if found:
            return found
    return "messages"
