"""Lambda's limits on a function: its memory, its initialization, its payloads; and in which words it ends beyond them.

In ministack a function may use any amount of memory, initialize for ever, and take and give any number of bytes.
Errors and words: awslabs/aws-deployment-framework#758 (memory), cube-js/cube#3175 (answer), Lambda's developer guide,
"Lambda quotas" and "Lambda execution environment".
"""

import json
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psutil
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local import patches
from local.function_timeout import INIT_SIGNAL, TIMEOUT_SIGNAL

MEGABYTE = 1024 * 1024
LOOK_EVERY_SECONDS = 0.05
MOST_REQUEST_BYTES = 6_291_456
MOST_ANSWER_BYTES = 6_291_556
MOST_EVENT_BYTES = MEGABYTE
INIT_SECONDS = 10
# What tells a worker that its first initialization took too long.
AGAIN = "EMBEDDED_AWS_INIT_AGAIN"
DIED = "Worker process died"

# Waits and computation count, and not the time in which other processes have the processor: a busy machine would end
# functions that do nothing wrong. A second initialization is a part of the invocation, and of its time.
PREAMBLE = """\
    import threading
    _again = os.environ.pop({again!r}, "")
    _init_limit = float(os.environ["_LAMBDA_TIMEOUT"]) if _again else {seconds}
    _init_end = {timeout} if _again else {init}
    _init_slept = [0.0]
    _init_done = threading.Event()
    _sleep_after_init = time.sleep

    def _init_used():
        return time.process_time() + _init_slept[0]

    def _sleep_in_init(seconds):
        # A module may keep this function for its calls.
        if not _init_done.is_set():
            _init_slept[0] += seconds
            if _init_used() >= _init_limit:
                os.kill(os.getpid(), _init_end)
        _sleep_after_init(seconds)

    def _watch_init():
        while not _init_done.wait({look}):
            if _init_used() >= _init_limit:
                os.kill(os.getpid(), _init_end)

    threading.Thread(target=_watch_init, daemon=True).start()
    time.sleep = _sleep_in_init
"""
IMPORT = "    # After sys.path is complete (so a function that bundles"
READY = '        _real_stdout.write(json.dumps({"status": "ready", "cold": True})'
DONE = """\
        _init_done.set()
        time.sleep = _sleep_after_init
        _late = [_init_used()] if _again else []
"""
BEGIN = "        _deadline = time.time() + float("


def apply() -> None:
    """Patch the imported ministack, in place; after `local.function_clock`, whose sleeps count here."""
    watch_initialization()
    restart_initialization()
    tell_ends()
    threading.Thread(target=watch_memory, daemon=True).start()
    refuse_large_requests()


def watch_initialization() -> None:
    """A worker ends itself where it initializes for too long."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for piece in (IMPORT, READY, BEGIN):
        patches._require(script.count(piece) == 1, "lambda_runtime._PYTHON_WORKER_SCRIPT", piece)
    preamble = PREAMBLE.format(
        again=AGAIN, seconds=INIT_SECONDS, timeout=int(TIMEOUT_SIGNAL), init=int(INIT_SIGNAL), look=LOOK_EVERY_SECONDS
    )
    script = script.replace(IMPORT, preamble + IMPORT).replace(READY, DONE + READY)
    begin = BEGIN.replace("time.time()", "time.time() - (_late.pop() if _late else 0.0)")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(BEGIN, begin)


def restart_initialization() -> None:
    """An initialization of more than 10 s begins once more, with the function's timeout as its limit."""
    worker: Any = lambda_runtime.Worker
    spawn = worker._spawn

    def spawn_within_limit(self: Any) -> None:
        try:
            spawn(self)
        except RuntimeError:
            if self._proc is None or self._proc.wait() != -INIT_SIGNAL:
                raise
            config = self.config
            variables = {**config.get("Environment", {}).get("Variables", {}), AGAIN: "1"}
            self.config = {**config, "Environment": {"Variables": variables}}
            try:
                spawn(self)
            finally:
                self.config = config
        finally:
            self.spawned = self._proc

    worker._spawn = spawn_within_limit


