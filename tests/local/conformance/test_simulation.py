"""`make conformance` as it is without an account: the embedded AWS, and no confirmation."""

import json
from pathlib import Path

from typer.testing import CliRunner

from cli.main import app


def test_all_tiers_pass_in_one_region(tmp_path: Path) -> None:
    """In us-west-2 the cheapest model that is served on demand is another one."""
    result = CliRunner().invoke(app, ["conformance", "--region", "us-west-2", "--out", str(tmp_path / "report")])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["regions"] == ["us-west-2"]
    assert {check["request"]["region"] for check in report["checks"]} == {"us-west-2"}
    [job] = [check for check in report["checks"] if check["id"] == "job-starts"]
    assert job["request"]["parameters"]["baseModelIdentifier"] == "meta.llama3-3-70b-instruct-v1:0:128k"
    assert "SIMULATED" in (tmp_path / "report" / "report.html").read_text()
