"""`fine-tune logs`: what the functions have logged of a run, from CloudWatch Logs, in the order of time."""

import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from cli.environment import Environment
from cli.known_runs import execution_of
from cli.runs import read_claim
from lambdas.adapters.aws.service_errors import NotFound, named_errors
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.serving.lease import RUNNING
from local.terminal import Console

# CloudWatch Logs answers ten such calls a second for the account.
READERS = 4
PAUSE_SECONDS = 10.0
# An event may show some seconds after its time.
LATE_MILLISECONDS = 60_000
# The log groups of functions, by their logical ids in the stack: FunctionsClaimRunLogs1A2B3C4D.
_GROUP = re.compile(r"Functions(?P<function>\w+?)Logs[0-9A-F]{8}")
# What each line of Powertools has; all else is the line's own.
_COMMON = frozenset(
    {
        *("level", "location", "message", "timestamp", "service", "cold_start", "run_id", "sampling_rate"),
        *("function_name", "function_memory_size", "function_arn", "function_request_id", "xray_trace_id"),
    }
)


class NoLogsError(Exception):
    """The environment's log groups are not there; the message says why."""


class LogLine(NamedTuple):
    """A line of a function; `at` is in milliseconds since 1970."""

    at: int
    event_id: str
    function: str
    text: str


class RunLogs:
    """The log lines of one run."""

    def __init__(self, environment: Environment, run_id: str) -> None:
        """Raises UnknownRunError and NoLogsError."""
        self._environment, self._run_id = environment, run_id
        self._arn = execution_of(environment, run_id)
        self._logs = environment.account.client("logs")
        self._groups = _groups(environment)
        claim = read_claim(environment, run_id)
        claimed = datetime.fromisoformat(claim.claimed_at).timestamp() * 1000 if claim else 0
        self._since = max(0, int(claimed) - LATE_MILLISECONDS)
        self._seen: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether the run's execution has ended."""
        execution = self._environment.adapters.executions.find(self._arn)
        return execution is None or execution.status != RUNNING

    def read(self) -> list[LogLine]:
        """The lines that were not read yet, oldest first. Raises Refused and ServiceBusy."""
        with ThreadPoolExecutor(READERS) as readers:
            found = [line for lines in readers.map(self._of, self._groups.items()) for line in lines]
        new = sorted(line for line in found if line.event_id not in self._seen)
        self._seen.update(line.event_id for line in new)
        if new:
            self._since = max(self._since, new[-1].at - LATE_MILLISECONDS)
        return new

    def follow(self) -> Iterator[LogLine]:
        """The lines as they come, until the run is over. A busy AWS is asked again."""
        while True:
            try:
                is_over = self.is_over
                yield from self.read()
            except ServiceBusy:
                is_over = False
            if is_over:
                return
            time.sleep(PAUSE_SECONDS)

    def _of(self, group: tuple[str, str]) -> list[LogLine]:
        function, name = group
        try:
            with named_errors(f"Reading the log group {name}"):
                pages = self._logs.get_paginator("filter_log_events").paginate(
                    logGroupName=name, filterPattern=f'"{self._run_id}"', startTime=self._since
                )
                return [
                    LogLine(event["timestamp"], event["eventId"], function, event["message"])
                    for page in pages
                    for event in page["events"]
                ]
        except NotFound:
            # Of a function that is new or gone.
            return []


def _groups(environment: Environment) -> dict[str, str]:
    """The functions' log groups, by the functions' names."""
    stack = f"{environment.name}-pipeline"
    with named_errors(f"Listing the resources of the stack {stack}"):
        pages = environment.account.client("cloudformation").get_paginator("list_stack_resources")
        resources = [one for page in pages.paginate(StackName=stack) for one in page["StackResourceSummaries"]]
    found = {
        match["function"]: str(one["PhysicalResourceId"])
        for one in resources
        if one["ResourceType"] == "AWS::Logs::LogGroup" and (match := _GROUP.fullmatch(one["LogicalResourceId"]))
    }
    if not found:
        raise NoLogsError(f"The stack {stack} has no log group of a function: has `make deploy` ended?")
    return found


def tell_line(console: Console, line: LogLine) -> None:
    """Time, function, level and message, with what the line has besides; a line that is no JSON as it is."""
    moment = datetime.fromtimestamp(line.at / 1000, UTC)
    begin = f"{moment:%Y-%m-%d %H:%M:%S} {line.function}"
    try:
        document: Any = orjson.loads(line.text)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or "message" not in document:
        console.write_lines(f"{begin}: {line.text.rstrip()}")
        return
    level = str(document.get("level", ""))
    style = "bold red" if level in ("ERROR", "CRITICAL") else "yellow" if level == "WARNING" else None
    console.write_lines(f"{begin} {level}: {document['message']}{_rest(document)}", style)


def _rest(document: Mapping[str, Any]) -> str:
    own = {key: value for key, value in document.items() if key not in _COMMON}
    return f" {orjson.dumps(own).decode()}" if own else ""
