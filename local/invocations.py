"""A log of the Lambda functions' invocations: when each began and ended, what had called it, and whether it succeeded.

Who must know whether a function has had its turn reads it here: how long that takes depends on the machine.
"""

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_writing = threading.Lock()


@dataclass(frozen=True)
class Invocation:
    """One that has ended. `function` is `<environment>.<handler>`; times are epoch seconds.

    `source` is that of an event of EventBridge, `execution` the execution that such an event is about.
    """

    function: str
    source: str | None
    execution: str | None
    began: float
    ended: float
    succeeded: bool


def apply(log: Path) -> None:
    """Patch the imported ministack, so that it writes a line of JSON for each invocation."""
    from ministack.core import lambda_runtime  # noqa: PLC0415 - who only reads the log does without it

    worker: Any = lambda_runtime.Worker
    invoke = worker.invoke

    def invoke_and_log(self: Any, event: Any, *arguments: Any, **options: Any) -> Any:
        began = time.time()
        result: dict[str, Any] = {}
        try:
            result = invoke(self, event, *arguments, **options)
        finally:
            succeeded = result.get("status") == "ok"
            line = json.dumps(asdict(invocation(self.config, event, began, time.time(), succeeded=succeeded)))
            with _writing, log.open("a") as file:
                file.write(f"{line}\n")
        return result

    worker.invoke = invoke_and_log


def invocation(config: dict[str, Any], event: Any, began: float, ended: float, *, succeeded: bool) -> Invocation:
    """What is to be told of an invocation of the function with this configuration."""
    variables = config.get("Environment", {}).get("Variables", {})
    module = config.get("Handler", "").rpartition(".")[0].rpartition(".")[2]
    told = event if isinstance(event, dict) else {}
    detail = told.get("detail")
    execution = detail.get("executionArn") if isinstance(detail, dict) else None
    function = f"{variables.get('DEPLOYMENT', '')}.{module}"
    return Invocation(function, told.get("source"), execution, began, ended, succeeded)


class InvocationLog:
    """Reads a log as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def new(self) -> list[Invocation]:
        """Those that have ended since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            # The last line may not be written to its end.
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        return [Invocation(**json.loads(line)) for line in whole.splitlines()]
