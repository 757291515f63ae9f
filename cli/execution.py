"""An execution of the state machine: found by the object that started it, followed, and kept."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cli.environment import Environment
from lambdas.adapters.aws.service_errors import NotFound, Refused, named_errors
from lambdas.domain.core import run as runs
from lambdas.domain.core.errors import InvalidEvent, ServiceBusy
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.domain.core.run import Claim, claim_key
from lambdas.domain.serving.lease import RUNNING
from lambdas.domain.training.candidate_jobs import GOING_ON

POLL_SECONDS = 0.3
LONGEST_PAUSE_SECONDS = 15.0
# Step Functions' most events in a page.
PAGE = 1000
# How many executions are looked at for one that has not claimed its run.
NEWEST = 50
# The checks of Bedrock's status: the wait that each ends, and the path of the fact that it renews.
CHECKS = {
    "CheckJobs": ("WaitForJobs", "jobs"),
    "CheckServing": ("WaitForServing", "lease.serving"),
}
# The pauses before a purchase, and before many training records are removed, with the answer's fact.
APPROVALS = {"RequestApproval": "approval", "RequestCurationApproval": "curation_approval"}


class NoExecutionError(Exception):
    """No execution has the run."""


class NotFollowedError(Exception):
    """AWS does not tell how far the run is, which goes on all the same."""


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
    # Of a wait for a job: what the only one is doing.
    detail: str | None = None
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
    # The run's facts as the last state left them: run, plan, jobs, lease, … (docs/architecture.md).
    facts: dict[str, Any] = field(default_factory=dict)
    # The lease of each served candidate as its last state left it, by the candidate's number.
    leases: dict[int, dict[str, Any]] = field(default_factory=dict)

    def fact(self, path: str) -> dict[str, Any]:
        """A fact by its path, such as `lease.serving`; an empty one where the run has none."""
        found: Any = self.facts
        for key in path.split("."):
            found = (found or {}).get(key)
        return found or {}

    @property
    def is_over(self) -> bool:
        """Whether the execution has ended, well or not."""
        return self.status != RUNNING


def find_execution(environment: Environment, run_id: str, *, seconds: float) -> str:
    """The ARN of the execution that has the run; raises NoExecutionError where none has claimed it after `seconds`."""
    deadline = time.monotonic() + seconds
    seen: dict[str, str | None] = {}
    while True:
        claim = environment.adapters.objects.read(environment.output_bucket, claim_key(run_id))
        if claim is not None:
            return _execution_of(environment, run_id, claim)
        is_late = time.monotonic() >= deadline
        if arn := _unclaimed(environment, run_id, seen, even_running=is_late):
            return arn
        if is_late:
            raise NoExecutionError(
                f"The environment {environment.name} has no run {run_id}: no execution has claimed it within "
                f"{seconds:g} s. `{environment.command('runs')}` lists all runs."
            )
        time.sleep(POLL_SECONDS)


def _execution_of(environment: Environment, run_id: str, claim: bytes) -> str:
    try:
        return Claim.model_validate_json(claim).execution_arn
    except ValidationError:
        raise NoExecutionError(
            f"Which execution has the run {run_id} cannot be told: s3://{environment.output_bucket}/"
            f"{claim_key(run_id)} is no claim. Look at its earlier versions, and for the run in the state machine's "
            "executions."
        ) from None


def _unclaimed(environment: Environment, run_id: str, seen: dict[str, str | None], *, even_running: bool) -> str | None:
    """An execution of the run that has ended without a claim; `seen` keeps the runs of those looked at before.

    One that runs may be a second one, which the event's repetition has started, and which does not get the run.
    """
    states = environment.account.client("stepfunctions")
    for execution in states.list_executions(stateMachineArn=environment.state_machine, maxResults=NEWEST)["executions"]:
        arn = str(execution["executionArn"])
        if arn not in seen:
            seen[arn] = _run_of(states.describe_execution(executionArn=arn).get("input", ""))
        if seen[arn] == run_id and (even_running or execution["status"] != RUNNING):
            return arn
    return None


def _run_of(event: str) -> str | None:
    """The id of the run that an execution's input starts; None of one that a person has started with something else."""
    try:
        return runs.run_id(ObjectCreated.model_validate_json(event).created())
    except (ValidationError, InvalidEvent):
        return None


