"""CI fails when the checks or the tests fail, and always runs both."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"


@pytest.mark.parametrize(
    ("failing", "status"),
    [("", 0), ("check", 2), ("test", 2), ("check test", 2)],
    ids=["none", "check", "test", "both"],
)
def test_ci_runs_checks_and_tests_and_fails_with_either(failing: str, status: int, tmp_path: Path) -> None:
    """A formatting error hides no broken test, and pytest's number of tests is the last line."""
    for name, script in {
        "make": f'#!/bin/sh\necho "$1"\ncase " {failing} " in *" $1 "*) exit 2;; esac\n',
        "chromium": "#!/bin/sh\n",
    }.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o700)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (done.returncode, done.stdout.split()) == (status, ["check", "test"])
