"""The kind of a task follows from its references by stated rules."""

from typing import get_args

import pytest

from lambdas.domain.evaluation.task_detection import detect_task_kind
from lambdas.domain.evaluation.task_kind import PRIMARY_METRIC, TaskKind


@pytest.mark.parametrize(
    ("references", "kind"),
    [
        (['{"a": 1}', "[1, 2]"] * 10, "json"),
        (['{"a": 1}'] * 19 + ["{broken"], "json"),
        ([f"[{n}]" for n in range(18)] + ["[broken", "{}}"], "text"),
        (["yes", "no"] * 10, "labels"),
        (["1", "0"] * 10, "labels"),
        ([f"{n}.5%" for n in range(19)] + ["none"], "numeric"),
        ([f"{n}.5%" for n in range(18)] + ["none", "not stated"], "mixed"),
        ([f"because of item {n}" for n in range(10)] + [f"{n} million" for n in range(10)], "mixed"),
        ([f"because of item {n}" for n in range(17)] + [f"{n} million" for n in range(3)], "text"),
        ([f"label {n}" for n in range(40)] * 5, "labels"),
        ([f"label {n}" for n in range(40)] * 4, "text"),
        (["A", "(B)", "c."] * 5, "multiple_choice"),
        (["A"] * 20, "text"),
        (["SELECT a FROM t", "delete from b where c"] * 10, "code"),
        ([f"create the view {n}." for n in range(20)], "text"),
        ([f"def f{n}(x):\n    return x" for n in range(20)], "code"),
        ([], "text"),
    ],
)
def test_the_first_rule_that_holds_decides(references: list[str], kind: TaskKind) -> None:
    """One odd reference in twenty does not change what a task is, two do."""
    assert detect_task_kind(references) == kind


def test_each_kind_has_a_primary_metric() -> None:
    """The gate must have something to look at, whatever the data."""
    assert set(PRIMARY_METRIC) == set(get_args(TaskKind))
