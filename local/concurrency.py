"""Lambda's concurrency as on AWS: the account's limit, what functions reserve of it, and calls that wait for room.

In ministack a reservation takes nothing from the others, and is not made by CloudFormation; a call beyond the limit
comes to Step Functions without its name, and an asynchronous one is given up after three attempts.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.services import lambda_svc, stepfunctions
from ministack.services.cloudformation import custom_resource, provisioners

from local import patches

# What must stay without a reservation ("Configuring reserved concurrency", Lambda's developer guide).
LEAST_UNRESERVED = 100
# So long Lambda keeps an asynchronous call that it has no room for ("How Lambda handles errors and retries").
LONGEST_QUEUE_SECONDS = 6 * 3600
LONGEST_PAUSE_SECONDS = 300

_FUNCTION = "AWS::Lambda::Function"
_counting = threading.Lock()
_running: Counter[str] = Counter()
_unreserved: Counter[str] = Counter()
_refused: Counter[str] = Counter()
# The limits of deployments that have an account of their own, as it were.
_limits: dict[str, int] = {}

ACCOUNT = ""


@dataclass(frozen=True)
class ConcurrencySlot:
    """One call's part of the concurrency; `deployment` is None where its function has a reservation."""

    function: str
    deployment: str | None


def apply() -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    for name in ("_acquire_execution_slot", "_release_execution_slot", "_put_function_concurrency"):
        patches._expect(lambda_svc, name)
    lambda_svc._acquire_execution_slot, lambda_svc._release_execution_slot = acquire, release
    lambda_svc._put_function_concurrency = refusing_too_large(lambda_svc._put_function_concurrency)
    name_refusals()
    queue_asynchronous_calls()
    reserve_in_stacks()


def acquire(function: dict[str, Any], config: dict[str, Any]) -> tuple[ConcurrencySlot | None, str | None]:
    """A call's slot, or None and whose limit is reached: the function's, or the account's."""
    key, reserved = lambda_svc._inflight_key(config), lambda_svc._reserved_concurrency(function, config)
    deployment = config.get("Environment", {}).get("Variables", {}).get("DEPLOYMENT", ACCOUNT)
    with _counting:
        if reserved is not None:
            if _running[key] >= reserved:
                _refused[deployment] += 1
                return None, "function"
        elif _unreserved.total() >= unreserved() or _unreserved[deployment] >= _limits.get(deployment, unreserved()):
            _refused[deployment] += 1
            return None, "account"
        else:
            _unreserved[deployment] += 1
        _running[key] += 1
        return ConcurrencySlot(key, deployment if reserved is None else None), None


def release(slot: ConcurrencySlot | None) -> None:
    """The call has ended."""
    if slot is None:
        return
    with _counting:
        _running[slot.function] -= 1
        if slot.deployment is not None:
            _unreserved[slot.deployment] -= 1


def unreserved() -> int:
    """What of the account's limit no function has reserved."""
    return account_limit() - sum(int(function.get("concurrency") or 0) for function in lambda_svc._functions.values())


def account_limit() -> int:
    """How many calls the account may have at a time."""
    return int(lambda_svc._ACCOUNT_CONCURRENCY_CAP or 1000)


def limit(deployment: str, calls: int) -> None:
    """Let the functions of this deployment have no more calls at a time, as in an account with such a limit."""
    _limits[deployment] = calls


def refused(deployment: str) -> int:
    """How many calls of its functions have been refused."""
    return _refused[deployment]


def name_refusals() -> None:
    """Step Functions sees a refused call under a name of its own, which Retry matches."""
    failed = '    if result.get("error"):\n'
    named = (
        '    if result.get("throttle"):\n'
        '        raise _ExecutionError("Lambda.TooManyRequestsException", "Rate Exceeded. (Status Code: 429)")\n'
    )
    patches._rewrite(stepfunctions, "_call_lambda", (failed, named + failed))


def queue_asynchronous_calls() -> None:
    """A call that nobody waits for, such as of an event or of CloudFormation, waits for room and is no failure."""
    lambda_svc.execute_when_free = execute_when_free(lambda_svc._execute_function)
    patches._rewrite(
        lambda_svc,
        "invoke_async_with_retry",
        ("last_result = _execute_function(func, event)", "last_result = execute_when_free(func, event)"),
    )
    lambda_svc.execute_in_scope_when_free = execute_when_free(lambda_svc._execute_function_with_config_scope)
    called = "_lambda_svc._execute_function_with_config_scope(exec_record"
    patches._rewrite(
        custom_resource,
        "invoke_custom_resource",
        (called, called.replace("_execute_function_with_config_scope", "execute_in_scope_when_free")),
    )


def execute_when_free(execute: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The call, which is repeated on the scaled clock while it is refused for want of concurrency."""

    def execute_in_turn(function: dict[str, Any], event: Any) -> dict[str, Any]:
        waited, pause = 0.0, 1.0
        while (result := execute(function, event)).get("throttle") and waited < LONGEST_QUEUE_SECONDS:
            time.sleep(pause * stepfunctions._SFN_WAIT_SCALE)
            waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE_SECONDS)
        return result

    return execute_in_turn


def reserve_in_stacks() -> None:
    """CloudFormation reserves what a template says, or fails where too little would be left."""
    reserved = '"concurrency": None,'
    patches._rewrite(
        provisioners, "_lambda_create", (reserved, '"concurrency": props.get("ReservedConcurrentExecutions"),')
    )
    create = provisioners._lambda_create

    def create_within_limit(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if refusal := refusal_of(properties.get("FunctionName"), properties.get("ReservedConcurrentExecutions")):
            raise ValueError(refusal)
        return create(logical_id, properties, stack)

    patches._require(_FUNCTION in provisioners._RESOURCE_HANDLERS, "provisioners._RESOURCE_HANDLERS", _FUNCTION)
    provisioners._RESOURCE_HANDLERS[_FUNCTION]["create"] = create_within_limit


def refusal_of(function: str | None, calls: int | None) -> str | None:
    """Lambda's words where a reservation would leave too little of the account's limit; None where it would not."""
    if not calls:
        return None
    held = int(lambda_svc._functions.get(function, {}).get("concurrency") or 0)
    least = min(LEAST_UNRESERVED, account_limit())
    if unreserved() + held - int(calls) >= least:
        return None
    return (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        f"its minimum value of [{least}]."
    )


def refusing_too_large(put: Callable[..., Any]) -> Callable[..., Any]:
    """PutFunctionConcurrency, which leaves other functions enough."""

    def put_within_limit(function: str, data: dict[str, Any]) -> Any:
        if refusal := refusal_of(function, data.get("ReservedConcurrentExecutions")):
            return lambda_svc.error_response_json("InvalidParameterValueException", refusal, 400)
        return put(function, data)

    return put_within_limit
