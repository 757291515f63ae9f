"""Findings of one kind as one finding where they hit a whole file: one mistake is told once, with its count.

Two findings are of one kind where they break the same rule in the same file, at the same place of a record (whatever
the index in a list), in the same words but for numbers and quoted values.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from lambdas.domain.core.outside_text import sentence
from lambdas.domain.dataset.document import DatasetFinding

FINDINGS_KEPT_PER_RULE = 20
MESSAGE_LENGTH = 500
# Findings of further kinds are kept, but never told as one. A mistake in a whole file is met at its beginning.
_MOST_KINDS = 200
# In fewer records, each is quicker looked at than explained.
_LEAST_RECORDS = 10
_NEARLY_ALL = 0.9
_PLACES_SHOWN = 5
_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")

_Kind = tuple[str, str, str, str]


class FindingPlace(NamedTuple):
    """Where a finding is: its rule, the file, the line if it is in one, and a JSON Pointer within its record."""

    rule: str
    file: str
    line: int | None
    pointer: str


@dataclass
class _Group:
    """Findings of one kind: the first ones in their order, how many there are, and in how many lines."""

    kept: list[tuple[int, DatasetFinding]] = field(default_factory=list)
    pointer: str = ""
    count: int = 0
    lines: int = 0
    last_line: int | None = None
    # Of the file that the group hits nearly all records of.
    records: int | None = None


class FindingGroups:
    """All findings of a data set; memory stays bounded whatever is found."""

    def __init__(self) -> None:
        self._groups: dict[_Kind, _Group] = {}
        self._order = count()

    def add(self, place: FindingPlace, message: str, made: Callable[[], DatasetFinding]) -> None:
        """Adds a finding at a place, in these words; it is made only where it is kept."""
        rule, file, line, pointer = place
        kind = (rule, file, _VARIABLE.sub("", message[:MESSAGE_LENGTH]), _shape(pointer))
        group = self._groups.get(kind)
        if group is None:
            if len(self._groups) >= _MOST_KINDS:
                kind = (rule, "", "", "")
            group = self._groups.setdefault(kind, _Group(pointer=pointer))
        group.count += 1
        if line != group.last_line:
            group.lines, group.last_line = group.lines + 1, line
        if len(group.kept) < FINDINGS_KEPT_PER_RULE:
            group.kept.append((next(self._order), made()))

    def close(self, file: str, records: int) -> None:
        """Marks the kinds that hit nearly all of a file's records, once it is read."""
        for (_, of_file, _, _), group in self._groups.items():
            if of_file == file and group.lines >= max(_LEAST_RECORDS, _NEARLY_ALL * records):
                group.records = records

    def findings(self) -> list[DatasetFinding]:
        """One for each kind that hits a whole file, then the others, both in their order; the first of each rule."""
        shown, of_rule = [], dict[str, int]()
        for _, found in [*sorted(self._of_whole_files(), key=_order), *sorted(self._of_places(), key=_order)]:
            of_rule[found.rule] = of_rule.get(found.rule, 0) + 1
            if of_rule[found.rule] <= FINDINGS_KEPT_PER_RULE:
                shown.append(found)
        return shown

    def told_as_one(self, rule: str) -> int:
        """How many findings of a rule are not told one by one."""
        return sum(found.count - 1 for _, found in self._of_whole_files() if found.rule == rule)

    def _of_places(self) -> Iterator[tuple[int, DatasetFinding]]:
        for group in self._groups.values():
            if group.records is None:
                yield from group.kept

    def _of_whole_files(self) -> Iterator[tuple[int, DatasetFinding]]:
        """One finding for groups that differ in nothing but the place within the record."""
        alike: dict[tuple[str, str, str, int], list[_Group]] = {}
        for (rule, file, words, _), group in self._groups.items():
            if group.records is not None:
                alike.setdefault((rule, file, words, group.lines), []).append(group)
        for groups in alike.values():
            order, first = groups[0].kept[0]
            yield order, first.model_copy(update=_told_as_one(groups, first))


def _order(numbered: tuple[int, DatasetFinding]) -> int:
    return numbered[0]


def _told_as_one(groups: Sequence[_Group], first: DatasetFinding) -> dict[str, object]:
    lines, records = groups[0].lines, groups[0].records or 0
    if first.rule == "blank-line":
        # No record is hit by it.
        message = f"{lines:,} blank lines are skipped, the first in line {first.line}."
    else:
        which = f"All {records:,} records" if lines >= records else f"{lines:,} of {records:,} records"
        message = f"{which}, from line {first.line} on: {first.message}{_other_places(groups[1:])}"
    return {
        "line": None,
        "record": None,
        "message": sentence(message, MESSAGE_LENGTH),
        "count": sum(group.count for group in groups),
    }


def _other_places(groups: Sequence[_Group]) -> str:
    if not groups:
        return ""
    shown = ", ".join(sentence(group.pointer, 80) for group in groups[:_PLACES_SHOWN])
    more = f" and {len(groups) - _PLACES_SHOWN} more" if len(groups) > _PLACES_SHOWN else ""
    return f" The same at {shown}{more}."


@lru_cache(maxsize=1_024)
def _shape(pointer: str) -> str:
    """A JSON Pointer with a star for each index of a list."""
    return "/".join("*" if part.isdigit() else part for part in pointer[:MESSAGE_LENGTH].split("/"))
