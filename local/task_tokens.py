"""Tasks that wait for their token to be sent back (`.waitForTaskToken`), as on AWS.

In ministack such a Task's timeout is real time, it outlives its execution, and the error of the Lambda that should have
passed the token on is swallowed, so that the Task waits in vain. On AWS that error fails the Task, each attempt has a
token of its own, and one whose Task is closed answers TaskTimedOut.
"""

import textwrap
import threading
import time
from typing import Any

from ministack.services import stepfunctions

from local import patches

# What AWS lets a Task wait by default, in seconds ("Task workflow state", Step Functions' developer guide).
LONGEST_SECONDS = 99_999_999

_closed: set[str] = set()
# The names of the executions whose Task has waited long enough.
_expired: set[str] = set()


def apply() -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    wait_on_the_scaled_clock()
    give_each_attempt_a_token()
    close_tokens()


def wait_on_the_scaled_clock() -> None:
    """The wait ends with its timeout, with the execution, or with the error of the Lambda that was called."""
    stepfunctions.called_back = called_back
    call = "            _call_lambda(func_ref, lambda_payload)\n        except _ExecutionError:\n            pass\n"
    patches._rewrite(
        stepfunctions,
        "_invoke_with_callback",
        (call, call.replace("pass", "raise")),
        ('state_def.get("TimeoutSeconds", 99999)', f'state_def.get("TimeoutSeconds", {LONGEST_SECONDS})'),
        ("evt.wait(timeout=timeout)", "called_back(evt, timeout)"),
    )


def called_back(event: threading.Event, seconds: float) -> bool:
    """Whether the event came within so many seconds of the scaled clock; raises ExecutionStoppedError."""
    end = time.monotonic() + seconds * stepfunctions._SFN_WAIT_SCALE
    while not event.wait(max(0.0, min(end - time.monotonic(), 0.05))):
        patches.raise_if_stopped()
        execution = patches.current_execution()
        if time.monotonic() >= end or (execution is not None and execution["name"] in _expired):
            return False
    return True


def expire(name: str) -> None:
    """Let the timeout be over of the Task in which the execution of this name waits for its token."""
    _expired.add(name)


def give_each_attempt_a_token() -> None:
    """In ministack a retried Task waits for the token that its failed attempt has given away."""
    made = '    if is_callback:\n        ctx["Task"] = {"Token": new_uuid()}\n\n'
    attempt = '        ctx["State"]["RetryCount"] = sum(retry_counts.values())\n'
    patches._rewrite(stepfunctions, "_execute_task", (made, ""), (attempt, attempt + textwrap.indent(made, "    ")))


def close_tokens() -> None:
    """A token is closed as soon as its attempt has ended, in whatever way."""
    invoke = stepfunctions._invoke_with_callback

    def invoke_and_close(resource: str, data: Any, token: str, state: dict[str, Any]) -> Any:
        try:
            return invoke(resource, data, token, state)
        finally:
            stepfunctions._task_tokens.pop(token, None)
            _closed.add(token)

    stepfunctions._invoke_with_callback = invoke_and_close
    for name in ("_send_task_success", "_send_task_failure"):
        patches._expect(stepfunctions, name)
        setattr(stepfunctions, name, unless_closed(getattr(stepfunctions, name)))


def unless_closed(send: Any) -> Any:
    """The operation, which a closed token does not reach."""

    def send_if_open(data: dict[str, Any]) -> Any:
        if data.get("taskToken") in _closed:
            return stepfunctions.error_response_json("TaskTimedOut", "The task is closed.", 400)
        return send(data)

    return send_if_open
