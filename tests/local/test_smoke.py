"""`make smoke` without a target: the command of a person, from the deployment to what is left of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.checkout import CHECKOUT

pytestmark = pytest.mark.xdist_group("embedded-aws")


def test_the_smoke_test_passes_on_the_embedded_aws_and_leaves_nothing(tmp_path: Path) -> None:
    """The same checks and the same removal as on an account, where nobody wants to find out that they are wrong."""
    done = subprocess.run(  # noqa: S603 - a command of this project
        [sys.executable, "-m", "cli.smoke", "--out", str(tmp_path)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert done.stdout.count("✓ no ") == 4
    assert "is gone: no stack, bucket, model, job, throughput or deployment." in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["status"] == "succeeded"
    assert "By its report the run would have cost" in done.stdout
    calls = [json.loads(line) for line in (tmp_path / "bedrock-calls.jsonl").read_text().splitlines()]
    assert [call["operation"] for call in calls].count("DeleteCustomModel") == 1
