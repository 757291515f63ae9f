"""Scripts beside this file that drive a headless Chromium, where the machine has one."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_chromium = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
    pytest.mark.xdist_group("chromium"),
]


def run_node(script: str, *arguments: str | Path) -> Any:
    """What the script prints for its arguments, which follow Chromium's path."""
    assert CHROMIUM is not None
    command = ["node", str(Path(__file__).with_name(script)), CHROMIUM, *map(str, arguments)]
    environment = {**os.environ, "NODE_PATH": str(ROOT / "node_modules")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
