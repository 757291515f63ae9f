"""What the embedded AWS and the simulated Bedrock offer beside AWS's own interfaces."""

import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from local.bedrock.faults import FAULT_LIST, Fault
from local.faults.case import Breakpoint
from local.request_guard import TOKEN_HEADER

SECONDS_TO_ANSWER = 300


@dataclass(frozen=True)
class _Control:
    endpoint: str
    token: str = field(repr=False)

    def call(self, method: str, path: str, body: bytes | None = None) -> Any:
        """The answer of one of the routes below `/_simulation/`."""
        url, headers = f"{self.endpoint}/_simulation/{path}", {TOKEN_HEADER: self.token}
        request = urllib.request.Request(url, data=body, headers=headers, method=method)  # noqa: S310 - http on loopback
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=SECONDS_TO_ANSWER) as response:
            return json.load(response)


class Simulation(_Control):
    """The simulated Bedrock's own interface (docs/simulated-bedrock.md)."""

    def state(self) -> dict[str, Any]:
        """The jobs, custom models and throughputs that exist."""
        found: dict[str, Any] = self.call("GET", "state")
        return found

    def put_faults(self, name: str, faults: list[Fault]) -> None:
        """Put a set of rules in force."""
        self.call("POST", f"faults/{name}", FAULT_LIST.dump_json(faults))

    def release(self, name: str) -> None:
        """Let the calls go on that a set of rules holds."""
        self.call("POST", f"faults/{name}/release")

    def remove_faults(self, name: str) -> None:
        """End a set of rules."""
        self.call("DELETE", f"faults/{name}")

    def hits(self, name: str) -> list[int]:
        """How many calls each rule of a set has hit."""
        found: list[int] = self.call("GET", f"faults/{name}")["hits"]
        return found


class ExecutionControl(_Control):
    """The routes of `local.execution_control`."""

    def hold(self, match: str, state: str, when: Breakpoint) -> None:
        """Hold executions whose input has the text `match` in this state, before or after its function runs."""
        body = {"state": state, "when": when, "match": match}
        self.call("PUT", f"breakpoints/{match}", json.dumps(body).encode())

    def is_reached(self, match: str) -> bool:
        """Whether one is held."""
        return bool(self.call("GET", f"breakpoints/{match}")["reached"])

    def release(self, match: str) -> None:
        """Let them go on."""
        self.call("DELETE", f"breakpoints/{match}")

    def refuse(self, match: str, state: str, calls: int) -> None:
        """Let Lambda refuse so many calls of this state's function, of executions whose input has the text `match`."""
        body = {"state": state, "match": match, "calls": calls}
        self.call("PUT", f"refusals/{match}", json.dumps(body).encode())

    def refusals_left(self, match: str) -> int:
        """How many of these refusals are still to come."""
        return int(self.call("GET", f"refusals/{match}")["left"])

    def limit_concurrency(self, deployment: str, calls: int) -> None:
        """Let the functions of this deployment have so many calls at a time."""
        self.call("PUT", f"concurrency/{deployment}", json.dumps({"limit": calls}).encode())

    def refused_for_concurrency(self, deployment: str) -> int:
        """How many calls of its functions Lambda has refused."""
        return int(self.call("GET", f"concurrency/{deployment}")["refused"])

    def calls(self, execution: str) -> int:
        """How many functions run for it, which may have ended."""
        return int(self.call("GET", f"executions/{_name(execution)}")["calls"])

    def time_out(self, execution: str) -> None:
        """The execution's own timeout is over."""
        self._end(execution, "time-out")

    def fill_history(self, execution: str) -> None:
        """The execution has as many events as it may have."""
        self._end(execution, "fill-history")

    def expire(self, execution: str) -> None:
        """The timeout of the Task that waits for its token is over."""
        self._end(execution, "expire")

    def _end(self, execution: str, how: str) -> None:
        self.call("POST", f"executions/{_name(execution)}/{how}")


def _name(execution: str) -> str:
    return execution.rpartition(":")[2]
