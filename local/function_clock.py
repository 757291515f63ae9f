"""Lambda functions on a scaled clock: their timeouts, their sleeps and boto3's own, and EventBridge's rates.

The embedded AWS shortens the waits of Step Functions anyway. This goes further, for whoever must see in seconds what
AWS shows in minutes: a function that runs into its timeout, a client that backs off, a schedule that fires. What a
function computes takes the time that it takes. `local.emulator` applies it where `FUNCTION_TIME_SCALE` is set.
"""

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import eventbridge

from local import patches
from local.function_timeout import scaled_timeout

TIMED_OUT = "Task timed out after"

# What a worker runs before it imports the handler. The SDK's application id tells a service who calls.
PREAMBLE = """\
    _scale = {scale!r}
    _sleep = time.sleep
    time.sleep = lambda seconds: _sleep(seconds * _scale)
    _caller = [str(os.getpid()), os.environ.get("DEPLOYMENT", ""), module_name.rpartition(".")[2]]
    os.environ["AWS_SDK_UA_APP_ID"] = ".".join(_caller)
"""
IMPORT = "    # After sys.path is complete (so a function that bundles"
REMAINING = "int((_deadline - time.time()) * 1000)"


def apply(scale: float) -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    scale_workers(scale)
    scale_timeouts(scale)
    scale_rates(scale)


def scale_workers(scale: float) -> None:
    """A worker sleeps on the scaled clock, tells its handler the remaining time on it, and says who it is."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for piece in (IMPORT, REMAINING):
        patches._require(script.count(piece) == 1, "lambda_runtime._PYTHON_WORKER_SCRIPT", piece)
    script = script.replace(IMPORT, PREAMBLE.format(scale=scale) + IMPORT)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(REMAINING, "int((_deadline - time.time()) / _scale * 1000)")


def scale_timeouts(scale: float) -> None:
    """A worker is ended after its scaled timeout; the error tells the function's own."""
    worker: Any = lambda_runtime.Worker
    initialize, invoke = worker.__init__, worker.invoke

    def initialize_scaled(self: Any, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        self.own_timeout = config.get("Timeout", 3)
        initialize(self, func_name, {**config, "Timeout": scaled_timeout(self.own_timeout, scale)}, code_zip)

    def invoke_scaled(self: Any, *arguments: Any, **options: Any) -> Any:
        result = invoke(self, *arguments, **options)
        if str(result.get("error", "")).startswith(TIMED_OUT):
            result["error"] = f"{TIMED_OUT} {self.own_timeout}.00 seconds"
        return result

    worker.__init__, worker.invoke = initialize_scaled, invoke_scaled


def scale_rates(scale: float) -> None:
    """A rate rule fires at the scaled interval, and is looked after often enough for it."""
    for name in ("_parse_rate_seconds", "_SCHEDULER_TICK_INTERVAL"):
        patches._expect(eventbridge, name)
    seconds_of = eventbridge._parse_rate_seconds

    def scaled_seconds(expression: str) -> Any:
        seconds = seconds_of(expression)
        return None if seconds is None else seconds * scale

    eventbridge._parse_rate_seconds = scaled_seconds
    eventbridge._SCHEDULER_TICK_INTERVAL = max(0.1, eventbridge._SCHEDULER_TICK_INTERVAL * scale)
