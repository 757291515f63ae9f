"""The run of one case: its executions, what it has stored, and what is left of it in Bedrock."""

import json
from dataclasses import dataclass
from typing import Any

from local.deployment import Deployment
from local.faults import dataset
from local.faults.bench import Bench, Result
from local.faults.case import Action, Case
from local.faults.observer import Seen, Simulation, Thing

# How far back a state still counts as entered lately: a turn of a polling loop is about ten events.
LATE_EVENTS = 40
SECONDS_TO_START = 60
SECONDS_TO_END = 300


class MissedError(Exception):
    """The run was not in the case's state when the fault came, as on a busy machine: the case is tried again."""


@dataclass(frozen=True)
class Run:
    """`marker` is a text that nothing else on this AWS has; `deployment_name` is what its Bedrock names begin with."""

    bench: Bench
    case: Case
    marker: str
    deployment: Deployment
    deployment_name: str
    result: Result

    @property
    def simulation(self) -> Simulation:
        """The simulated Bedrock."""
        return Simulation(self.bench.aws.bedrock_endpoint, self.bench.aws.token)

    # --- Executions ---------------------------------------------------------------------------------------------------

    def start(self, deployment: Deployment | None = None, marker: str | None = None) -> str:
        """Upload the data set; returns the execution that it starts. Raises KeyError where it starts none."""
        marker = marker or self.marker
        files = [*self.case.dataset.files(marker).items()]
        for key, body in reversed(files) if self.case.action is Action.LATE_SIBLINGS else files:
            self.bench.s3.put_object(Bucket=(deployment or self.deployment).input_bucket, Key=key, Body=body)
        started = dataset.key(marker)
        found = self.bench.until(lambda: self.bench.observer.executions_of(started), SECONDS_TO_START)
        if not found:
            raise KeyError(f"{started} has started no execution")
        return str(found[0])

    def executions(self) -> list[str]:
        """All that its object has started."""
        return self.bench.observer.executions_of(dataset.key(self.marker))

    def status(self, execution: str) -> str:
        """The execution's."""
        return str(self.bench.states.describe_execution(executionArn=execution)["status"])

    def wait_for_end(self, execution: str) -> None:
        """Until it runs no more, or for five minutes."""
        self.bench.until(lambda: self.status(execution) != "RUNNING", SECONDS_TO_END)

    def has_entered(self, execution: str) -> bool:
        """Whether it is in the case's state, with the call under way that keeps it there, or has ended without."""
        if self.status(execution) != "RUNNING":
            return True
        return self.is_held() and self.case.state in self.entered(execution)

    def is_held(self) -> bool:
        """Whether the call that is slowed down to keep the run in its state has come."""
        rules = self.case.rules
        return not rules or not rules[0].kind.startswith("slow") or self.simulation.hits(self.marker)[0] > 0

    def entered(self, execution: str) -> list[str]:
        """The states that it has entered lately, the last one first."""
        events = self.bench.states.get_execution_history(
            executionArn=execution, reverseOrder=True, maxResults=LATE_EVENTS, includeExecutionData=False
        )["events"]
        return [event["stateEnteredEventDetails"]["name"] for event in events if event["type"].endswith("StateEntered")]

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
        return [thing for thing in self.bench.observer.live_of(self.marker) if not self._is_kept(thing)]

    def seen(self) -> list[Seen]:
        """What existed of it at any time and may not exist once it has ended."""
        return [seen for seen in self.bench.observer.seen_of(self.marker) if not self._is_kept(seen.thing)]

    def _is_kept(self, thing: Thing) -> bool:
        """A run leaves its model on purpose; a sweep leaves the chosen one, and none where none was chosen."""
        if thing.kind != "model" or "sweep" not in self.case.dataset.settings:
            return thing.kind == "model"
        choice = self.stored("sweep.json")
        return choice is not None and thing.name.endswith(f"-c{choice['chosen']}")
