"""What every command around an embedded AWS needs: its folder, its logs, and an end on SIGTERM."""

import errno
import fcntl
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.embedded_aws import EmbeddedAws
from local.output_folder import require_own, set_aside, start

# What a function's worker unpacks fits into it.
LEAST_FREE_BYTES = 50 << 20


DISK_SECONDS = 1.0


# No Exception: clients of AWS would take that for an error of the connection, and try again.
class _DiskFull(BaseException):
    """The disk has filled up; raised wherever the demo waits."""


class FolderInUseError(Exception):
    """Another command of this checkout writes into the folder."""


def save_logs(aws: EmbeddedAws) -> None:
    """Write each log group, such as a Lambda function's, into `logs/`."""
    logs = aws.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        lines = [event["message"].rstrip() for page in events for event in page["events"]]
        (aws.logs / f"{group['logGroupName'].rsplit('/', 1)[-1]}.log").write_text("\n".join(lines) + "\n")


@contextmanager
def emptied(
    folder: Path, command: str, names: Sequence[str], *, set_aside_with: str | None = None
) -> Iterator[Path | None]:
    """The folder, this process's own and without what the command wrote there before; its `tmp/` is gone afterwards.

    What it wrote before is moved beside it where it has the file `set_aside_with`: then it gives that place. The folder
    is written in place, since its logs are read meanwhile. Raises FolderInUseError and PathRefusedError.
    """
    require_own(folder, command)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Appending leaves a file of this name as it is.
    with folder.with_suffix(".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUseError(f"Another {command} is running in {folder}.") from None
        earlier = None
        if set_aside_with is not None and (folder / set_aside_with).is_file():
            earlier = set_aside(folder, command)
        start(folder, command, names)
        try:
            yield earlier
        finally:
            shutil.rmtree(folder / "tmp", ignore_errors=True)


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """SIGTERM unwinds like Ctrl-C does, so that everything is stopped."""

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stopping_on_full_disk(folder: Path) -> Iterator[None]:
    """A disk that fills up raises an OSError here: the emulator would wait for answers that no function can give."""

    def look(*_: object) -> None:
        if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise _DiskFull

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, DISK_SECONDS, DISK_SECONDS)
    try:
        look()
        yield
    except _DiskFull:
        left = f"The disk has less than {LEAST_FREE_BYTES >> 20} MB left"
        raise OSError(errno.ENOSPC, left, str(folder)) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
