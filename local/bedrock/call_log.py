"""A line per call that the service received, for whoever wants to prove what a run did."""

import json
import os
from pathlib import Path
from typing import Any


class CallLog:
    """Appends `{"time", "operation", "status", "resource", "error"}` as JSON lines; without a path it keeps nothing.

    `time` is in epoch seconds, `status` the HTTP status (null where the connection was dropped), `resource` the ARN or
    model id that was made, asked, invoked or deleted (null for lists), `error` the error's code or null.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: int | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def append(
        self, *, time: float, operation: str, status: int | None, resource: str | None, error: str | None
    ) -> None:
        """Write one line in a single system call, so that lines of concurrent calls never mix."""
        if self._file is None:
            return
        line: dict[str, Any] = {
            "time": round(time, 3),
            "operation": operation,
            "status": status,
            "resource": resource,
            "error": error,
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Close the file; later calls are not logged."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
