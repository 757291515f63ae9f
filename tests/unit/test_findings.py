"""What a person reads of findings: the mistake first, what to do about this value, then the rule behind it."""

import io
import json
from typing import Any

import pytest

from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.dataset.document import DatasetFinding
from lambdas.domain.dataset.figures import dataset_document
from lambdas.domain.dataset.preparation import Wanted
from lambdas.domain.dataset.record_set import check_set
from lambdas.domain.dataset.report import DatasetReport, rejection
from lambdas.domain.dataset.rules.table import RULES
from lambdas.domain.dataset.split.holdout import SplitSettings
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.run_limits import RunLimits

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")


def found_in(data: bytes) -> list[DatasetFinding]:
    report = DatasetReport()
    check_set(io.BytesIO(data), "train.jsonl", HAIKU, report)
    return report.findings


def lines_of(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@pytest.mark.parametrize("rule", RULES)
def test_heading_is_a_sentence_that_is_not_the_rule_itself(rule: str) -> None:
    """Above the findings stood what the rule asks for: “No record occurs twice.” above a record that does."""
    spec = RULES[rule]
    assert spec.heading.endswith(".")
    assert "\n" not in spec.heading
    assert spec.heading not in (spec.asks, spec.advice)
    assert not spec.heading.startswith(("No ", "Every ", "Each ", "All "))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null is the absence"),
        (["a"], "Join the list"),
        ({"a": 1}, "json.dumps"),
        (True, "true or false in quotes"),
        (3, "the number in quotes"),
        (3.5, "the number in quotes"),
    ],
)
def test_remedy_is_about_the_value_that_is_there(value: object, words: str) -> None:
    """“Write texts in quotes, even if they are numbers” does not help somebody whose answer is null."""
    [found] = found_in(lines_of({"prompt": "a", "completion": value}))
    assert found.rule == "wrong-type"
    assert words in found.remedy


def test_a_null_in_a_key_that_is_not_needed_is_left_out_with_its_key() -> None:
    """The record is good without it."""
    [found] = found_in(lines_of({"prompt": "a", "completion": "b", "system": None}))
    assert found.remedy == "Leave the key out: null is the absence of a text."


def test_notification_says_what_to_do_once_for_neighbouring_findings() -> None:
    """Whoever reads only the e-mail can act on it."""
    report = DatasetReport()
    read = check_set(io.BytesIO(lines_of(*[{"prompt": "a", "completion": None}] * 3)), "train.jsonl", HAIKU, report)
    wanted = Wanted(HAIKU, SplitSettings(), few_shot=0, hyperparameters={})
    text = rejection(dataset_document(report, {"train": read}, wanted), "s3://output/report.json")
    assert text.count("Fill in the text, or leave the record out") == 1


@pytest.mark.parametrize(
    ("document", "meant"),
    [
        ({"basemodel": "x"}, "base_model"),
        ({"split": {"valid": 0.1}}, "validation"),
        ({"evaluation": {"gate": {"smallest_gian": 1}}}, "smallest_gain"),
        ({"sweep": {"job": 2}}, "jobs"),
        ({"epochs": 2}, "hyperparameters.epochCount"),
    ],
)
def test_a_misspelled_setting_is_told_with_the_one_that_is_meant(document: dict[str, Any], meant: str) -> None:
    """At whatever depth it stands; a hyperparameter at the top, too, belongs elsewhere."""
    _, found = run_settings.choose(json.dumps(document).encode(), HAIKU.customization_id, RunLimits(1))
    assert [each.message for each in found] == [f"There is no such setting. Did you mean {meant}?"]


@pytest.mark.parametrize("wrong", ["zebra", "", "x" * 100_000])
def test_a_name_that_is_close_to_none_is_meant_for_none(wrong: str) -> None:
    """A wrong guess is worse than none, and a long one takes no time."""
    assert did_you_mean(wrong, ["epochCount", "batchSize"]) == ""
