"""Grouping's two errors on generated data sets of every kind, as `python -m local.bench.grouping` measures them."""

import subprocess
import sys

import pytest

from local.bench.grouping import Errors, groups_of
from local.bench.grouping_corpus import corpus

KINDS = {kind.name: kind for kind in corpus(7)}


@pytest.mark.parametrize("name", KINDS)
def test_what_leaks_stands_together_and_what_does_not_stands_apart(name: str) -> None:
    """A pair on both sides of a split flatters the tuned model; records that are joined for nothing cost its power."""
    kind = KINDS[name]
    errors = Errors(kind.name, kind.asks)
    errors.add(kind, groups_of(kind))
    assert errors.records == len(kind.rows) > 50
    assert errors.missed <= 0.05 * errors.pairs
    assert errors.joined <= 0.1 * errors.records


def test_a_grouping_of_nothing_or_of_all_is_all_error() -> None:
    """The measure must see what it is for."""
    for kind in KINDS.values():
        alone, together = Errors(kind.name, ""), Errors(kind.name, "")
        alone.add(kind, [*range(len(kind.rows))])
        together.add(kind, [0] * len(kind.rows))
        assert (alone.missed, alone.joined) == (len(kind.pairs()), 0)
        assert (together.missed, together.joined) == (0, len(kind.rows))


def test_the_command_prints_a_row_for_each_kind() -> None:
    """The table in docs/data-gate.md is its output."""
    command = [sys.executable, "-m", "local.bench.grouping", "--seeds", "0"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own
    assert shown.splitlines()[0] == "| data set | must stand | pairs left apart | records joined with others |"
