"""Lambda functions on a scaled clock: their sleeps and boto3's own, their timeouts, and EventBridge's rates.

The embedded AWS shortens the waits of Step Functions anyway. This goes further, for whoever must see in seconds what
AWS shows in minutes: a function that runs into its timeout, a client that backs off, a schedule that fires.

The scaled clock counts what a function waits for, never what it computes: that takes longer where other processes need
the processor, too, and would else end a function that does nothing wrong. What it computes counts as it passes, against
the timeout in real seconds. `local.emulator` applies it where `FUNCTION_TIME_SCALE` is set.
"""

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import eventbridge

from local import patches
from local.function_timeout import TIMEOUT_SIGNAL

# What a worker runs before it imports the handler. A thread's sleeps follow each other, so that the function runs at
# least as long as those of its sleepiest thread. The SDK's application id tells a service who calls.
PREAMBLE = """\
    import threading
    _scale = {scale!r}
    _sleep = time.sleep
    _slept = {{}}  # thread -> (seconds of the scaled clock, real seconds), in this invocation

    def _seconds_left(slept, real):
        return _deadline - time.time() + real - slept

    def _sleep_scaled(seconds):
        slept, real = _slept.get(threading.get_ident(), (0.0, 0.0))
        left = _seconds_left(slept, real)
        began = time.time()
        _sleep(max(0.0, min(seconds, left)) * _scale)
        if seconds >= left:
            os.kill(os.getpid(), {signal})
        _slept[threading.get_ident()] = (slept + seconds, real + time.time() - began)

    time.sleep = _sleep_scaled
    _deadline = time.time() + {longest}
    _caller = [str(os.getpid()), os.environ.get("DEPLOYMENT", ""), module_name.rpartition(".")[2]]
    os.environ["AWS_SDK_UA_APP_ID"] = ".".join(_caller)
"""
# What bounds an initialization: `local.function_limits` ends it earlier.
LONGEST_SECONDS = 900.0
IMPORT = "    # After sys.path is complete (so a function that bundles"
BEGIN = "        _deadline = time.time() + float("
REMAINING = "int((_deadline - time.time()) * 1000)"


def apply(scale: float) -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    scale_workers(scale)
    scale_rates(scale)


def scale_workers(scale: float) -> None:
    """A worker sleeps on the scaled clock, ends itself when its time is up on it, and says who it is."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for piece in (IMPORT, BEGIN, REMAINING):
        patches._require(script.count(piece) == 1, "lambda_runtime._PYTHON_WORKER_SCRIPT", piece)
    script = script.replace(
        IMPORT, PREAMBLE.format(scale=scale, signal=int(TIMEOUT_SIGNAL), longest=LONGEST_SECONDS) + IMPORT
    )
    script = script.replace(BEGIN, f"        _slept.clear()\n{BEGIN}")
    left = "int(_seconds_left(*max([*_slept.values()], default=(0.0, 0.0))) * 1000)"
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(REMAINING, left)


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
