"""What ministack 1.5.33 does differently from AWS where the pipeline depends on it, one named function for each gap.

A patch rewrites an exact piece of ministack's source. `apply` refuses any other version, and a piece that is not found
refuses too, so that an upgrade cannot silently drop a patch.
"""

import inspect
import json
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from functools import partial
from importlib.metadata import version
from types import ModuleType
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.responses import now_iso
from ministack.services import eventbridge, lambda_svc, s3, stepfunctions

MINISTACK_VERSION = "1.5.33"

# How many idle Lambda workers stay in memory, at about 65 MB each; the least recently used are ended first.
IDLE_WORKERS = 4


class UnknownMinistackError(Exception):
    """The installed ministack is not the one that the patches were written for."""


class ExecutionStoppedError(BaseException):
    """Unwinds a thread whose execution has ended or whose sibling branch has failed.

    A BaseException, since no Retry, no Catch and no tolerated failure of the state machine may see it.
    """


# The execution that the current thread works for, and the failure flags of the Parallel states around it.
_execution: ContextVar[dict[str, Any] | None] = ContextVar("execution", default=None)
_failures: ContextVar[tuple[threading.Event, ...]] = ContextVar("failures", default=())
# What times an execution out, by its name.
_timeouts: dict[str, Callable[[], None]] = {}


def apply() -> None:
    """Patch the imported ministack, in place.

    Raises UnknownMinistackError where its version or a replaced piece of its source is not the expected one.
    """
    installed = version("ministack")
    if installed != MINISTACK_VERSION:
        raise UnknownMinistackError(
            f"local/patches.py is written for ministack {MINISTACK_VERSION}, but {installed} is installed: "
            "install requirements.txt, or go through the patches one by one."
        )
    name_lambda_errors()
    keep_worker_after_handler_error()
    limit_idle_workers()
    end_stopped_executions()
    time_out_executions()
    fail_parallel_at_once()
    tell_object_versions()
    record_states_of_branches()
    repeat_events_to_functions()


def name_lambda_errors() -> None:
    """A Lambda's exception arrives as `Runtime.HandlerError`; on AWS under its class's name, which Catch matches."""
    report = '"error": str(e), "trace": traceback.format_exc()'
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    _require(script.count(report) == 1, "lambda_runtime._PYTHON_WORKER_SCRIPT", report)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(report, f'{report}, "errorType": type(e).__name__')
    _rewrite(
        lambda_svc,
        "_execute_function_warm",
        (
            'error_type = "Runtime.HandlerError"\n',
            'error_type = result.get("errorType", "Runtime.HandlerError")\n',
        ),
    )


def keep_worker_after_handler_error() -> None:
    """In ministack a raised error ends the worker; on AWS it serves the next call, and only a crash ends it."""
    lambda_runtime.Worker.invoke = _rewritten(
        lambda_runtime.Worker.invoke,
        (
            (
                'if response.get("status") == "error":\n            proc',
                'if response.get("status") == "error" and "errorType" not in response:\n            proc',
            ),
        ),
    )


def limit_idle_workers() -> None:
    """In ministack a worker of each function stays for ever: a dozen of them need too much memory."""
    _expect(lambda_svc, "release_worker")
    release = lambda_runtime.release_worker

    def release_worker(worker: Any) -> None:
        release(worker)
        with lambda_runtime._lock:
            idle = [one for pool in lambda_runtime._workers.values() for one in pool if not one.in_use]
            surplus = sorted(idle, key=lambda one: one.last_used)[: max(0, len(idle) - IDLE_WORKERS)]
            for pool in lambda_runtime._workers.values():
                pool[:] = [one for one in pool if one not in surplus]
        lambda_runtime.kill_workers(surplus)

    lambda_svc.release_worker = release_worker


