"""The states that ask by batch jobs, as the definition has them, with functions that answer as a test says."""

import json
from copy import deepcopy
from typing import Any

import pytest

from lambdas.domain.evaluation.batches import EvaluationBatches, PlannedBatches
from stacks.definition import definition_text, states
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

NUMBERS = {
    "MaxConcurrency": 1,
    "MaxThroughputs": 1,
    "ExecutionTimeoutSeconds": 3600,
    "ApprovalTimeoutSeconds": 3600,
}
STATES: dict[str, Any] = dict(states(json.loads(definition_text(NUMBERS))))
PARTS = {
    "baselines": ("HasBatchOfBaselines", "AskBaselinesInBatch", "WaitForBatchOfBaselines", "AnswerBaselines"),
    "judges": ("HasJudges", "AskJudgesInBatch", "WaitForBatchOfJudges", "JudgeAnswers"),
}
WAITING, OVER = (EvaluationBatches(wait_seconds=wait, waited_seconds=2).dump() for wait in (1, None))
# It waits once, and fails where it is told to.
ASK = f"""
def handler(event, context):
    if event["fails"]:
        raise ValueError("no")
    return {OVER!r} if "batches" in event else {WAITING!r}
"""


def machine(part: str, function: str) -> dict[str, Any]:
    """The part's loop; what lies behind it ends the execution and says where it was."""
    choice, task, wait, answered_by = PARTS[part]
    own = {name: deepcopy(STATES[name]) for name in (choice, task, wait)}
    own[task] |= {"Resource": function, "Retry": []}
    ends = {name: {"Type": "Pass", "Result": name, "ResultPath": "$.end", "End": True} for name in (answered_by,)}
    ends["EvaluateAndReport"] = {"Type": "Pass", "Result": "EvaluateAndReport", "ResultPath": "$.end", "End": True}
    if part == "baselines":
        del ends["EvaluateAndReport"]
    return {"StartAt": choice, "States": {**own, **ends}}


def state(planned: PlannedBatches, *, shards: int = 2, fails: bool = False) -> dict[str, Any]:
    return {"plan": {"batches": planned.dump()}, "responses": {"judge_shards": shards}, "fails": fails}


@pytest.fixture(scope="module")
def function(sandbox: Sandbox) -> str:
    return sandbox.function(ASK)


@pytest.mark.parametrize("part", PARTS)
def test_jobs_are_waited_for_and_then_the_map_asks(sandbox: Sandbox, function: str, part: str) -> None:
    """Where some are planned; a job that goes wrong leads to the map, too."""
    both = PlannedBatches(baselines=["base"], judges=["judge"])
    end = sandbox.run(machine(part, function), state(both))
    output = json.loads(end["output"])
    assert (output["batches"], output["end"]) == (OVER, PARTS[part][-1])
    output = json.loads(sandbox.run(machine(part, function), state(both, fails=True))["output"])
    assert ("batches" in output, output["end"]) == (False, PARTS[part][-1])


@pytest.mark.parametrize("part", PARTS)
def test_a_run_without_jobs_goes_straight_to_the_map(sandbox: Sandbox, function: str, part: str) -> None:
    output = json.loads(sandbox.run(machine(part, function), state(PlannedBatches()))["output"])
    assert ("batches" in output, output["end"]) == (False, PARTS[part][-1])


def test_without_judges_nothing_is_asked(sandbox: Sandbox, function: str) -> None:
    """The run's arms may have left no pair to judge."""
    planned = PlannedBatches(judges=["judge"])
    output = json.loads(sandbox.run(machine("judges", function), state(planned, shards=0))["output"])
    assert ("batches" in output, output["end"]) == (False, "EvaluateAndReport")
