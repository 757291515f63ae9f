"""What the check of a data set found: every issue counted, the first of each rule kept; every change listed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lambdas.domain.core import finding
from lambdas.domain.core.outside_text import name, sentence, shortened
from lambdas.domain.dataset.rules.table import RULES, Finding

ISSUES_KEPT_PER_RULE = 20
_MESSAGE_LENGTH = 500
_POINTER_LENGTH = 240
# As many as the longest list of lines that lie apart can be for a data set that is accepted.
_MAX_RANGES = 10_000


@dataclass(frozen=True)
class Issue:
    """One breach of a rule; `path` is the file's name and, after `#`, a JSON Pointer into the line's record."""

    rule: str
    severity: str
    line: int | None
    path: str
    message: str


@dataclass
class Change:
    """What was done to lines of a file; `lines` are ranges of line numbers, both ends included."""

    count: int = 0
    lines: list[list[int]] = field(default_factory=list)

    def add(self, line: int) -> None:
        """Adds one line, later than all before."""
        self.count += 1
        if self.lines and self.lines[-1][1] == line - 1:
            self.lines[-1][1] = line
        elif len(self.lines) < _MAX_RANGES:
            self.lines.append([line, line])


@dataclass
class DatasetReport:
    """Collects issues while sets are read; memory stays bounded whatever is found.

    `facts` are the further keys of `dataset/report.json`, as docs/data-gate.md lists them.
    """

    records_read: int = 0
    issues: list[Issue] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    dropped: dict[tuple[str, str], Change] = field(default_factory=dict)
    changed: dict[tuple[str, str], Change] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, rule: str, file: str, message: str, *, line: int | None = None, pointer: str = "") -> None:
        """Counts an issue, and keeps it while its rule has few."""
        self.counts[rule] += 1
        if self.counts[rule] <= ISSUES_KEPT_PER_RULE:
            path = f"{name(file)}#{_shown_pointer(pointer)}" if pointer else name(file)
            self.issues.append(Issue(rule, RULES[rule].severity, line, path, sentence(message, _MESSAGE_LENGTH)))

    def add_findings(self, file: str, line: int, findings: Sequence[Finding]) -> None:
        """Adds what a record broke."""
        for rule, pointer, message in findings:
            self.add(rule, file, message, line=line, pointer=pointer)

    def add_settings(self, file: str, findings: Sequence[finding.Finding]) -> None:
        """Adds what of the job's settings the preflight will refuse, as warnings of the gate."""
        for each in findings:
            self.add("job-settings", file, f"{each.message} {each.remedy}")

    @property
    def errors(self) -> int:
        """How many issues refuse the data set."""
        return sum(n for rule, n in self.counts.items() if RULES[rule].severity == "error")

    @property
    def warnings(self) -> int:
        """How many issues do not."""
        return self.counts.total() - self.errors

    def as_json(self, *, train: int = 0, validation: int = 0, test: int = 0) -> dict[str, Any]:
        """`dataset/report.json`; the numbers of records are those that the run trains and tests on."""
        return {
            "status": "rejected" if self.errors else "accepted",
            "records": {
                "read": self.records_read,
                "train": train,
                "validation": validation,
                "test": test,
                "dropped": 0 if self.errors else self.records_read - train - validation - test,
            },
            "issues": [issue.__dict__ for issue in self.issues],
            "issue_counts": dict(self.counts),
            "rules": {
                rule: {"severity": RULES[rule].severity, "asks": RULES[rule].asks, "advice": RULES[rule].advice}
                for rule in self.counts
            },
            "dropped": _listed(self.dropped),
            "changed": _listed(self.changed),
            **self.facts,
        }

    def rejection(self, report_uri: str) -> str:
        """The refusal as a person reads it in a notification: how much is wrong, the first issues, where all are."""
        errors = [issue for issue in self.issues if issue.severity == "error"]
        shown = [
            f"- {issue.path}{f', line {issue.line}' if issue.line else ''}: {issue.message} [{issue.rule}]"
            for issue in errors[:5]
        ]
        rest = self.errors - len(shown)
        return "\n".join(
            [
                f"The data set has {self.errors} error{'s' if self.errors != 1 else ''} "
                f"in {self.records_read} records, so nothing was started or bought.",
                *shown,
                *([f"- and {rest} more"] if rest else []),
                f"Full report: {report_uri}. Correct the data and upload it again.",
            ]
        )


def _shown_pointer(pointer: str) -> str:
    """A JSON Pointer with each of its keys as a name, cut where it is long."""
    parts = pointer[: 2 * _POINTER_LENGTH].split("/")
    return shortened("/".join(map(name, parts)), _POINTER_LENGTH)


def _listed(changes: dict[tuple[str, str], Change]) -> list[dict[str, Any]]:
    return [
        {"path": name(file), "what": what, "count": change.count, "lines": change.lines}
        for (file, what), change in changes.items()
    ]
