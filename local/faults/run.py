"""The run of one case: its executions, what it has stored, and what is left of it in Bedrock."""

import json
from dataclasses import dataclass
from typing import Any

from local.bedrock.faults import FaultKind
from local.deployment import DeployedEnvironment
from local.faults import dataset
from local.faults.bench import Bench, Result
from local.faults.case import Action, Case
from local.faults.controls import ExecutionControl, Simulation
from local.faults.observer import Seen, Thing
from local.invocations import Invocation

RECONCILER = "reconcile_throughput"
# How far back a state still counts as entered lately: a turn of a polling loop is about ten events.
LATE_EVENTS = 40
ALL_EVENTS = 1000
# Nothing is judged by these: they end a harness that waits for what never comes.
SECONDS_TO_START = 300
SECONDS_TO_END = 1800


class MissedError(Exception):
    """The run was not in the case's state when the fault came, as on a busy machine: the case is tried again."""


@dataclass(frozen=True)
class FaultRun:
    """`marker` is a text that nothing else on this AWS has; `deployment_name` is what its Bedrock names begin with."""

    bench: Bench
    case: Case
    marker: str
    deployment: DeployedEnvironment
    deployment_name: str
    result: Result

    @property
    def simulation(self) -> Simulation:
        """The simulated Bedrock."""
        return Simulation(self.bench.aws.bedrock_endpoint, self.bench.aws.token)

    @property
    def control(self) -> ExecutionControl:
        """What can be done to executions beside what AWS offers."""
        return ExecutionControl(self.bench.aws.endpoint, self.bench.aws.token)

    # --- Executions ---------------------------------------------------------------------------------------------------

    def start(self, marker: str | None = None) -> str:
        """Upload the data set; returns the execution that it starts. Raises KeyError where it starts none."""
        marker = marker or self.marker
        files = [*self.case.dataset.files(marker).items()]
        if self.case.action is Action.LATE_SETTINGS:
            del files[0]
        for key, body in reversed(files) if self.case.action is Action.LATE_SIBLINGS else files:
            self.upload(key, body)
        started = dataset.key(marker)
        found = self.bench.until(lambda: self.bench.observer.executions_of(started), SECONDS_TO_START)
        if not found:
            raise KeyError(f"{started} has started no execution")
        return str(found[0])

    def upload(self, key: str, body: bytes) -> None:
        """Upload an object into its input bucket."""
        self.bench.s3.put_object(Bucket=self.deployment.input_bucket, Key=key, Body=body)

    def executions(self) -> list[str]:
        """All that its object has started."""
        return self.bench.observer.executions_of(dataset.key(self.marker))

    def status(self, execution: str) -> str:
        """The execution's."""
        return str(self.bench.states.describe_execution(executionArn=execution)["status"])

    def wait_for_end(self, execution: str) -> None:
        """Until it runs no more, or until the harness gives up."""
        self.bench.until(lambda: self.status(execution) != "RUNNING", SECONDS_TO_END)

    def has_entered(self, execution: str) -> bool:
        """Whether it is in the case's state, with the call under way that is held there, or has ended without."""
        if self.status(execution) != "RUNNING":
            return True
        # Branches beside the one that is held go on, for as long as it takes to look.
        return self.is_held() and self.case.state in self.entered(execution, ALL_EVENTS if self.holds else LATE_EVENTS)

    def is_held(self) -> bool:
        """Whether the call that is held to keep the run in its state has come."""
        if self.case.breakpoint:
            return self.control.is_reached(self.marker)
        return not self.holds or self.simulation.hits(self.marker)[0] > 0

    @property
    def holds(self) -> bool:
        """Whether the case keeps the run in its state by a call that is held, of its function's or in it."""
        return bool(self.case.breakpoint or (self.case.rules and self.case.rules[0].kind is FaultKind.HOLD))

    def entered(self, execution: str, events: int = LATE_EVENTS) -> list[str]:
        """The states that it has entered in so many events, the last one first."""
        found = self.bench.states.get_execution_history(
            executionArn=execution, reverseOrder=True, maxResults=events, includeExecutionData=False
        )["events"]
        return [event["stateEnteredEventDetails"]["name"] for event in found if event["type"].endswith("StateEntered")]

    def state_bytes(self, execution: str, state: str) -> int:
        """The size of what it has entered this state with."""
        found = self.bench.states.get_execution_history(
            executionArn=execution, reverseOrder=True, maxResults=ALL_EVENTS
        )["events"]
        entered = [event["stateEnteredEventDetails"] for event in found if event["type"].endswith("StateEntered")]
        held = json.loads(next(details["input"] for details in entered if details["name"] == state))
        return len(json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode())

    def let_go(self) -> None:
        """Let the call go on that keeps it in its state."""
        if self.case.breakpoint:
            self.control.release(self.marker)
        elif self.holds:
            self.simulation.release(self.marker)

    def was_reconciled(self, execution: str) -> bool:
        """Whether a reconciliation has ended that this execution's end has called; true where nothing reconciles."""
        is_guarded = self.deployment_name not in self.bench.unguarded
        return not is_guarded or any(one.execution == execution for one in self.reconciliations())

    def has_been_told(self, execution: str, deliveries: int) -> bool:
        """Whether the event of this execution's end has come through, or has been delivered as often as it is."""
        told = [one for one in self.reconciliations() if one.execution == execution]
        return any(one.succeeded for one in told) or len(told) >= deliveries

    def reconciliations(self) -> list[Invocation]:
        """Those of its deployment that have ended, in whatever way, by when they began."""
        return self.bench.observer.invocations_of(f"{self.deployment_name}.{RECONCILER}")

    # --- What it has stored -------------------------------------------------------------------------------------------

    def run_id(self) -> str | None:
        """None before it is claimed, and where its bucket is gone."""
        try:
            listed = self.bench.s3.list_objects_v2(
                Bucket=self.deployment.output_bucket, Prefix=f"runs/{self.marker}-", MaxKeys=1
            )
        except self.bench.s3.exceptions.NoSuchBucket:
            return None
        return next((str(found["Key"]).split("/")[1] for found in listed.get("Contents", [])), None)

    def stored(self, name: str) -> dict[str, Any] | None:
        """A JSON document of the run's folder."""
        run_id = self.run_id()
        if run_id is None:
            return None
        try:
            found = self.bench.s3.get_object(Bucket=self.deployment.output_bucket, Key=f"runs/{run_id}/{name}")
        except self.bench.s3.exceptions.NoSuchKey:
            return None
        return dict(json.loads(found["Body"].read()))

    # --- What is left of it in Bedrock --------------------------------------------------------------------------------

    def leftovers(self) -> list[Thing]:
        """What exists of it now and may not, once it has ended."""
        return [thing for thing in self.bench.observer.live_of(self.marker) if not self.is_kept(thing)]

    def left(self) -> list[Seen]:
        """The same, with when it was seen."""
        live = self.leftovers()
        return [seen for seen in self.seen() if seen.thing in live] if live else []

    def seen(self) -> list[Seen]:
        """What existed of it at any time and may not exist once it has ended."""
        return [seen for seen in self.bench.observer.seen_of(self.marker) if not self.is_kept(seen.thing)]

    def is_kept(self, thing: Thing) -> bool:
        """A run leaves its model on purpose; a sweep leaves the chosen one, and all where none was chosen."""
        if thing.kind != "model" or "sweep" not in self.case.dataset.settings:
            return thing.kind == "model"
        choice = self.stored("sweep.json")
        return choice is None or thing.name.endswith(f"-c{choice['chosen']}")
