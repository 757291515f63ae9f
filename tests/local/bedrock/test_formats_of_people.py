"""Each format that people have goes through a run's own steps: the check, the plan, and a job that trains on it."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import Workbook

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.domain.core.run import Run, RunSource
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.steps.clock import Clock
from lambdas.steps.start_jobs import JobSettings, start_jobs
from lambdas.steps.validate_dataset import validate_dataset
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, HOUR, ROLE_ARN, Simulation

FORMATS = Path(__file__).parents[3] / "examples" / "formats"
NOVA_LITE = "amazon.nova-lite-v1:0:300k"


def records(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FORMATS / f"{name}.jsonl").read_text().splitlines()]


def as_csv(delimiter: str) -> bytes:
    """With a header in capitals, as spreadsheets have it."""
    rows, text = records("question-answer"), io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([key.capitalize() for key in rows[0]])
    writer.writerows(row.values() for row in rows)
    return text.getvalue().encode()


def as_workbook() -> bytes:
    book, data = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    rows = records("question-answer")
    for row in ([*rows[0]], *([*row.values()] for row in rows)):
        sheet.append(row)
    book.save(data)
    return data.getvalue()


def in_capitals() -> bytes:
    rows = [{key.capitalize(): value for key, value in row.items()} for row in records("question-answer")]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


FILES: dict[str, Callable[[], bytes]] = {
    **{path.name: path.read_bytes for path in sorted(FORMATS.glob("*.jsonl"))},
    "capitals.jsonl": in_capitals,
    "array.json": lambda: json.dumps(records("input-output")).encode(),
    "pretty.json": lambda: json.dumps(records("alpaca"), indent=2).encode("utf-16"),
    "commas.csv": lambda: as_csv(","),
    "semicolons.csv.gz": lambda: gzip.compress(as_csv(";")),
    "tabs.tsv": lambda: as_csv("\t"),
    "workbook.xlsx": as_workbook,
}


@pytest.fixture
def settings() -> SimulationSettings:
    """Where Nova is tuned."""
    return SimulationSettings(region="us-east-1")


@pytest.fixture
def adapters(simulation: Simulation) -> Adapters:
    """A run's adapters of the simulated Bedrock and of moto's S3."""
    clients: dict[str, Any] = {"s3": simulation.s3, "bedrock": simulation.bedrock}
    return Adapters(Clients(SimpleNamespace(client=lambda name, *, config: clients[name])))


@pytest.mark.parametrize("name", FILES)
def test_a_job_trains_on_each_format(name: str, simulation: Simulation, adapters: Adapters) -> None:
    """What the gate takes and writes is what Bedrock takes, record for record."""
    key = f"input/{name}"
    simulation.s3.put_object(Bucket=BUCKET, Key=key, Body=FILES[name]())
    run = Run(
        id="people-0123456789ab",
        execution_arn="arn:aws:states:us-east-1:000000000000:execution:fine-tuning:one",
        source=RunSource(bucket=BUCKET, key=key, version_id=None),
        output_bucket=BUCKET,
        prefix="runs/people-0123456789ab/",
        claimed_at=now(),
    )
    plan = validate_dataset(
        run,
        adapters=adapters,
        default_base_model=NOVA_LITE,
        limits=RunLimits(max_model_units=1),
        environment="fine-tuning",
        needs_approval=False,
        clock=Clock(now=lambda: later(now(), 60), sleep=lambda _: None),
    )
    sets = plan.dataset
    assert sets.validation is not None
    assert sets.train.records + sets.validation.records + sets.test.records == len(records("nova"))
    settings = JobSettings("fine-tuning", ROLE_ARN, kms_key_arn=None)
    (job,) = start_jobs(run, plan, None, adapters=adapters, settings=settings).candidates
    simulation.clock.advance(5 * HOUR)
    described = simulation.bedrock.get_model_customization_job(jobIdentifier=job.arn)
    assert (described["status"], described.get("failureMessage")) == ("Completed", None)


def test_no_format_is_left_out() -> None:
    """A new example belongs to a format that people have."""
    expected = {"openai-chat", "alpaca", "dolly", "sharegpt", "input-output", "question-answer", "nova"}
    assert {name.removesuffix(".jsonl") for name in FILES} >= expected
