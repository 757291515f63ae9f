"""What exists and what runs on the embedded AWS, looked at again and again by one thread for all cases together."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lambdas.domain.batch.batch_job import UNDER_WAY
from local.embedded_aws import EmbeddedAws
from local.faults.case import Kind
from local.faults.controls import Simulation
from local.invocations import Invocation, InvocationLog

POLL_SECONDS = 0.15
# What bills, or can be made to, as long as it exists; the slots bound it.
SERVING: tuple[Kind, ...] = ("throughput", "deployment")


class Thing(NamedTuple):
    """Something in Bedrock that a run may have left."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass
class Seen:
    """A thing, and when it was seen first and last (epoch seconds): a job as long as it is InProgress."""

    arn: str
    thing: Thing
    first: float
    last: float


@dataclass
class Observation:
    """What was seen last; replaced as a whole, so that a reader sees one moment."""

    at: float = 0
    live: frozenset[Thing] = frozenset()


@dataclass
class Observer:
    """A context manager; `watch` makes it look at a state machine's executions, too."""

    aws: EmbeddedAws
    now: Observation = field(default_factory=Observation)
    seen: dict[str, Seen] = field(default_factory=dict)
    most_live: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self._bedrock = Simulation(self.aws.bedrock_endpoint, self.aws.token)
        self._states = self.aws.client("stepfunctions")
        self._log = InvocationLog(self.aws.invocations)
        self._invocations: list[Invocation] = []
        self._machines: list[str] = []
        self._executions: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_until_ended, name="observer", daemon=True)

    def __enter__(self) -> "Observer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def watch(self, state_machine: str) -> None:
        """Look at this state machine's executions from now on."""
        self._machines = [*self._machines, state_machine]

    def forget(self, state_machine: str) -> None:
        """It is deleted."""
        self._machines = [machine for machine in self._machines if machine != state_machine]

    def executions_of(self, key: str) -> list[str]:
        """The executions that an object of the input bucket has started."""
        return [arn for arn, started_by in list(self._executions.items()) if started_by == key]

    def invocations_of(self, function: str) -> list[Invocation]:
        """The invocations of `<environment>.<handler>` that have ended, by when they began."""
        found = [one for one in list(self._invocations) if one.function == function]
        return sorted(found, key=lambda one: one.began)

    def seen_of(self, marker: str) -> list[Seen]:
        """All whose names have the marker, gone ones too."""
        return [seen for seen in list(self.seen.values()) if marker in seen.thing.name]

    def live_of(self, marker: str) -> list[Thing]:
        """Those that exist now."""
        return [thing for thing in self.now.live if marker in thing.name]

    def serving(self) -> list[Thing]:
        """Whatever serves a model now, of whichever run."""
        return [thing for thing in self.now.live if thing.kind in SERVING]

    def _look_until_ended(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            self._invocations.extend(self._log.new())
            self._look_at_bedrock()
            for machine in self._machines:
                self._look_at_executions(machine)

    def _look_at_bedrock(self) -> None:
        at = time.time()
        live = []
        # By ARN: a run that buys twice has two throughputs of one name.
        for arn, thing in things(self._bedrock.state()):
            self.seen.setdefault(arn, Seen(arn, thing, at, at)).last = at
            live.append(thing)
        for deployment in {thing.name.split("-", 1)[0] for thing in live}:
            bought = sum(thing.kind in SERVING and thing.name.startswith(f"{deployment}-") for thing in live)
            self.most_live[deployment] = max(self.most_live[deployment], bought)
        self.now = Observation(at, frozenset(live))

    def _look_at_executions(self, machine: str) -> None:
        try:
            listed = self._states.list_executions(stateMachineArn=machine, maxResults=100)["executions"]
            for arn in [one["executionArn"] for one in listed if one["executionArn"] not in self._executions]:
                event = json.loads(self._states.describe_execution(executionArn=arn)["input"])
                self._executions[arn] = event.get("detail", {}).get("object", {}).get("key", "")
        except (self._states.exceptions.StateMachineDoesNotExist, self._states.exceptions.ExecutionDoesNotExist):
            # Deleted meanwhile.
            self.forget(machine)


def things(state: Mapping[str, Any]) -> Iterator[tuple[str, Thing]]:
    """What exists of each kind, with its ARN, from the simulated Bedrock's state; of jobs those under way."""
    for one in state["provisioned_throughputs"]:
        yield one["provisionedModelArn"], Thing("throughput", one["provisionedModelName"])
    for one in state["custom_model_deployments"]:
        yield one["customModelDeploymentArn"], Thing("deployment", one["customModelDeploymentName"])
    for one in state["custom_models"]:
        yield one["modelArn"], Thing("model", one["modelName"])
    for one in state["jobs"]:
        if one["status"] == "InProgress":
            yield one["jobArn"], Thing("job", one["jobName"])
    for one in state["batch_jobs"]:
        if one["status"] in UNDER_WAY:
            yield one["jobArn"], Thing("batch job", one["jobName"])