def follow(environment: Environment, arn: str, *, patience_seconds: float = 600) -> Iterator[Snapshot]:
    """Snapshots of the execution until it has ended; the last one is its end.

    AWS may be busy, or the network away, for so long. Raises NotFollowedError, also where AWS refuses to tell.
    """
    watched = WatchedExecution(environment, arn)
    answered_at, pause = time.monotonic(), POLL_SECONDS
    while True:
        try:
            with named_errors("Following the execution"):
                events, snapshot = watched.events, watched.look()
        except ServiceBusy as error:
            if time.monotonic() - answered_at >= patience_seconds:
                raise NotFollowedError(str(error)) from error
        except NotFound:
            raise NoExecutionError(
                f"Step Functions does not know the execution {arn} any more: it forgets one 90 days after its end. "
                f"The run's files are in s3://{environment.output_bucket}/runs/."
            ) from None
        except Refused as error:
            raise NotFollowedError(str(error)) from error
        else:
            answered_at = time.monotonic()
            # Hours of training change nothing: AWS is asked more and more rarely.
            pause = POLL_SECONDS if watched.events != events else min(pause * 1.2, LONGEST_PAUSE_SECONDS)
            yield snapshot
            if snapshot.is_over:
                return
        time.sleep(pause)


class WatchedExecution:
    """Reads of an execution's history what is new; `events` is how many there are."""

    def __init__(self, environment: Environment, arn: str) -> None:
        self._environment, self._arn = environment, arn
        self._states = environment.account.client("stepfunctions")
        self._snapshot = Snapshot(RUNNING)
        self.events = 0

    def look(self) -> Snapshot:
        """The execution now."""
        states, snapshot = self._states, self._snapshot
        # Before the history, so that a snapshot which is over has the whole of it.
        execution = states.describe_execution(executionArn=self._arn)
        for event in self._new_events():
            _record(snapshot, event)
            self.events = event["id"]
        for name, fact in APPROVALS.items():
            if approval := snapshot.steps.get(name):
                given = snapshot.facts.get(fact, {}).get("decision")
                words = f"approve {snapshot.facts['run']['id']}"
                approval.answer = given or f"answer with {self._environment.command(words)}"
        for name, map_run in self._newest_map_runs().items():
            if step := snapshot.steps.get(name):
                counts = states.describe_map_run(mapRunArn=map_run)["itemCounts"]
                step.items = (counts["total"], counts["succeeded"] + counts["failed"])
        snapshot.status, snapshot.started_at = execution["status"], execution["startDate"]
        snapshot.error, snapshot.cause = execution.get("error"), execution.get("cause")
        return snapshot

    def _newest_map_runs(self) -> dict[str, str]:
        """The ARN of each map's run, by its state's name; of one that was tried again, the last."""
        started = sorted(
            self._states.list_map_runs(executionArn=self._arn)["mapRuns"], key=lambda run: run["startDate"]
        )
        # Each map has its name as its label: arn:…:mapRun:<state machine>/<label>:<id>.
        return {run["mapRunArn"].split("/")[-1].split(":")[0]: run["mapRunArn"] for run in started}

    def _new_events(self) -> list[dict[str, Any]]:
        """Those since the last look, oldest first."""
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=self._arn, reverseOrder=True, PaginationConfig={"PageSize": PAGE}
        )
        new = takewhile(lambda event: event["id"] > self.events, (event for page in pages for event in page["events"]))
        return [*new][::-1]


def save(environment: Environment, arn: str, path: Path) -> None:
    """Write `{"description", "history"}` of the execution as JSON."""
    states = environment.account.client("stepfunctions")
    description = states.describe_execution(executionArn=arn)
    del description["ResponseMetadata"]
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=arn, PaginationConfig={"PageSize": PAGE}
    )
    document = {"description": description, "history": [event for page in pages for event in page["events"]]}
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
            if lease := output.get("lease"):
                snapshot.leases[lease["number"]] = lease
        if name in CHECKS and (wait := snapshot.steps.get(CHECKS[name][0])):
            fact = snapshot.fact(CHECKS[name][1])
            wait.status = fact.get("status")
            candidates = fact.get("candidates", ())
            wait.detail = detail_of(candidates)
            if len(candidates) > 1:
                wait.jobs = (len(candidates), sum(one["status"] not in GOING_ON for one in candidates))


def detail_of(candidates: Sequence[Mapping[str, Any]]) -> str | None:
    """What the only job is doing, and whether it has begun to train at all; None of several, and where it is over."""
    if len(candidates) != 1 or candidates[0]["status"] not in GOING_ON:
        return None
    stalled = ", does not start to train" if candidates[0].get("stall") else ""
    return f"{candidates[0].get('phase') or 'no phase known'}{stalled}"
