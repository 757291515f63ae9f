r"""The structural rules over blocks of lines, at nearly the speed of parsing alone.

Three steps, each exact, each only for what the one before could not clear:
1. A block: every line parses, every value has the regular shape of its format, and one scan for several words at once
   (Aho-Corasick with SIMD) finds each key as often as the shapes have it, and nothing else: no reserved word, no
   control character, no escaped ASCII letter. A second scan seeks the words that AWS's own checks refuse in any case.
   Within a JSON string a quote is escaped, so `"role"` with both quotes can
   only be a whole string; a letter of it can be escaped only as `\u00…`. So one hit for each key of each value proves
   that no object has a key twice, which the parser does not tell.
2. A line of a block that was not cleared: the same on the line alone.
3. A line that was not cleared: `record.findings`, which explains what is wrong.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from ahocorasick_rs import MATCHKIND_LEFTMOST_FIRST, BytesAhoCorasick

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset import formats, tokens
from lambdas.domain.dataset.formats import Conversion, Record, RefusedFormat, SourceFormat
from lambdas.domain.dataset.reading.blocks import Block
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.rules import record, remedies
from lambdas.domain.dataset.rules.any_case import AnyCase
from lambdas.domain.dataset.rules.content import CONTROL_CHARACTERS
from lambdas.domain.dataset.tokens import Tier
from lambdas.domain.models.catalogue import BaseModelEntry

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# All ASCII characters, control characters among them, when escaped by number: none of them needs it.
_ESCAPED_ASCII = tuple(f"\\u00{digit}".encode() for digit in "01234567")
_POSITION = re.compile(r": line \d+ column (\d+) \(char \d+\)$")

_loads = orjson.loads


class Structure:
    """Checks a file's blocks, given in their order; what is wrong goes into the report.

    `blank`, `other` and `has_further_keys` tell of the block that was checked last: the numbers of its blank lines,
    whether its messages have keys that are left out, and the formats of
    records that are not in the file's own by the place in the block. `control` has the lines whose control characters
    were reported.
    """

    def __init__(
        self,
        file: str,
        source_format: SourceFormat,
        model: BaseModelEntry,
        report: DatasetReport,
        conversion: Conversion,
    ) -> None:
        self.records_read = 0
        self.formats: Counter[SourceFormat] = Counter()
        self.tiers: Counter[Tier] = Counter()
        self.blank: list[int] = []
        self.other: dict[int, SourceFormat] = {}
        self.control: set[int] = set()
        self.has_further_keys = False
        # Of each kind of data that no run tunes on, the lines of its first record and how many there are.
        self._refused: dict[RefusedFormat, tuple[int, int]] = {}
        self.source_format = source_format
        self._to_record = formats.BY_NAME[source_format].to_record
        self._file, self._model, self._report, self._conversion = file, model, report, conversion
        self._limit = model.limits.max_record_tokens
        # What converting adds to a record's text is not part of its line.
        self._added_bytes = 0
        if formats.BY_NAME[source_format].is_converted_text:
            self._added_bytes = len((conversion.system or "").encode()) + 2 * len(conversion.context_tag) + 12
        names, self._keys = formats.BY_NAME[source_format].shape
        if model.record_format == "prompt-completion" and source_format != "prompt/completion":
            self._keys = _of_single_turns(self._keys, source_format)
        # A word's line feed stands escaped in the line, in one of two ways: the rest of the word is looked for.
        words = [word.lstrip("\n").encode() for word in model.reserved_words]
        # The kind of match matters: this one lets the library search with SIMD, which is ten times as fast here.
        self._hits = BytesAhoCorasick(
            [*(f'"{name}"'.encode() for name in names), *_ESCAPED_ASCII, *words], matchkind=MATCHKIND_LEFTMOST_FIRST
        ).find_matches_as_indexes
        self._further = AnyCase([word.encode() for word in model.further_reserved_words])

    def check(self, block: Block) -> list[Any]:
        """The block's values, one for each line: None for blank lines and for records that broke a rule."""
        lines = block.lines
        self.has_further_keys = False
        if self.blank or self.other or self.control:
            self.blank, self.other, self.control = [], {}, set()
        if block.too_long:
            self.records_read += 1
            self._report.add_findings(self._file, block.numbers[0], [record.too_long(lines[0])])
            return [None]
        if block.numbers[0] == 1 and lines[0].startswith(_BYTE_ORDER_MARK):
            message = "The byte order mark before the first record is left out."
            self._report.add("byte-order-mark", self._file, message, line=1)
            lines = [lines[0].removeprefix(_BYTE_ORDER_MARK), *lines[1:]]
        try:
            values = [*map(_loads, lines)]
        except orjson.JSONDecodeError:
            return self._check_lines(block._replace(lines=lines))
        keys = [*map(self._keys, values)]
        data = b"".join(lines)
        if 0 in keys or sum(keys) != len(self._hits(data)) or self._further.are_in(data):
            return self._check_lines(block._replace(lines=lines))
        self.records_read += len(lines)
        self.formats[self.source_format] += len(lines)
        self._check_tokens(lines, values, block.numbers)
        return values

    def trained_record(self, value: JsonObject, source_format: SourceFormat) -> Record:
        """The canonical form of what the base model is trained on: with reasoning only where it learns that."""
        read = self._to_record if source_format == self.source_format else formats.BY_NAME[source_format].to_record
        record = read(value, self._conversion)
        return record._replace(reasoning=()) if record.reasoning and not self._model.learns_reasoning else record

    def finish(self) -> None:
        """Reports what is one mistake however many lines have it, once all blocks were checked."""
        for kind, (first, n) in self._refused.items():
            share = f"All {n}" if n == self.records_read else f"{n} of {self.records_read}"
            message = f"{share} records contain {kind.what}." if n > 1 else f"The record contains {kind.what}."
            self._report.add("unsupported-format", self._file, message, line=first, remedy=kind.remedy)

    def _check_lines(self, block: Block) -> list[Any]:
        lines = zip(block.lines, block.numbers, strict=True)
        return [self._check_line(line, number, index) for index, (line, number) in enumerate(lines)]

    def _check_line(self, line: bytes, number: int, index: int) -> Any:
        if not line or line.isspace():
            self._report.add("blank-line", self._file, "The line is blank and is skipped.", line=number)
            self.blank.append(number)
            return None
        self.records_read += 1
        try:
            value = _loads(line)
        except orjson.JSONDecodeError as error:
            rule, message = _explain_syntax(line, error)
            self._report.add(rule, self._file, message, line=number, remedy=remedies.for_line(rule, line))
            return None
        keys = self._keys(value)
        if keys and keys == len(self._hits(line)) and not self._further.are_in(line):
            self.formats[self.source_format] += 1
            self._check_tokens([line], [value], [number])
            return value
        source_format = formats.classify(value)
        if isinstance(source_format, RefusedFormat):
            first, n = self._refused.get(source_format, (number, 0))
            self._refused[source_format] = first, n + 1
            return None
        if source_format is not None:
            self.formats[source_format] += 1
            if source_format != self.source_format:
                self.other[index] = source_format
        found = record.findings(line, value, self._model)
        self._report.add_findings(self._file, number, found)
        if found or source_format is None:
            return None
        self.has_further_keys |= source_format == "messages" and any(len(each) > 2 for each in value["messages"])
        self._find_control_characters(value, source_format, number)
        texts = [(text.pointer, text.text) for text in formats.texts(value, source_format)]
        further = [*record.further_reserved_words(texts, self._model)]
        self._report.add_findings(self._file, number, further)
        return value if self._decide_tokens(value, source_format, number) else None

    def _find_control_characters(self, value: JsonObject, source_format: SourceFormat, number: int) -> None:
        for pointer, text, *_ in formats.texts(value, source_format):
            if match := CONTROL_CHARACTERS.search(text):
                message = f"There is a control character, U+{ord(match[0]):04X}."
                self._report.add("control-character", self._file, message, line=number, pointer=pointer)
                self.control.add(number)

    def _check_tokens(self, lines: list[bytes], values: list[Any], numbers: Sequence[int]) -> None:
        """The tiers of regular records; a text's bytes are at most its line's, so that most lines need no look."""
        certain = self._limit - self._added_bytes
        if max(map(len, lines)) < certain:
            self.tiers["certain"] += len(lines)
            return
        likely = tokens.LEAST_BYTES_PER_TOKEN_BEYOND_ASCII * self._limit - self._added_bytes
        for line, value, number in zip(lines, values, numbers, strict=True):
            if len(line) < likely:
                self.tiers["certain" if len(line) < certain else "likely"] += 1
            else:
                self._decide_tokens(value, self.source_format, number, len(line) + self._added_bytes)

    def _decide_tokens(
        self, value: JsonObject, source_format: SourceFormat, number: int, most_bytes: int | None = None
    ) -> bool:
        """Whether a record's tokens may be below the limit."""
        system, turns, reasoning = self.trained_record(value, source_format)
        texts = [text for text in (system, *turns, *reasoning) if text is not None]
        tier, reason = tokens.decide(texts, self._limit, most_bytes)
        self.tiers[tier] += 1
        if tier == "exceeded":
            message = f"More than {self._limit} tokens, whatever the tokenizer: {reason}"
            self._report.add("token-limit", self._file, message, line=number)
        elif tier == "unclear":
            message = f"Possibly {self._limit} tokens or more: {reason}"
            self._report.add("token-estimate", self._file, message, line=number)
        return tier != "exceeded"


def _of_single_turns(keys: Callable[[Any], int], source_format: SourceFormat) -> Callable[[Any], int]:
    """The same for a model that learns one prompt and one answer: no key of a longer conversation counts."""
    added = Conversion()

    def keys_of_single_turns(value: Any) -> int:
        found = keys(value)
        return found if found and len(formats.to_record(value, source_format, added).turns) == 2 else 0

    return keys_of_single_turns


def _explain_syntax(line: bytes, error: orjson.JSONDecodeError) -> tuple[str, str]:
    """Rule and message for a line that is not JSON."""
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        return "encoding", f"Not UTF-8: byte {wrong.start + 1} of the line is 0x{line[wrong.start]:02x}."
    message = str(error)
    position = _POSITION.search(message)
    reason = message[: position.start()] if position else message
    where = f" at character {position[1]}" if position else ""
    if "surrogate" in reason:
        return "encoding", f"Half of a surrogate pair: {reason}{where}."
    return "json-syntax", f"Not JSON: {reason}{where}."
