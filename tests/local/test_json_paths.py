"""Paths that lead nowhere: where an emulator gives null, a state that reads a fact which is not there passes."""

from typing import Any

import pytest

from local.terminal_errors import UNPROCESSABLE
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
ENDS = {"Done": {"Type": "Succeed"}, "Caught": {"Type": "Fail", "Error": "Caught"}}
ECHO = "def handler(event, context): return event"


@pytest.fixture(scope="module")
def echo(sandbox: Sandbox) -> str:
    return sandbox.function(ECHO)


def choose(**rule: object) -> dict[str, Any]:
    """A Choice by one rule."""
    return {
        "States": {"Choose": {"Type": "Choice", "Choices": [{**rule, "Next": "Done"}], "Default": "Caught"}, **ENDS}
    }


@pytest.mark.parametrize(
    "field",
    [
        {"Parameters": {"here": {"fact.$": "$.not.there"}}},
        {"Parameters": {"fact.$": "$$.Execution.Nothing"}},
        {"Parameters": {"text.$": "States.Format('{}', $.not)"}},
        {"InputPath": "$.not"},
        {"OutputPath": "$.not"},
        {"ResultSelector": {"fact.$": "$.not"}},
    ],
    ids=lambda field: "-".join(str(field).split("'")[1::2]),
)
def test_a_path_that_leads_nowhere_ends_the_execution(sandbox: Sandbox, echo: str, field: dict[str, Any]) -> None:
    """No Catch of States.ALL sees it."""
    task = {"Type": "Task", "Resource": echo, "Catch": CATCH_ALL, "Next": "Done", **field}
    end = sandbox.run({"States": {"Try": task, **ENDS}}, {"there": 1})
    assert (end["status"], end["error"]) == ("FAILED", UNPROCESSABLE)


def test_the_cause_names_path_and_field(sandbox: Sandbox) -> None:
    """They are all that tells a person which fact is missing."""
    end = sandbox.run({"States": {"Pick": {"Type": "Pass", "Parameters": {"a.$": "$.b.c"}, "End": True}}}, {"b": {}})
    assert "'$.b.c' specified for the field 'a.$' could not be found" in end["cause"]


def test_a_choice_by_what_is_not_there_ends_the_execution(sandbox: Sandbox) -> None:
    """On AWS it is no false comparison."""
    assert sandbox.run(choose(Variable="$.not", StringEquals="x"), {"there": 1})["error"] == UNPROCESSABLE


def test_null_is_present(sandbox: Sandbox) -> None:
    """A fact that is null is not one that is missing, neither for IsPresent nor for a path."""
    assert sandbox.run(choose(Variable="$.fact", IsPresent=True), {"fact": None})["status"] == "SUCCEEDED"
    assert sandbox.run(choose(Variable="$.fact", IsPresent=False), {})["status"] == "SUCCEEDED"
    copied = {"States": {"Copy": {"Type": "Pass", "Parameters": {"a.$": "$.fact"}, "End": True}}}
    assert sandbox.run(copied, {"fact": None})["output"] == '{"a": null}'


def test_a_result_path_below_what_is_no_object_cannot_be_applied(sandbox: Sandbox, echo: str) -> None:
    """It is an error that a Catch sees."""
    task = {"Type": "Task", "Resource": echo, "ResultPath": "$.run.answer", "Catch": CATCH_ALL, "Next": "Done"}
    assert sandbox.run({"States": {"Try": task, **ENDS}}, {"run": "text"})["error"] == "Caught"
    assert sandbox.run({"States": {"Try": task, **ENDS}}, {"run": {}})["status"] == "SUCCEEDED"
    assert sandbox.run({"States": {"Try": task, **ENDS}}, {})["status"] == "SUCCEEDED"
