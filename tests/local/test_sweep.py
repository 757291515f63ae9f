"""A sweep on the embedded AWS: four jobs, one model served, three deleted."""

import json
from io import StringIO
from pathlib import Path
from shutil import copy

import pytest

from cli import demo
from cli.data_set import upload_of
from cli.progress import Progress
from local.checkout import CHECKOUT
from local.deployment import deploy
from local.embedded_aws import EmbeddedAws
from local.terminal import Console

pytestmark = pytest.mark.xdist_group("embedded-aws")


def test_a_sweep_of_four_jobs_serves_exactly_one_model_and_keeps_no_other(tmp_path: Path) -> None:
    """What is served bills by the hour, and what nobody chose by the month."""
    folder = tmp_path / "tables"
    folder.mkdir()
    copy(CHECKOUT / "examples" / "financial-tables.jsonl", folder / "train.jsonl")
    (folder / "run.json").write_text('{"sweep": {"jobs": 4}}')
    console = Console(file=StringIO(), width=120)
    with EmbeddedAws(tmp_path / "aws") as aws:
        deploy(aws)
        assert demo.run(aws, upload_of(folder), progress=Progress(console), console=console)
        calls = [json.loads(line) for line in aws.bedrock_calls.read_text().splitlines()]
        report = json.loads((aws.directory / "report.json").read_text())
        page = (aws.directory / "report.html").read_text()

    def done(operation: str) -> list[str]:
        return [call["resource"] for call in calls if call["operation"] == operation and call["error"] is None]

    sweep = report["sweep"]
    assert len(set(done("CreateModelCustomizationJob"))) == 4
    assert len(done("CreateProvisionedModelThroughput")) == 1
    [chosen] = [job for job in sweep["jobs"] if job["chosen"]]
    assert chosen["validation_loss"] == min(job["validation_loss"] for job in sweep["jobs"])
    assert report["custom_model_arn"] == report["arms"]["tuned"]["model_id"] == chosen["model_arn"]
    assert report["hyperparameters"] == chosen["hyperparameters"]
    assert report["training"]["job_arn"].rpartition("/")[2] == chosen["model_arn"].rpartition("/")[2]
    assert set(done("DeleteCustomModel")) == {job["model_arn"] for job in sweep["jobs"] if not job["chosen"]}
    assert [job["model_deleted"] for job in sweep["jobs"]].count(True) == 3
    assert "Validation loss of the sweep's jobs by epoch" in page.replace("&#39;", "'")