def tell_ends() -> None:
    """A worker that was ended, or whose answer is too large, fails in Lambda's words."""
    worker: Any = lambda_runtime.Worker
    invoke = worker.invoke

    def invoke_and_tell(self: Any, event: Any, request_id: str, **options: Any) -> dict[str, Any]:
        self.is_out_of_memory = False
        try:
            result: dict[str, Any] = invoke(self, event, request_id, **options)
        except RuntimeError as error:
            # Its process ended before it could initialize.
            if "exited immediately" not in str(error):
                raise
            result = {"status": "error", "error": DIED}
        if result["status"] == "ok" and len(json.dumps(result.get("result")).encode()) > MOST_ANSWER_BYTES:
            words = f"Response payload size exceeded maximum allowed payload size ({MOST_ANSWER_BYTES} bytes)."
            return {**result, "status": "error", "errorType": "Function.ResponseSizeTooLarge", "error": words}
        if result["status"] == "ok" or "errorType" in result:
            return result
        end = _end_of(self, str(result.get("error")))
        return result if end is None else {**result, "errorType": end[0], "error": f"RequestId: {request_id} {end[1]}"}

    worker.invoke = invoke_and_tell


def _end_of(worker: Any, error: str) -> tuple[str, str] | None:
    """The type and the words of the end of a worker's process; None where it has not ended."""
    if error.startswith("Task timed out"):
        return "Sandbox.Timedout", f"Error: {error}"
    if error != DIED:
        return None
    status = worker.spawned.wait()
    if status == -TIMEOUT_SIGNAL:
        return "Sandbox.Timedout", f"Error: Task timed out after {worker.config.get('Timeout', 3)}.00 seconds"
    how = "signal: killed" if status == -signal.SIGKILL else f"exit status {abs(status)}"
    return (
        "Runtime.OutOfMemory" if worker.is_out_of_memory else "Runtime.ExitError",
        f"Error: Runtime exited with error: {how}",
    )


def watch_memory() -> None:
    """Kill each worker that uses more memory than its function may; what is resident counts, as on AWS."""
    while True:
        with lambda_runtime._lock:
            busy = [worker for pool in lambda_runtime._workers.values() for worker in pool if worker.in_use]
        for worker in busy:
            process = worker._proc
            # It may end meanwhile.
            with suppress(psutil.Error):
                if process is not None and resident_bytes(process.pid) > memory_limit(worker.config):
                    worker.is_out_of_memory = True
                    process.kill()
        time.sleep(LOOK_EVERY_SECONDS)


def resident_bytes(pid: int) -> int:
    """How much memory a process uses."""
    return int(psutil.Process(pid).memory_info().rss)


def memory_limit(config: dict[str, Any]) -> int:
    """How many bytes a function may use."""
    return int(config.get("MemorySize", 128)) * MEGABYTE


def refuse_large_requests() -> None:
    """Invoke takes 6 MB, and 1 MB where nobody waits for the answer."""
    patches._expect(lambda_svc, "_invoke")
    invoke: Callable[..., Awaitable[Any]] = lambda_svc._invoke

    async def invoke_within_limit(name: str, event: Any, headers: dict[str, str], *rest: Any, **options: Any) -> Any:
        lower = {key.lower(): value for key, value in headers.items()}
        kind = lower.get("x-amz-invocation-type", "RequestResponse")
        most = MOST_EVENT_BYTES if kind == "Event" else MOST_REQUEST_BYTES
        size = len(json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if size > most:
            words = f"{size} byte payload is too large for the {kind} invocation type (limit {most} bytes)"
            return lambda_svc.error_response_json("RequestEntityTooLargeException", words, 413)
        return await invoke(name, event, headers, *rest, **options)

    lambda_svc._invoke = invoke_within_limit
