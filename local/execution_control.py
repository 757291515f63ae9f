"""What an observer may do to an execution of the embedded AWS: hold it in a Task, and let its time be over.

An observer that had to be quick enough would miss its moment on a busy machine. Routes, behind the session token:

- `PUT /_simulation/breakpoints/<name>` with `{"state", "when", "match"}`: the executions whose input has the text
  `match` are held in the Task `state`, `before` or `after` its function runs, until the `DELETE` of the same route.
  `GET` tells `{"reached": true}` once one is held. A function that is let go on runs, as on AWS, although its execution
  may have been stopped meanwhile.
- `PUT /_simulation/refusals/<name>` with `{"state", "match", "calls"}`: Lambda refuses so many calls of that state's
  function, as where the account has no concurrency left. `GET` tells `{"left": n}`, how many are still to come.
- `PUT /_simulation/concurrency/<environment>` with `{"limit": n}`: the functions of this deployment get so many calls
  at a time, as in an account with such a quota (`local.concurrency`). `GET` tells `{"refused": n}`.
- `GET /_simulation/executions/<name>` tells `{"calls": n}`, how many functions run for the execution, be it that it has
  ended; `<name>` is the last part of its ARN.
- `POST /_simulation/executions/<name>/time-out`: the execution's own timeout is over.
- `POST /_simulation/executions/<name>/expire`: the timeout of the Task that waits for its token is over.
- `POST /_simulation/executions/<name>/fill-history`: the execution has as many events as it may have.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from ministack.services import stepfunctions

from local import concurrency, patches, task_tokens, terminal_errors

PREFIX = "/_simulation/"

_state: ContextVar[str] = ContextVar("state", default="")
_breakpoints: dict[str, "Breakpoint"] = {}
_refusals: dict[str, "Refusal"] = {}
_calls: Counter[str] = Counter()
_counting = threading.Lock()


@dataclass
class Breakpoint:
    """Where executions are held."""

    state: str
    when: Literal["before", "after"]
    match: str
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass
class Refusal:
    """Calls of a state's function that Lambda refuses."""

    state: str
    match: str
    calls: int


def apply() -> None:
    """Patch the imported ministack, in place; after `local.task_tokens`, which rewrites what is wrapped here."""
    execute, call = stepfunctions._execute_task, stepfunctions._call_lambda

    def execute_in_state(definition: Any, data: Any, execution: Any, context: dict[str, Any]) -> Any:
        _state.set(context["State"]["Name"])
        return execute(definition, data, execution, context)

    def call_unless_held(function: Any, event: Any) -> Any:
        name = (patches.current_execution() or {}).get("name", "")
        count(name, 1)
        try:
            hold("before")
            refuse()
            try:
                return call(function, event)
            finally:
                hold("after")
        finally:
            count(name, -1)

    stepfunctions._execute_task, stepfunctions._call_lambda = execute_in_state, call_unless_held


def count(name: str, more: int) -> None:
    """Count the functions that run for the execution of this name."""
    with _counting:
        _calls[name] += more


def hold(when: str) -> None:
    """Wait while the current Task is at a breakpoint."""
    execution = patches.current_execution()
    for one in list(_breakpoints.values()):
        if execution and (one.state, one.when) == (_state.get(), when) and one.match in execution["input"]:
            one.reached.set()
            one.released.wait()


def refuse() -> None:
    """Raise what Step Functions sees where Lambda has no concurrency left, if this call is to be refused."""
    execution = patches.current_execution()
    with _counting:
        for one in _refusals.values():
            if execution and one.state == _state.get() and one.calls and one.match in execution["input"]:
                one.calls -= 1
                raise stepfunctions._ExecutionError("Lambda.TooManyRequestsException", "Rate Exceeded.")


def answer(method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """The status and the answer of a request to one of the routes; `path` without the prefix."""
    collection, _, rest = path.partition("/")
    name, _, action = rest.partition("/")
    if collection == "breakpoints" and name and not action:
        if method == "PUT":
            _breakpoints[name] = Breakpoint(**json.loads(body))
        elif method == "DELETE" and name in _breakpoints:
            _breakpoints.pop(name).released.set()
        return 200, {"reached": name in _breakpoints and _breakpoints[name].reached.is_set()}
    if collection == "refusals" and name and not action:
        if method == "PUT":
            _refusals[name] = Refusal(**json.loads(body))
        return 200, {"left": _refusals[name].calls if name in _refusals else 0}
    if collection == "concurrency" and name and not action:
        if method == "PUT":
            concurrency.limit(name, json.loads(body)["limit"])
        return 200, {"refused": concurrency.refused(name)}
    ends = {
        "time-out": patches.time_out,
        "expire": task_tokens.expire,
        "fill-history": terminal_errors.fill_history,
    }
    if (collection, method, action) == ("executions", "GET", ""):
        return 200, {"calls": _calls[name]}
    if collection == "executions" and method == "POST" and action in ends:
        ends[action](name)
        return 200, {}
    return 404, {"message": f"No route {method} {PREFIX}{path}"}


def asgi(app: Callable[..., Any]) -> Callable[..., Any]:
    """The application with these routes before its own."""

    async def routed(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, told = answer(scope["method"], scope["path"].removeprefix(PREFIX), body)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    return routed
