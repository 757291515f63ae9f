"""Singular and plural agree."""

from io import StringIO
from pathlib import Path

import pytest

from cli.dataset_summary import tell_dataset
from lambdas.domain.core.counted import counted
from lambdas.domain.report.approval import purchase_text
from lambdas.domain.report.templates import environment
from lambdas.domain.training.model_age import deletion_message
from local.terminal import Console
from tests.unit.dataset_pages import checked, tickets


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0 records"),
        (1, "1 record"),
        (2, "2 records"),
        (1234, "1,234 records"),
        (1.0, "1 record"),
        (1.5, "1.5 records"),
        (24.0, "24 records"),
    ],
)
def test_a_number_has_the_word_that_belongs_to_it(number: float, told: str) -> None:
    assert counted(number, "record") == told


def test_an_irregular_plural_is_given() -> None:
    assert [counted(number, "query", "queries") for number in (1, 2)] == ["1 query", "2 queries"]


def test_limits_of_one_are_told_so() -> None:
    """Environments that are strict allow one unit for one hour."""
    assert (
        "1 model unit, billed by the hour and deleted after the test set is answered, at the latest 1 hour after"
        in (purchase_text("provisioned_throughput", 1, 1.0))
    )
    assert "older than 1 day (keep_models_days)" in deletion_message("team", [], 1).message


def test_a_page_tells_one_of_a_kind() -> None:
    template = environment().from_string("{{ 1 | counted('line') }}, {{ 1200 | counted('line') }}")
    assert template.render() == "1 line, 1,200 lines"


def test_a_file_of_one_record_is_told_so(tmp_path: Path) -> None:
    """What people try first is a file of a line."""
    console = Console(file=StringIO(), width=200)
    tell_dataset(console, checked(tmp_path, tickets(1)).document)
    assert isinstance(console.file, StringIO)
    told = console.file.getvalue()
    assert "1 record, " in told
    assert "There is 1 record; at least" in told
    assert "1 records" not in told
