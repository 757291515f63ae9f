"""A record of decisions, a line of JSON each: who, what, on which resource, with what context, and what decided."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from local.permissions.evaluator import AccessDecision, DecisiveStatement, Outcome
from local.permissions.request import AccessRequest, ContextValue


@dataclass(frozen=True)
class RecordedDecision:
    """One decision; `statements` are those that allowed or denied, none where nothing allows.

    `undecided` is a call that nobody could decide on, and `why`: whoever reads the record should fail.
    """

    time: float
    origin: str
    principal: str
    action: str
    resource: str
    context: dict[str, ContextValue]
    decision: Outcome | Literal["undecided"]
    statements: tuple[DecisiveStatement, ...]
    ignored: tuple[str, ...]
    why: str = ""


class DecisionRecord:
    """Writes the file, or nothing where there is none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._writing = threading.Lock()

    def append(self, request: AccessRequest, resource: str, decision: AccessDecision) -> None:
        """Record one decision."""
        self._write(_line(request, resource, decision.outcome, decision.statements, decision.ignored))

    def append_undecided(self, request: AccessRequest, error: Exception) -> None:
        """Record a request that cannot be decided on; its action may be an operation that nobody knows."""
        why = f"{type(error).__name__}: {error}"
        for resource in request.resources:
            self._write(_line(request, resource, "undecided", why=why))

    def _write(self, line: RecordedDecision) -> None:
        if self._path is None:
            return
        with self._writing, self._path.open("a") as file:
            file.write(f"{json.dumps(asdict(line))}\n")


def _line(
    request: AccessRequest,
    resource: str,
    decision: Outcome | Literal["undecided"],
    statements: tuple[DecisiveStatement, ...] = (),
    ignored: tuple[str, ...] = (),
    why: str = "",
) -> RecordedDecision:
    return RecordedDecision(
        time.time(),
        request.origin,
        request.principal_arn,
        request.action,
        resource,
        dict(request.context),
        decision,
        statements,
        ignored,
        why,
    )


def recorded(path: Path) -> Iterator[RecordedDecision]:
    """What such a file holds, in the order of the decisions."""
    with path.open() as file:
        for line in file:
            read = json.loads(line)
            read["statements"] = tuple(DecisiveStatement(**each) for each in read["statements"])
            read["ignored"] = tuple(read["ignored"])
            read["context"] = {
                key: each if isinstance(each, str) else tuple(each) for key, each in read["context"].items()
            }
            yield RecordedDecision(**read)
