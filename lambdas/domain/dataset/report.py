"""What the check of a data set found: every finding counted, the first of each rule kept; every change listed."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest

from lambdas.domain.core.counted import counted
from lambdas.domain.core.finding import Finding
from lambdas.domain.core.outside_text import name, own_sentence, shortened
from lambdas.domain.dataset.document import DatasetDocument, DatasetFinding, LineChanges, RuleText
from lambdas.domain.dataset.finding_groups import MESSAGE_LENGTH, FindingGroups, FindingPlace
from lambdas.domain.dataset.finding_log import FindingLog, LoggedFinding
from lambdas.domain.dataset.record_numbers import RecordNumbers
from lambdas.domain.dataset.rules.table import RULES, RecordFinding

# In a refusal; the report has more.
_ERRORS_SHOWN = 5
# So that as many, and where the report is, stay within the size of an error.
_PATH_SHOWN, _MESSAGE_SHOWN = 160, 300
_POINTER_LENGTH = 240
# As many as the longest list of lines that lie apart can be for a data set that is accepted.
_MAX_RANGES = 10_000
_MAX_KINDS_OF_CHANGES = 100


@dataclass
class LineRanges:
    """Lines of a file as ranges of line numbers, both ends included."""

    count: int = 0
    lines: list[list[int]] = field(default_factory=list)

    def add(self, *lines: int) -> None:
        """Adds lines, in their order and later than all before."""
        self.count += len(lines)
        for line in lines:
            if self.lines and self.lines[-1][1] == line - 1:
                self.lines[-1][1] = line
            elif len(self.lines) < _MAX_RANGES:
                self.lines.append([line, line])


@dataclass
class DatasetReport:
    """Collects findings and changes while sets are read; memory stays bounded whatever is found."""

    records_read: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    # Is given each finding, whatever is kept here.
    log: FindingLog | None = None
    dropped: dict[tuple[str, str], LineRanges] = field(default_factory=dict)
    changed: dict[tuple[str, str], LineRanges] = field(default_factory=dict)
    _groups: FindingGroups = field(default_factory=FindingGroups)
    _numbers: defaultdict[str, RecordNumbers] = field(default_factory=lambda: defaultdict(RecordNumbers))

    def add(
        self, rule: str, file: str, message: str, *, line: int | None = None, pointer: str = "", remedy: str = ""
    ) -> None:
        """Counts a finding, and keeps the first of each rule; without a remedy of its own it has the rule's."""
        self.counts[rule] += 1
        if rule == "blank-line" and line is not None:
            self._numbers[file].add_blank(line)
        place = FindingPlace(rule, file, line, pointer)
        self._groups.add(place, message, lambda: self._finding(place, message, remedy))
        if self.log is None:
            return
        if self.log.has_room:
            words = _words(message)
            self.log.add(LoggedFinding(rule, line, self._record(place), _path(file, pointer), words))
        else:
            self.log.leave_out()

    def _finding(self, place: FindingPlace, message: str, remedy: str) -> DatasetFinding:
        return DatasetFinding(
            rule=place.rule,
            severity=RULES[place.rule].severity,
            line=place.line,
            path=_path(place.file, place.pointer),
            message=_words(message),
            remedy=_words(remedy) or RULES[place.rule].advice,
            record=self._record(place) if self._numbers[place.file].has_rows else None,
        )

    def _record(self, place: FindingPlace) -> int | None:
        if place.line is None or place.rule == "blank-line":
            return None
        return self._numbers[place.file].of_line(place.line)

    def add_row(self, file: str, last_line: int) -> None:
        """Notes a record that may have several lines, by its last one, before what is found in it."""
        self._numbers[file].add_row(last_line)

    def close(self, file: str, records: int) -> None:
        """To be called when a file with so many records is read: what hits nearly all of them is one finding."""
        self._groups.close(file, records)

    @property
    def findings(self) -> list[DatasetFinding]:
        """The first of each rule, in their order."""
        return self._groups.findings()

    def note_change(self, file: str, what: str, *lines: int) -> None:
        """Lists lines that are not trained on as they came. Kinds are bounded: `what` has names from the data."""
        if (file, what) not in self.changed and len(self.changed) >= _MAX_KINDS_OF_CHANGES:
            what = "changed in further ways"
        self.changed.setdefault((file, what), LineRanges()).add(*lines)

    def add_findings(self, file: str, line: int, findings: Sequence[RecordFinding]) -> None:
        """Adds what a record broke."""
        for rule, pointer, message, remedy in findings:
            self.add(rule, file, message, line=line, pointer=pointer, remedy=remedy)

    def add_job_settings(self, file: str, findings: Sequence[Finding], *, refuse: bool = False) -> None:
        """Adds what of the job's settings the preflight will refuse: as errors with `refuse`, else as warnings."""
        for each in findings:
            rule = "run-settings" if refuse and each.severity == "error" else "job-settings"
            # The path names the file and the setting already.
            pointer, colon, words = each.message.removeprefix(f"{file}, ").partition(": ")
            is_named = pointer.startswith("/") and colon
            message = words if is_named else each.message
            self.add(rule, file, message, pointer=pointer if is_named else "", remedy=each.remedy)

    def add_test_groups(self, file: str, findings: Sequence[Finding]) -> None:
        """Adds what the test set can never show."""
        for each in findings:
            self.add("few-test-groups", file, each.message, remedy=each.remedy)

    @property
    def errors(self) -> int:
        """How many findings refuse the data set; one about a whole file is one."""
        return sum(
            n - self._groups.told_as_one(rule) for rule, n in self.counts.items() if RULES[rule].severity == "error"
        )

    def rule_texts(self) -> dict[str, RuleText]:
        """The rules that were broken."""
        return {
            rule: RuleText(
                severity=RULES[rule].severity,
                heading=RULES[rule].heading,
                asks=RULES[rule].asks,
                advice=RULES[rule].advice,
            )
            for rule in self.counts
        }


