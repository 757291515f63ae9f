"""An execution of the state machine: found by the object that started it, followed, and kept."""

import json
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lambdas.domain.training.candidate_jobs import GOING_ON
from local.embedded_aws import EmbeddedAws

SECONDS_TO_START = 30
POLL_SECONDS = 0.3
# The checks of Bedrock's status: the wait that each ends, and the fact that it renews.
CHECKS = {
    "CheckJobs": ("WaitForJobs", "jobs"),
    "CheckServing": ("WaitForServing", "serving"),
}
# The pause before a purchase.
APPROVAL = "RequestApproval"


class NoExecutionError(Exception):
    """The dropped object did not start an execution."""


@dataclass
class EnteredState:
    """A state that the execution has entered, however often: a loop's states are one step each."""

    name: str
    kind: str
    entered_at: datetime
    exited_at: datetime | None = None
    visits: int = 1
    # Of a distributed map: how many items there are and how many are done.
    items: tuple[int, int] | None = None
    # Of a wait for Bedrock: the status that the last check saw; of several jobs how many there are and have ended.
    status: str | None = None
    jobs: tuple[int, int] | None = None
    # Of a wait for a person: how to answer, then the answer.
    answer: str | None = None


@dataclass
class Snapshot:
    """An execution at one moment."""

    status: str
    error: str | None = None
    cause: str | None = None
    started_at: datetime | None = None
    steps: dict[str, EnteredState] = field(default_factory=dict)
    # The run's facts as the last state left them: run, plan, jobs, serving, … (docs/architecture.md).
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether the execution has ended, well or not."""
        return self.status != "RUNNING"


def find_execution(aws: EmbeddedAws, state_machine: str, key: str) -> str:
    """The ARN of the execution that the object `key` has started; raises NoExecutionError after half a minute."""
    states = aws.client("stepfunctions")
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        for execution in states.list_executions(stateMachineArn=state_machine)["executions"]:
            arn: str = execution["executionArn"]
            event = json.loads(states.describe_execution(executionArn=arn)["input"])
            if event["detail"]["object"]["key"] == key:
                return arn
        time.sleep(POLL_SECONDS)
    raise NoExecutionError(
        f"No execution was started by {key} within {SECONDS_TO_START} s (log: {aws.logs}/emulator.log)."
    )


def follow(aws: EmbeddedAws, arn: str) -> Iterator[Snapshot]:
    """Snapshots of the execution until it has ended; the last one is its end."""
    while True:
        snapshot = look_at(aws, arn)
        yield snapshot
        if snapshot.is_over:
            return
        time.sleep(POLL_SECONDS)


def look_at(aws: EmbeddedAws, arn: str) -> Snapshot:
    """The execution now."""
    states = aws.client("stepfunctions")
    # Before the history, so that a snapshot which is over has the whole of it.
    execution = states.describe_execution(executionArn=arn)
    snapshot = Snapshot(
        status=execution["status"],
        error=execution.get("error"),
        cause=execution.get("cause"),
        started_at=execution["startDate"],
    )
    for event in history(aws, arn):
        _record(snapshot, event)
    if approval := snapshot.steps.get(APPROVAL):
        given = snapshot.facts.get("approval", {}).get("decision")
        approval.answer = given or f"answer with {answer_command(aws, snapshot.facts['run']['id'])}"
    maps = [step for step in snapshot.steps.values() if step.kind == "Map"]
    runs = sorted(states.list_map_runs(executionArn=arn)["mapRuns"], key=lambda run: run["startDate"])
    for step, run in zip(maps, runs, strict=False):
        counts = states.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
        step.items = (counts["total"], counts["succeeded"] + counts["failed"])
    return snapshot


def answer_command(aws: EmbeddedAws, run_id: str) -> str:
    """What a person types in another terminal to let the run go on."""
    credentials = shlex.quote(str(aws.credentials.resolve()))
    return f"(. {credentials} && fine-tune approve {run_id} --region {aws.region})"


def history(aws: EmbeddedAws, arn: str) -> list[dict[str, Any]]:
    """All events of the execution, oldest first."""
    pages = aws.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def save(aws: EmbeddedAws, arn: str, path: Path) -> None:
    """Write `{"description", "history"}` of the execution as JSON."""
    description = aws.client("stepfunctions").describe_execution(executionArn=arn)
    del description["ResponseMetadata"]
    document = {"description": description, "history": history(aws, arn)}
    path.write_text(json.dumps(document, indent=1, default=datetime.isoformat) + "\n")


def _record(snapshot: Snapshot, event: dict[str, Any]) -> None:
    kind = event["type"]
    if kind.endswith("StateEntered"):
        name = event["stateEnteredEventDetails"]["name"]
        step = snapshot.steps.get(name)
        if step is None:
            snapshot.steps[name] = EnteredState(name, kind.removesuffix("StateEntered"), event["timestamp"])
        else:
            step.exited_at = None
            step.visits += 1
    elif kind.endswith("StateExited"):
        details = event["stateExitedEventDetails"]
        name = details["name"]
        snapshot.steps[name].exited_at = event["timestamp"]
        output = json.loads(details["output"])
        if isinstance(output, dict):
            snapshot.facts |= {fact: value for fact, value in output.items() if isinstance(value, dict)}
        if name in CHECKS and (wait := snapshot.steps.get(CHECKS[name][0])):
            fact = snapshot.facts.get(CHECKS[name][1], {})
            wait.status = fact.get("status")
            candidates = fact.get("candidates", ())
            if len(candidates) > 1:
                wait.jobs = (len(candidates), sum(one["status"] not in GOING_ON for one in candidates))
