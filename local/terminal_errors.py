"""Errors that end an execution although its states catch States.ALL, as on AWS ("Handling errors in workflows").

In ministack States.ALL catches every error, and a state may hold any number of bytes.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions

from local import patches

# The most that a state may take, give, or get from what it calls, in bytes of UTF-8.
MOST_BYTES = 262_144
TOO_LARGE = "States.DataLimitExceeded"
# What Step Functions cannot process, such as a path that leads nowhere.
UNPROCESSABLE = "States.Runtime"

_STATES = ("_execute_task", "_execute_pass", "_execute_parallel", "_execute_map")
_CALLS = ("_invoke_resource", "_invoke_with_callback")


def apply() -> None:
    """Patch the imported ministack, in place; after `local.task_tokens`, which rewrites what is wrapped here."""
    catch_no_terminal_error()
    limit_data()


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
