"""Processes of the embedded AWS end with whoever started them, also where it had no chance to end them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local.embedded_aws import EmbeddedAws
from local.process import SupervisedProcess
from tests.local.conftest import Sandbox

# Starts a command that starts another one, tells all process ids, and never ends by itself.
PARENT = """
import os, sys, time
from pathlib import Path
from local.process import SupervisedProcess
command = ["sh", "-c", "sleep 1000 & sleep 1000"]
SupervisedProcess(command, environment=os.environ, directory=Path("."), log=Path(sys.argv[1]))
print("started", flush=True)
time.sleep(1000)
"""


def test_a_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    """SIGKILL runs no clean-up: the children notice that their pipe is closed."""
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:  # noqa: S603 - our own source
        assert parent.stdout is not None
        parent.stdout.readline()
        children: list[psutil.Process] = []
        while len(children) < 4:  # supervisor, shell, two sleeps
            children = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_stopping_ends_what_the_command_has_left_behind(tmp_path: Path) -> None:
    """A process that ignores SIGTERM and one that its parent has forgotten both go."""
    command = ["sh", "-c", "trap '' TERM; sleep 1000 & exec sleep 1001"]
    with SupervisedProcess(command, environment={"PATH": "/usr/bin:/bin"}, directory=tmp_path, log=tmp_path / "log"):
        sleeping: list[psutil.Process] = []
        while len(sleeping) < 2:
            sleeping = [child for child in psutil.Process().children(recursive=True) if child.name() == "sleep"]
    assert [child for child in sleeping if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []


def test_a_killed_supervisor_takes_its_command_along(tmp_path: Path) -> None:
    """The parent learns that the command has ended, and nothing of it goes on."""
    command = ["sh", "-c", "sleep 1000 & sleep 1000"]
    with SupervisedProcess(
        command, environment={"PATH": "/usr/bin:/bin"}, directory=tmp_path, log=tmp_path / "log"
    ) as process:
        # Other tests of this process may have children, too.
        [supervisor] = [child for child in psutil.Process().children() if command[-1] in child.cmdline()]
        started: list[psutil.Process] = []
        while len(started) < 4:  # guard, shell, two sleeps
            started = supervisor.children(recursive=True)
        supervisor.kill()
        assert process.wait() == -signal.SIGKILL
        assert not process.is_running
    _, alive = psutil.wait_procs(started, timeout=20)
    assert alive == []


@pytest.mark.parametrize("killed", ["supervisor", "command"])
def test_lambda_workers_end_with_the_emulator_or_its_supervisor(killed: str, tmp_path: Path) -> None:
    """They are the emulator's children, and run what was deployed."""
    # Other tests of this process may have an emulator, too.
    before = psutil.Process().children()
    with EmbeddedAws(tmp_path) as aws:
        sandbox = Sandbox(aws)
        function = sandbox.function("def handler(event, context): return 1")
        aws.client("lambda").invoke(FunctionName=function)
        ours = [one for one in psutil.Process().children() if one not in before]
        [supervisor] = [one for one in ours if "local.emulator" in one.cmdline()]
        started = supervisor.children(recursive=True)
        [emulator] = [one for one in started if "local.emulator" in one.cmdline()]
        assert emulator.children()
        (supervisor if killed == "supervisor" else emulator).kill()
        _, alive = psutil.wait_procs(started, timeout=20)
        assert alive == []


def test_what_a_child_writes_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """Logs and results quote the data set; the umask of the caller decides nothing."""
    before = os.umask(0)
    try:
        command = ["sh", "-c", "echo told; mkdir made; echo told > made/file"]
        environment = {"PATH": "/usr/bin:/bin"}
        SupervisedProcess(command, environment=environment, directory=tmp_path, log=tmp_path / "log").wait()
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("log", "made", "made/file")]
    assert modes == [0o600, 0o700, 0o600]


@pytest.mark.parametrize("status", [0, 3])
def test_the_exit_status_is_the_commands(status: int, tmp_path: Path) -> None:
    """A failed `cdk deploy` must fail the demo."""
    command = ["sh", "-c", f"echo told; exit {status}"]
    process = SupervisedProcess(
        command, environment={"PATH": "/usr/bin:/bin"}, directory=tmp_path, log=tmp_path / "log"
    )
    assert process.wait() == status
    assert "told" in str(process.failure("It ended"))
