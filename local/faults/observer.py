"""What exists and what runs on the embedded AWS, looked at again and again by one thread for all cases together."""

import json
import threading
import time
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from local.bedrock.faults import FAULT_LIST, Fault
from local.embedded_aws import EmbeddedAws

POLL_SECONDS = 0.15


@dataclass
class Seen:
    """A throughput: its name, and when it was seen first and last (epoch seconds)."""

    name: str
    first: float
    last: float


@dataclass
class Observation:
    """What was seen so far; replaced as a whole, so that a reader sees one moment."""

    at: float = 0
    live: frozenset[str] = frozenset()
    running_jobs: frozenset[str] = frozenset()


@dataclass
class Observer:
    """A context manager; `watch` makes it look at a state machine's executions, too."""

    aws: EmbeddedAws
    now: Observation = field(default_factory=Observation)
    seen: dict[str, Seen] = field(default_factory=dict)
    most_live: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self._bedrock = Simulation(self.aws.bedrock_endpoint)
        self._states = self.aws.client("stepfunctions")
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

    def throughputs_of(self, marker: str) -> list[Seen]:
        """The throughputs whose names have the marker, gone ones too."""
        return [seen for seen in list(self.seen.values()) if marker in seen.name]

    def live_of(self, marker: str) -> list[str]:
        """The names of those that exist now."""
        return [name for name in self.now.live if marker in name]

    def jobs_of(self, marker: str) -> list[str]:
        """The names of the jobs that train now."""
        return [name for name in self.now.running_jobs if marker in name]

    def _look_until_ended(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            self._look_at_bedrock()
            for machine in self._machines:
                self._look_at_executions(machine)

    def _look_at_bedrock(self) -> None:
        at = time.time()
        state = self._bedrock.state()
        # By ARN: a run that buys twice has two throughputs of one name.
        for one in state["provisioned_throughputs"]:
            seen = self.seen.setdefault(one["provisionedModelArn"], Seen(one["provisionedModelName"], at, at))
            seen.last = at
        names = [one["provisionedModelName"] for one in state["provisioned_throughputs"]]
        for deployment in {name.split("-", 1)[0] for name in names}:
            live = sum(name.startswith(f"{deployment}-") for name in names)
            self.most_live[deployment] = max(self.most_live[deployment], live)
        jobs = frozenset(job["jobName"] for job in state["jobs"] if job["status"] == "InProgress")
        self.now = Observation(at, frozenset(names), jobs)

    def _look_at_executions(self, machine: str) -> None:
        try:
            listed = self._states.list_executions(stateMachineArn=machine, maxResults=100)["executions"]
            for arn in [one["executionArn"] for one in listed if one["executionArn"] not in self._executions]:
                event = json.loads(self._states.describe_execution(executionArn=arn)["input"])
                self._executions[arn] = event.get("detail", {}).get("object", {}).get("key", "")
        except (self._states.exceptions.StateMachineDoesNotExist, self._states.exceptions.ExecutionDoesNotExist):
            # Deleted meanwhile.
            self.forget(machine)


@dataclass(frozen=True)
class Simulation:
    """The simulated Bedrock's own interface (docs/simulated-bedrock.md)."""

    endpoint: str

    def state(self) -> dict[str, Any]:
        """The jobs, custom models and throughputs that exist."""
        found: dict[str, Any] = self._call("GET", "state")
        return found

    def put_faults(self, name: str, faults: list[Fault]) -> None:
        """Put a set of rules in force."""
        self._call("POST", f"faults/{name}", FAULT_LIST.dump_json(faults))

    def remove_faults(self, name: str) -> None:
        """End a set of rules."""
        self._call("DELETE", f"faults/{name}")

    def hits(self, name: str) -> list[int]:
        """How many calls each rule of a set has hit."""
        found: list[int] = self._call("GET", f"faults/{name}")["hits"]
        return found

    def _call(self, method: str, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.endpoint}/_simulation/{path}", data=body, method=method)  # noqa: S310 - http on loopback
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as response:
            return json.load(response)