def rejection(document: DatasetDocument, page_uri: str, findings_uri: str) -> str:
    """The refusal as a person reads it in a notification: how much is wrong, the first errors, where all are."""
    errors = [found for found in document.issues if found.severity == "error"][:_ERRORS_SHOWN]
    rest = document.errors - len(errors)
    return "\n".join(
        [
            f"The data set has {counted(document.errors, 'error')} "
            f"in {counted(document.records.read, 'record')}, so nothing was started or bought.",
            *(
                f"- {_told(found)}" + ("" if following and following.remedy == found.remedy else f" {found.remedy}")
                for found, following in zip_longest(errors, errors[1:])
            ),
            *([f"- and {rest} more"] if rest else []),
            f"Full report: {page_uri}; all findings: {findings_uri}. Correct the data and upload it again.",
        ]
    )


def _told(found: DatasetFinding) -> str:
    message = shortened(found.message, _MESSAGE_SHOWN)
    place = found.model_copy(update={"path": shortened(found.path, _PATH_SHOWN)}).place
    return f"{place}: {message} [{found.rule}]"


# A mistake in a whole file has the same words and the same place for each record.
@lru_cache(maxsize=1_024)
def _words(text: str) -> str:
    return own_sentence(text, MESSAGE_LENGTH)


@lru_cache(maxsize=1_024)
def _path(file: str, pointer: str) -> str:
    return f"{name(file)}#{_shown_pointer(pointer)}" if pointer else name(file)


def _shown_pointer(pointer: str) -> str:
    """A JSON Pointer with each of its keys as a name, cut where it is long."""
    parts = pointer[: 2 * _POINTER_LENGTH].split("/")
    return shortened("/".join(map(name, parts)), _POINTER_LENGTH)


def listed(changes: Mapping[tuple[str, str], LineRanges]) -> list[LineChanges]:
    """The changes as the document has them."""
    return [
        LineChanges(path=name(file), what=what, count=change.count, lines=change.lines)
        for (file, what), change in changes.items()
    ]
