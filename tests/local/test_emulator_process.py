"""Processes of the embedded AWS end with whoever started them, also where it had no chance to end them."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local.process import SupervisedProcess

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


@pytest.mark.parametrize("status", [0, 3])
def test_the_exit_status_is_the_commands(status: int, tmp_path: Path) -> None:
    """A failed `cdk deploy` must fail the demo."""
    command = ["sh", "-c", f"echo told; exit {status}"]
    process = SupervisedProcess(
        command, environment={"PATH": "/usr/bin:/bin"}, directory=tmp_path, log=tmp_path / "log"
    )
    assert process.wait() == status
    assert "told" in str(process.failure("It ended"))
