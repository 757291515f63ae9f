"""docs/data-gate.md names each rule and each format as the code does."""

from pathlib import Path

import pytest

from cli.format_table import with_table
from lambdas.domain.dataset.rules.table import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "data-gate.md").read_text()


@pytest.mark.parametrize("rule", RULES)
def test_page_lists_the_rule_in_its_own_words(rule: str) -> None:
    """A person looks a rule up there: its severity and advice must be those of the report."""
    spec = RULES[rule]
    assert f"| `{rule}` | {spec.severity} | {spec.asks} | {spec.advice} |" in PAGE


def test_page_lists_no_rule_that_is_gone() -> None:
    """A renamed rule must not live on in the documentation."""
    table = PAGE.split("| rule | severity |", 1)[1].split("\n\n", 1)[0]
    assert table.count("\n| `") == len(RULES)


def test_table_of_formats_is_the_readers() -> None:
    """A format that the page does not show is not found; `make formats` writes the table anew."""
    assert with_table(PAGE) == PAGE
