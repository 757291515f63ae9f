"""The main job on this machine: start AWS, deploy, drop the data set, follow the run, tell its result."""

import errno
import fcntl
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from cli import result
from cli.progress import Progress
from lambdas.domain.models.catalogue import BaseModelEntry
from local import execution
from local.deployment import Deployment, deploy
from local.embedded_aws import CHECKOUT, EmbeddedAws
from local.leftovers import leftovers, tell_leftovers
from local.output_folder import require_own, start
from local.terminal import Console
from local.upload import Upload

COMMAND = "demo"
FOLDER = CHECKOUT / "build" / COMMAND
# Beside what is fetched of the run.
WRITTEN = ("logs/", "tmp/", "bedrock-calls.jsonl", "execution.json")

# What a function's worker unpacks fits into it.
LEAST_FREE_BYTES = 50 << 20
DISK_SECONDS = 1.0

LifeCycleStatus = Literal["ACTIVE", "LEGACY", "EOL"]


# No Exception: clients of AWS would take that for an error of the connection, and try again.
class _DiskFull(BaseException):
    """The disk has filled up; raised wherever the demo waits."""


class DemoRunningError(Exception):
    """Another demo of this checkout is running."""


def run_demo(
    upload: Upload, *, model: BaseModelEntry, lifecycle: LifeCycleStatus, console: Console, folder: Path = FOLDER
) -> bool:
    """Run the data set to its end on a deployment for the model; whether it succeeded and left nothing that bills.

    The Region is the first one where the model can be customized; the simulated Bedrock has it in that `lifecycle`.
    """
    progress = Progress(console)
    with (
        emptied(folder),
        stopping_on_sigterm(),
        stopping_on_full_disk(folder),
        embedded_aws_for(model, lifecycle, folder) as aws,
    ):
        console.print(f"The simulated clock: a minute on AWS passes in {60 * aws.time_scale:g} s.")
        with progress.stage("Deploying with the CDK CLI", f"Deployed on {aws.endpoint}"):
            deployment = deploy(aws, base_model=model.customization_id)
        try:
            return run(aws, deployment, upload, progress=progress, console=console)
        finally:
            save_logs(aws)


def embedded_aws_for(model: BaseModelEntry, lifecycle: LifeCycleStatus, folder: Path) -> EmbeddedAws:
    """An embedded AWS where the model can be customized."""
    settings = {} if lifecycle == "ACTIVE" else {"model_lifecycle": {model.foundation_model_id: lifecycle}}
    return EmbeddedAws(folder, region=model.customization_regions[0], bedrock_settings=settings)


def run(aws: EmbeddedAws, deployment: Deployment, upload: Upload, *, progress: Progress, console: Console) -> bool:
    """Drop the data set, follow the execution that it starts, keep and tell its result."""
    with progress.stage(f"Dropping {upload.key}", f"Dropped {upload.key}"):
        upload.drop(aws, deployment)
        arn = execution.find_execution(aws, deployment.state_machine, upload.key)
    end = progress.follow(execution.follow(aws, arn))
    execution.save(aws, arn, aws.directory / "execution.json")
    if prefix := end.facts.get("run", {}).get("prefix"):
        result.fetch(aws, deployment.output_bucket, prefix, aws.directory)
    result.tell(console, aws.directory, end)
    left = leftovers(aws.client("bedrock"), end.facts)
    tell_leftovers(console, left)
    return end.status == "SUCCEEDED" and not any(left.values())


def save_logs(aws: EmbeddedAws) -> None:
    """Write each log group, such as a Lambda function's, into `logs/`."""
    logs = aws.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        lines = [event["message"].rstrip() for page in events for event in page["events"]]
        (aws.logs / f"{group['logGroupName'].rsplit('/', 1)[-1]}.log").write_text("\n".join(lines) + "\n")


@contextmanager
def emptied(folder: Path, command: str = COMMAND, names: Sequence[str] = WRITTEN) -> Iterator[None]:
    """The folder, this process's own and without what the command wrote there before; its `tmp/` is gone afterwards.

    It is written in place, since its logs are read meanwhile. Raises DemoRunningError and PathRefusedError.
    """
    require_own(folder, command)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Appending leaves a file of this name as it is.
    with folder.with_suffix(".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoRunningError(f"Another demo is running in {folder}.") from None
        start(folder, command, names)
        try:
            yield
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
