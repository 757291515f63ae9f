"""The shipped example can be made again, and every rule has an example of what it accepts and what it refuses."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from lambdas.domain import run_settings
from lambdas.domain.dataset import RecordSet, read_set
from lambdas.domain.dataset_report import DatasetReport
from lambdas.domain.models import base_model
from lambdas.domain.prepared_dataset import prepare
from lambdas.domain.rules import RULES

EXAMPLES = Path(__file__).parents[2] / "examples"
HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
RULES_OF_LINES = [rule for rule, spec in RULES.items() if spec.scope in ("line", "record")]


def check(path: Path) -> tuple[RecordSet, DatasetReport]:
    report = DatasetReport()
    return read_set(io.BytesIO(path.read_bytes()), path.name, HAIKU, report), report


def test_script_reproduces_the_shipped_data_set() -> None:
    """The data set is the script's, byte for byte: whoever changes one of them changes both."""
    made = subprocess.run([sys.executable, EXAMPLES / "generate.py"], capture_output=True, check=True).stdout  # noqa: S603 - our own script
    assert made == (EXAMPLES / "financial-tables.jsonl").read_bytes()


def test_shipped_data_set_is_accepted_with_all_three_sets() -> None:
    """The demo must show training, early stopping and a verdict, so the split must give all sets."""
    read, report = check(EXAMPLES / "financial-tables.jsonl")
    choices = run_settings.parse(None, HAIKU.customization_id, max_model_units=1)
    assert isinstance(choices, run_settings.Choices)
    prepared = prepare({"train": read}, choices, report)
    assert prepared is not None
    assert report.issues == []
    assert read.records_read >= 200
    assert (len(prepared.train), len(prepared.validation), len(prepared.test)) == (180, 40, 40)
    assert len(set(read.prompts)) == read.records_read


@pytest.mark.parametrize("rule", RULES_OF_LINES)
def test_valid_example_breaks_no_rule(rule: str) -> None:
    """A rule that refused good data would cost its user more than no rule."""
    _, report = check(EXAMPLES / "rules" / f"{rule}.valid.jsonl")
    assert set(report.counts) <= {"mixed-formats"}


@pytest.mark.parametrize("rule", RULES_OF_LINES)
def test_every_line_of_the_invalid_example_breaks_its_rule_alone(rule: str) -> None:
    """What a person reads about a line is its one fault, at the right line."""
    path = EXAMPLES / "rules" / f"{rule}.invalid.jsonl"
    _, report = check(path)
    assert set(report.counts) - {"mixed-formats", "no-records"} == {rule}
    blamed = {issue.line for issue in report.issues if issue.rule == rule}
    lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    expected = {n for n, line in enumerate(lines, 1) if rule != "blank-line" or not line.strip()}
    assert blamed == expected


def test_no_example_is_without_a_rule() -> None:
    """A renamed rule must not leave files behind that nothing reads."""
    assert {path.name.split(".")[0] for path in (EXAMPLES / "rules").iterdir()} == set(RULES_OF_LINES)
