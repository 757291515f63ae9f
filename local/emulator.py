"""The embedded AWS's own process: ministack with the patches of `local.patches`, on a socket that the caller has bound.

`python -m local.emulator --listen-fd 3` serves until SIGTERM, then ends its Lambda workers. Settings are ministack's
environment variables, which `local.embedded_aws` sets; a Lambda worker inherits this process's environment. A request
must carry the session token in AWS_SESSION_TOKEN (`local.request_guard`).
"""

import argparse
import asyncio
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from hypercorn.asyncio import serve as serve_asgi
from hypercorn.config import Config

from local.permissions.evaluator import Evaluator
from local.request_guard import AsgiApplication, RequestGuard


async def serve(listen_fd: int, guard: RequestGuard, permissions: Callable[[AsgiApplication], AsgiApplication]) -> None:
    """Serve ministack behind the guard on the listening socket `listen_fd` until SIGTERM."""
    from ministack.app import app  # noqa: PLC0415 - it reads its settings while it is imported

    from local import execution_control, function_logs  # noqa: PLC0415

    function_logs.forget_own_level()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    config = Config()
    config.bind = [f"fd://{listen_fd}"]
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.2
    config.keep_alive_timeout = 75
    await serve_asgi(guard.asgi(permissions(execution_control.asgi(app))), config, shutdown_trigger=stopped.wait)


def main() -> None:
    """Read the command line, patch ministack, serve, and end the Lambda workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen-fd", type=int, required=True, help="a listening socket on 127.0.0.1")
    listen_fd = parser.parse_args().listen_fd
    with socket.socket(fileno=os.dup(listen_fd)) as listening:
        host, port = listening.getsockname()
    if host != "127.0.0.1":
        raise SystemExit(f"The embedded AWS listens on the loopback interface only, not on {host}.")
    token = os.environ.get("AWS_SESSION_TOKEN")
    if not token:
        raise SystemExit("The embedded AWS needs the session token that it asks for, in AWS_SESSION_TOKEN.")
    os.environ["GATEWAY_PORT"] = str(port)

    # ministack reads its settings while it is imported.
    from ministack.core import lambda_runtime  # noqa: PLC0415

    from local import (  # noqa: PLC0415
        concurrency,
        customer_keys,
        execution_control,
        function_clock,
        function_limits,
        function_logs,
        function_workers,
        invocations,
        json_paths,
        patches,
        policy_simulator,
        retry_waits,
        session_tokens,
        subscriptions,
        task_tokens,
        terminal_errors,
    )
    from local.permissions import enforcement  # noqa: PLC0415

    patches.apply()
    patches.IDLE_WORKERS = int(os.environ.get("IDLE_WORKERS", patches.IDLE_WORKERS))
    function_workers.apply()
    evaluator = Evaluator()
    policy_simulator.apply(evaluator)
    subscriptions.apply()
    customer_keys.apply()
    concurrency.apply()
    task_tokens.apply()
    execution_control.apply()
    terminal_errors.apply()
    json_paths.apply()
    retry_waits.apply()
    session_tokens.apply(token)
    if scale := os.environ.get("FUNCTION_TIME_SCALE"):
        function_clock.apply(float(scale))
    function_limits.apply()
    function_logs.apply()
    if log := os.environ.get("INVOCATION_LOG"):
        invocations.apply(Path(log))
    routed: Callable[[AsgiApplication], AsgiApplication] = lambda app: app  # noqa: E731
    if record := os.environ.get("PERMISSIONS_RECORD"):
        routed = enforcement.apply(port, Path(record), evaluator).asgi
    try:
        asyncio.run(serve(listen_fd, RequestGuard(port, token), routed))
    finally:
        evaluator.close()
        lambda_runtime.reset()


if __name__ == "__main__":
    main()
