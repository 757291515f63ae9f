"""Which fields of a JSON the answers have right, wrong, missing and too many: over all test records, and by path.

Answers are read as the gate reads content: JSON in a fence or within a text counts. An answer without any JSON has all
fields missing. The places of an array share a path: `/items/*/price`.
"""

import re
from collections import Counter, defaultdict
from typing import Any

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.answers import AnswerLine
from lambdas.domain.evaluation.comparisons import Answers, read_rows
from lambdas.domain.evaluation.metrics.content import all_calls, first_json
from lambdas.domain.evaluation.metrics.json_fields import Outcome, field_outcomes
from lambdas.domain.evaluation.metrics.json_match import INVALID, parse_json
from lambdas.domain.evaluation.metrics.tool_calls import as_fields, read_calls
from lambdas.domain.evaluation.task_kind import TaskKind

KINDS_WITH_FIELDS: frozenset[TaskKind] = frozenset({"json", "tool_calls"})
# Objects whose keys are data, such as dates, have no end of paths.
MOST_PATHS = 100
_PLACE = re.compile(r"/\d+(?=/|$)")


class FieldCount(Fact):
    """How often a field is right, wrong, missing, or not in the reference.

    Precision is the share of the answers' fields that is right, recall that of the references', both in per cent; null
    where there are none.
    """

    path: str
    right: int
    wrong: int
    missing: int
    extra: int
    precision: float | None
    recall: float | None


class ArmFields(Fact):
    """An arm's fields: all of them (path ""), and by path, those with most errors first.

    `paths` says how many there are; of more than 100 the rest is in the sum alone.
    """

    total: FieldCount
    by_path: list[FieldCount]
    paths: int


def count_fields_of_arms(answers: Answers, kind: TaskKind) -> dict[str, ArmFields]:
    """The fields of each arm's answers; none where the task has none."""
    if kind not in KINDS_WITH_FIELDS:
        return {}
    counted: dict[str, defaultdict[str, Counter[Outcome]]] = {arm: defaultdict(Counter) for arm in answers}
    for reference, lines in read_rows(answers):
        wanted = _read(reference or "", kind)
        if wanted is INVALID:
            continue
        for arm, line in lines.items():
            if isinstance(line, AnswerLine):
                for path, outcome in field_outcomes(_read_answer(line.response, kind), wanted):
                    counted[arm][_shared_path(path, kind)][outcome] += 1
    return {arm: _sum_up(by_path) for arm, by_path in counted.items()}


def _shared_path(path: str, kind: TaskKind) -> str:
    """The path that all places of an array share; that of an argument begins with its tool's name."""
    return _PLACE.sub("/*", _PLACE.sub("", path, count=1) if kind == "tool_calls" else path)


def _read_answer(response: str, kind: TaskKind) -> Any:
    return _read(all_calls(response) if kind == "tool_calls" else first_json(response), kind)


def _read(text: str, kind: TaskKind) -> Any:
    value = parse_json(text)
    if kind == "tool_calls":
        calls = read_calls(value)
        return INVALID if calls is None else as_fields(calls)
    return value if isinstance(value, dict | list) else INVALID


def _sum_up(by_path: dict[str, Counter[Outcome]]) -> ArmFields:
    counts = [_count(path, outcomes) for path, outcomes in by_path.items()]
    counts.sort(key=lambda one: -(one.wrong + one.missing + one.extra))
    total = sum(by_path.values(), Counter[Outcome]())
    return ArmFields(total=_count("", total), by_path=counts[:MOST_PATHS], paths=len(counts))


def _count(path: str, outcomes: Counter[Outcome]) -> FieldCount:
    right, wrong, missing, extra = (outcomes[one] for one in ("right", "wrong", "missing", "extra"))
    given, wanted = right + wrong + extra, right + wrong + missing
    return FieldCount(
        path=path,
        right=right,
        wrong=wrong,
        missing=missing,
        extra=extra,
        precision=100 * right / given if given else None,
        recall=100 * right / wanted if wanted else None,
    )
