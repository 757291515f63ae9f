"""A line per call that the service received, for whoever wants to prove what a run did."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


def digest_asked(model_id: str, texts: Iterable[str]) -> str:
    """What stands for a question in the log: the same model, asked the same texts."""
    return hashlib.sha256("\0".join((model_id, *texts)).encode(errors="surrogatepass")).hexdigest()[:24]


def texts_of(params: Mapping[str, Any]) -> Iterator[str]:
    """The texts of a request of Converse, in their order."""
    contents = [params.get("system") or [], *(message["content"] for message in params["messages"])]
    return (block["text"] for blocks in contents for block in blocks if "text" in block)


class CallLog:
    """Appends `{"time", "operation", "status", "resource", "error"}` as JSON lines; without a path it keeps nothing.

    `time` is in epoch seconds, `status` the HTTP status (null where the connection was dropped), `resource` the ARN or
    model id that was made, asked, invoked or deleted (null for lists), `error` the error's code or null. A call of
    Converse has the digest of what was `asked`, too.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: int | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def append(
        self,
        *,
        time: float,
        operation: str,
        status: int | None,
        resource: str | None,
        error: str | None,
        asked: str | None = None,
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
        if asked is not None:
            line["asked"] = asked
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Close the file; later calls are not logged."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
