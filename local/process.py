"""A child process, with everything it starts, that cannot outlive the process which started it.

The child runs under a supervisor (this module's `main`) whose standard input is a pipe from the parent. When the pipe
closes, be it because the parent said so or because it was killed, the child's process group is ended. Should the
supervisor be killed, a guard at the end of a pipe from it kills the group. Only the owner can read what they write.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

SECONDS_TO_EXIT = 3
# A shell, since one more Python would cost 7 MB for each child. It reads until the supervisor is gone.
_GUARD = 'read -r _; kill -s KILL -- "-$1"'


class ProcessFailedError(Exception):
    """A child process ended, or did not do what it was started for; the message ends with the last lines of its log."""


class SupervisedProcess:
    """A command that runs in a process group of its own and writes all its output to `log`."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.log = log
        fds = ",".join(map(str, pass_fds))
        with open(log, "wb", opener=_owner_only) as output:
            self._supervisor = subprocess.Popen(
                [sys.executable, Path(__file__), fds, *command],
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
                start_new_session=True,
                umask=0o077,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """Whether the command has not ended yet."""
        return self._supervisor.poll() is None

    def wait(self) -> int:
        """The command's exit status, once it has ended."""
        return self._supervisor.wait()

    def stop(self) -> None:
        """End the command and everything that it started, and wait for it."""
        assert self._supervisor.stdin is not None  # noqa: S101 - it was opened as a pipe
        with contextlib.suppress(BrokenPipeError):
            self._supervisor.stdin.close()
        self._supervisor.wait()

    def failure(self, what: str) -> ProcessFailedError:
        """An error that says `what` happened and quotes the end of the log."""
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return ProcessFailedError("\n".join([f"{what} (log: {self.log})", *(f"  {line}" for line in lines)]))


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def main() -> None:
    """`process.py FDS COMMAND…`: run the command; end its process group when standard input closes or it has ended."""
    fds = [int(fd) for fd in sys.argv[1].split(",") if fd]
    command = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, pass_fds=fds, process_group=0)
    guard = subprocess.Popen(
        ["sh", "-c", _GUARD, "guard", str(command.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    for fd in fds:
        os.close(fd)

    def end_with_parent() -> None:
        sys.stdin.buffer.read()
        command.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.wait(SECONDS_TO_EXIT)
        command.kill()

    threading.Thread(target=end_with_parent, daemon=True).start()
    status = command.wait()
    # What the command started and left behind goes with it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(command.pid, signal.SIGKILL)
    guard.kill()
    guard.wait()
    # Past the reading thread, which holds standard input's lock.
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
