"""Errors that end an execution although its states catch States.ALL, as on AWS ("Handling errors in workflows").

In ministack States.ALL catches every error, a state may hold any number of bytes, and a history any number of events.
"""

import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions

from local import patches

# The most that a state may take, give, or get from what it calls, in bytes of UTF-8.
MOST_BYTES = 262_144
TOO_LARGE = "States.DataLimitExceeded"
# What Step Functions cannot process, such as a path that leads nowhere.
UNPROCESSABLE = "States.Runtime"
# The last event is the end of the execution ("Avoid reaching the history quota"; the words: loads/ardere#86).
MOST_EVENTS = 25_000
TOO_MANY_EVENTS = f"The execution reached the maximum number of history events ({MOST_EVENTS})."

# What is too large for a map is so before its Catch is looked at, which may name the error.
_STATES = ("_execute_task", "_execute_pass", "_execute_parallel", "_run_map_items", "_execute_map")
_CALLS = ("_invoke_resource", "_invoke_with_callback")

# Executions, by their names, whose histories are to be full.
_full: set[str] = set()


def apply() -> None:
    """Patch the imported ministack, in place; after `local.task_tokens`, which rewrites what is wrapped here."""
    catch_no_terminal_error()
    limit_data()
    limit_histories()


def catch_no_terminal_error() -> None:
    """A wildcard does not match these errors, and nothing matches States.Runtime."""
    patches._expect(stepfunctions, "_error_matches")
    matches = stepfunctions._error_matches

    def matches_unless_terminal(names: list[str], error: str) -> bool:
        if error == TOO_LARGE:
            return error in names
        return error != UNPROCESSABLE and bool(matches(names, error))

    stepfunctions._error_matches = matches_unless_terminal


def limit_data() -> None:
    """What a state gives on, and what it gets from a call, may have so many bytes."""
    for name in _STATES:
        patches._expect(stepfunctions, name)
        setattr(stepfunctions, name, _limited(getattr(stepfunctions, name), output=lambda result: result[0]))
    for name in _CALLS:
        patches._expect(stepfunctions, name)
        setattr(stepfunctions, name, _limited(getattr(stepfunctions, name), output=lambda result: result))


def limit_histories() -> None:
    """The event before the last one can be followed by the execution's end alone: it fails, whatever its states catch.

    An item of a distributed map is an execution of its own.
    """
    patches._expect(stepfunctions, "_add_event")
    add = stepfunctions._add_event

    # Branches write into one history at the same time.
    writing = threading.RLock()

    def add_within_limit(execution: dict[str, Any], kind: str, details: dict[str, Any] | None = None) -> Any:
        with writing:
            is_full = len(execution["events"]) >= MOST_EVENTS - 1 or execution["name"] in _full
            if not is_full or kind.startswith("Execution") or execution["status"] != "RUNNING":
                return add(execution, kind, details)
            if "mapRunArn" in execution:
                raise stepfunctions._ExecutionError(UNPROCESSABLE, TOO_MANY_EVENTS)
            stepfunctions._fail_execution(execution, UNPROCESSABLE, TOO_MANY_EVENTS)
            raise patches.ExecutionStoppedError

    stepfunctions._add_event = add_within_limit


def fill_history(name: str) -> None:
    """Let the history of the execution of this name be full at its next event."""
    _full.add(name)


def _limited(function: Callable[..., Any], *, output: Callable[[Any], Any]) -> Callable[..., Any]:
    def limited(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        text = json.dumps(output(result), ensure_ascii=False, separators=(",", ":"))
        if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
            raise stepfunctions._ExecutionError(
                TOO_LARGE,
                "The state/task returned a result with a size exceeding the maximum number of bytes service limit.",
            )
        return result

    return limited