def end_stopped_executions() -> None:
    """After StopExecution, ministack's branches and map items go on for ever, and ABORTED may still become FAILED."""
    run_execution = stepfunctions._run_execution
    fail_execution = stepfunctions._fail_execution
    add_event = stepfunctions._add_event
    invoke_resource = stepfunctions._invoke_resource

    def run_in_context(arn: str) -> None:
        _execution.set(stepfunctions._executions.get(arn))
        try:
            run_execution(arn)
        except ExecutionStoppedError:
            stepfunctions.logger.info("Execution %s has stopped", arn)

    def fail_if_running(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail_execution(execution, error, cause)

    def add_event_if_running(execution: dict[str, Any], kind: str, details: dict[str, Any] | None = None) -> Any:
        if execution["status"] == "RUNNING" or kind.startswith("Execution"):
            return add_event(execution, kind, details)
        return None

    def invoke_if_running(resource: str, data: Any) -> Any:
        raise_if_stopped()
        return invoke_resource(resource, data)

    def sleep_while_running(seconds: float) -> None:
        end = time.monotonic() + seconds * stepfunctions._SFN_WAIT_SCALE
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
            raise_if_stopped()

    stepfunctions._run_execution = run_in_context
    stepfunctions._fail_execution = fail_if_running
    stepfunctions._add_event = add_event_if_running
    stepfunctions._invoke_resource = invoke_if_running
    _expect(stepfunctions, "_scaled_sleep")
    stepfunctions._scaled_sleep = sleep_while_running


def time_out_executions() -> None:
    """In ministack the state machine's own TimeoutSeconds is ignored; here the scaled clock counts, as for Waits."""
    run_execution = stepfunctions._run_execution

    def end(execution: dict[str, Any]) -> None:
        if execution["status"] == "RUNNING":
            execution.update(status="TIMED_OUT", stopDate=now_iso(), error="States.Timeout")
            stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
            stepfunctions._emit_execution_status_event(execution)

    def run_within_timeout(arn: str) -> None:
        execution = stepfunctions._executions[arn]
        machine = stepfunctions._state_machines.get(execution["stateMachineArn"], {})
        seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
        if seconds is None:
            run_execution(arn)
            return
        timer = threading.Timer(seconds * stepfunctions._SFN_WAIT_SCALE, copy_context().run, (end, execution))
        timer.daemon = True
        timer.start()
        _timeouts[execution["name"]] = partial(copy_context().run, end, execution)
        try:
            run_execution(arn)
        finally:
            timer.cancel()
            _timeouts.pop(execution["name"], None)

    stepfunctions._run_execution = run_within_timeout


def time_out(name: str) -> None:
    """Let the timeout of the execution of this name be over, if it runs still."""
    if end := _timeouts.get(name):
        end()


def fail_parallel_at_once() -> None:
    """In ministack a Parallel waits for all branches; on AWS the first failure ends it and its other branches."""
    _expect(stepfunctions, "_run_parallel_branches")

    def run_parallel_branches(
        state: dict[str, Any], data: Any, execution: dict[str, Any], context: dict[str, Any]
    ) -> Any:
        effective = stepfunctions._apply_parameters(
            state, stepfunctions._apply_input_path(state, data, context), context
        )
        failed = threading.Event()
        pool = ThreadPoolExecutor(max_workers=len(state["Branches"]), thread_name_prefix="branch")
        reset = _failures.set((*_failures.get(), failed))
        branches = [
            pool.submit(
                copy_context().run, stepfunctions._run_sub_machine,
                branch["States"], branch["StartAt"], effective, execution, dict(context),
            )
            for branch in state["Branches"]
        ]  # fmt: skip
        _failures.reset(reset)
        pool.shutdown(wait=False)
        done, _ = wait(branches, return_when=FIRST_EXCEPTION)
        errors = [error for branch in done if (error := branch.exception())]
        if errors:
            failed.set()
            raise errors[0]
        result = stepfunctions._apply_result_selector(state, [branch.result() for branch in branches])
        output = stepfunctions._apply_result_path(state, data, result)
        return stepfunctions._apply_output_path(state, output, context), stepfunctions._next_or_end(state)

    stepfunctions._run_parallel_branches = run_parallel_branches


def record_states_of_branches() -> None:
    """In ministack the history omits the states inside Parallel and Map; AWS has them, and progress is read from it.

    It is also where a branch or a map item notices that its execution has been stopped.
    """

    def enter_state(execution: dict[str, Any], name: str, kind: str, data: Any) -> None:
        raise_if_stopped()
        details = {"stateEnteredEventDetails": {"name": name, "input": json.dumps(data)}}
        stepfunctions._add_event(execution, f"{kind}StateEntered", details)

    def exit_state(execution: dict[str, Any], name: str, kind: str, data: Any) -> None:
        details = {"stateExitedEventDetails": {"name": name, "output": json.dumps(data)}}
        stepfunctions._add_event(execution, f"{kind}StateExited", details)

    stepfunctions.enter_state, stepfunctions.exit_state = enter_state, exit_state
    named = '        ctx["State"] = {"Name": current_name, "EnteredTime": now_iso(), "RetryCount": 0}\n'
    called = '        if state_type in ("Task", "Parallel", "Map"):\n'
    end = "                state_def, current_input, ctx)\n\n    return current_input\n"
    _rewrite(
        stepfunctions,
        "_run_sub_machine",
        (named, f"{named}        enter_state(execution, current_name, state_type, current_input)\n"),
        (called, f"        name = current_name\n{called}"),
        (end, end.replace("\n\n", "\n        exit_state(execution, name, state_type, current_input)\n\n")),
    )


def tell_object_versions() -> None:
    """In ministack an "Object Created" event names no version; AWS names it where the bucket keeps versions."""
    told = '"sequencer": sequencer or "0"}'
    version = '**({"version-id": version_id} if version_id else {})'
    _rewrite(s3, "_fire_s3_event", (told, told.replace("}", f", {version}}}")))


def repeat_events_to_functions() -> None:
    """In ministack a rule's event reaches a function once; on AWS one that fails gets it twice again."""
    called = """threading.Thread(
        target=lambda_svc._execute_function_with_config_scope, args=(exec_record, event), daemon=True
    ).start()
"""
    _expect(lambda_svc, "invoke_async_with_retry")
    _rewrite(eventbridge, "_dispatch_to_lambda", (called, "lambda_svc.invoke_async_with_retry(exec_record, event)\n"))


def current_execution() -> dict[str, Any] | None:
    """The execution that the current thread works for."""
    return _execution.get()


def raise_if_stopped() -> None:
    """Raises ExecutionStoppedError where the current thread's execution has ended or a sibling branch has failed."""
    execution = current_execution()
    ended = execution is not None and execution["status"] != "RUNNING"
    if ended or any(failed.is_set() for failed in _failures.get()):
        raise ExecutionStoppedError


def _rewrite(module: ModuleType, name: str, *replacements: tuple[str, str]) -> None:
    """Replace pieces of the source of `module.name`, each of which must stand there exactly once."""
    function = getattr(module, name, None)
    _require(function is not None, f"{module.__name__}.{name}", name)
    setattr(module, name, _rewritten(function, replacements))


def _rewritten(function: Any, replacements: tuple[tuple[str, str], ...]) -> Any:
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in replacements:
        _require(source.count(old) == 1, f"{function.__module__}.{function.__qualname__}", old)
        source = source.replace(old, new)
    made: dict[str, Any] = {}
    # The source is ministack's own with the pieces above; nothing from outside is in it.
    exec(compile(source, inspect.getsourcefile(function) or "ministack", "exec"), function.__globals__, made)  # noqa: S102
    return made[function.__name__]


def _expect(module: ModuleType, name: str) -> None:
    _require(hasattr(module, name), f"{module.__name__}.{name}", name)


def _require(condition: bool, where: str, what: str) -> None:
    if not condition:
        raise UnknownMinistackError(f"ministack's {where} is not as expected; not found: {what!r}")
