"""A simulated Bedrock with a clock that stands still, reached by real boto3 clients; S3 is moto's."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from local.bedrock import validation
from local.bedrock.clock import ManualClock
from local.bedrock.contract import Contract
from local.bedrock.server import serve
from local.bedrock.settings import SimulationSettings
from local.request_guard import TOKEN_HEADER

BUCKET = "training-data"
ROLE_ARN = "arn:aws:iam::000000000000:role/bedrock-customization"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
HOUR = 3600
# A request for a job that Bedrock takes.
JOB: dict[str, Any] = {
    "jobName": "job-1",
    "customModelName": "model-1",
    "roleArn": ROLE_ARN,
    "baseModelIdentifier": HAIKU,
    "trainingDataConfig": {"s3Uri": f"s3://{BUCKET}/train.jsonl"},
    "outputDataConfig": {"s3Uri": f"s3://{BUCKET}/output/"},
}
TOKEN = "token-of-the-simulation"
# One session: it loads the service models once.
SESSION = boto3.Session()


class InlineExecutor(Executor):
    """Runs what is submitted at once, so that a test sees a job's outcome without waiting."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # an executor hands every error to the future
            future.set_exception(error)
        return future


@dataclass
class Simulation:
    """The service under test with its clients."""

    url: str
    clock: ManualClock
    s3: Any
    bedrock: Any
    runtime: Any
    quotas: Any
    calls_path: Path

    def calls(self) -> list[dict[str, Any]]:
        """The lines of the call log."""
        return [json.loads(line) for line in self.calls_path.read_text().splitlines()]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the simulation's own routes."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_simulation/{path}", data, {TOKEN_HEADER: TOKEN}, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)

    def upload(self, key: str, rows: list[dict[str, Any]] | bytes) -> str:
        """Store a training file; returns its URI."""
        data = rows if isinstance(rows, bytes) else b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        return f"s3://{BUCKET}/{key}"

    def create_job(self, **changes: Any) -> str:
        """Create a job with valid parameters but for the changes; returns its ARN."""
        arn: str = self.bedrock.create_model_customization_job(**(JOB | changes))["jobArn"]
        return arn

    def complete_job_for(self, base_model: str, name: str | None = None) -> dict[str, Any]:
        """Complete a job of any base model with data of its format."""
        name = name or "".join(letter if letter.isalnum() else "-" for letter in base_model)
        file = {"anthropic": "train", "amazon": "conversations", "meta": "prompts"}[base_model.partition(".")[0]]
        if "llama3-3" in base_model:
            file = "conversations"
        return self.complete_job(
            jobName=name,
            customModelName=name,
            baseModelIdentifier=base_model,
            trainingDataConfig={"s3Uri": f"s3://{BUCKET}/{file}.jsonl"},
        )

    def complete_job(self, **changes: Any) -> dict[str, Any]:
        """Create a job and let the time pass that it needs."""
        arn = self.create_job(**changes)
        self.clock.advance(5 * HOUR)
        job: dict[str, Any] = self.bedrock.get_model_customization_job(jobIdentifier=arn)
        return job


def rows(count: int = 40) -> list[dict[str, Any]]:
    """Training records: look up a number in a small table."""
    return [
        {
            "system": "Reply with the answer only.",
            "messages": [
                {
                    "role": "user",
                    "content": "<table><tr><td></td><td>2019</td><td>2018</td></tr>"
                    f"<tr><td>Revenue</td><td>{index + 100}</td><td>{index + 50}</td></tr>"
                    f"<tr><td>Cost</td><td>{index + 10}</td><td>{index + 5}</td></tr></table>\n\n"
                    f"Question: What was the {('revenue', 'cost')[index % 2]} in 2019?",
                },
                {"role": "assistant", "content": f"{index + (100, 10)[index % 2]} million"},
            ],
        }
        for index in range(count)
    ]


def conversation(row: dict[str, Any]) -> dict[str, Any]:
    """A record of `rows` in the format of Nova and Llama 3.3."""
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": row["system"]}],
        "messages": [
            {"role": message["role"], "content": [{"text": message["content"]}]} for message in row["messages"]
        ],
    }


def prompt_completion(row: dict[str, Any]) -> dict[str, str]:
    """A record of `rows` in the format of Llama 3.1."""
    prompt, completion = (message["content"] for message in row["messages"])
    return {"prompt": prompt, "completion": completion}


@pytest.fixture
def clock() -> ManualClock:
    """It stands still in November 2026."""
    return ManualClock()


@pytest.fixture
def settings() -> SimulationSettings:
    """Times as on AWS: the clock is the test's."""
    return SimulationSettings()


@pytest.fixture
def simulation(
    settings: SimulationSettings, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulation]:
    """The service; every response that it gives is checked against the service model, too."""
    respond = Contract.respond

    def checked_respond(self: Contract, operation: Any, output: Any) -> Any:
        if operation.output_shape is not None:
            validation.check(operation.output_shape, dict(output))
        return respond(self, operation, output)

    monkeypatch.setattr(Contract, "respond", checked_respond)
    with mock_aws():
        s3 = SESSION.client("s3", region_name="us-west-2")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        calls = tmp_path / "bedrock-calls.jsonl"
        with serve(settings, s3, token=TOKEN, clock=clock, executor=InlineExecutor(), calls=calls) as url:
            options: dict[str, Any] = {
                "endpoint_url": url,
                "region_name": "us-west-2",
                "aws_access_key_id": "test",
                "aws_secret_access_key": "test",
                "aws_session_token": TOKEN,
                "config": Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            }
            result = Simulation(
                url,
                clock,
                s3,
                SESSION.client("bedrock", **options),
                SESSION.client("bedrock-runtime", **options),
                SESSION.client("service-quotas", **options),
                calls,
            )
            result.upload("train.jsonl", rows())
            result.upload("conversations.jsonl", [conversation(row) for row in rows(120)])
            result.upload("prompts.jsonl", [prompt_completion(row) for row in rows(120)])
            yield result
