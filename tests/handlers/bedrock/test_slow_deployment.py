"""A deployment that takes few questions a minute, on a simulated Bedrock whose clock moves only while the run waits."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto.core.models import DEFAULT_ACCOUNT_ID

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.domain.core.errors import EvaluationFailed, ShardUnfinished
from lambdas.domain.core.timestamps import timestamp
from lambdas.handlers import answer_shard, composition
from lambdas.steps.clock import Clock
from local.bedrock.clock import ManualClock, as_datetime
from local.bedrock.server import serve
from local.bedrock.settings import SimulationSettings
from tests.handlers.conftest import OUTPUT_BUCKET, SESSION_TOKEN
from tests.local.bedrock.conftest import InlineExecutor, conversation, rows

LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"
FUNCTION_SECONDS = 895
RECORDS = 20
PREFIX = "runs/slow/"


@dataclass
class Shard:
    """A shard of a run on a deployment, its function called as the state machine calls it."""

    clock: ManualClock
    event: dict[str, Any]

    def call(self) -> dict[str, Any]:
        """One invocation of the function, with its own time limit."""
        end = self.clock.now() + FUNCTION_SECONDS
        context = SimpleNamespace(
            function_name="answer_shard",
            memory_limit_in_mb=512,
            invoked_function_arn="arn:aws:lambda:us-west-2:123456789012:function:answer_shard",
            aws_request_id="1",
            get_remaining_time_in_millis=lambda: int((end - self.clock.now()) * 1000),
        )
        return answer_shard.handler(self.event, cast(LambdaContext, context))

    def answered(self) -> int:
        """How many answers are stored."""
        body = composition.root.adapters.objects.read(OUTPUT_BUCKET, f"{PREFIX}shards/tuned/0.jsonl")
        return len((body or b"").splitlines())


@pytest.fixture
def shard(
    s3: Any,
    run: dict[str, Any],
    plan: dict[str, Any],
    throughput: dict[str, Any],
    served: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Shard]]:
    """Makes a shard of 20 questions to a deployment that takes one in a minute."""
    clock = ManualClock()
    data = b"".join(json.dumps(conversation(row)).encode() + b"\n" for row in rows(120))
    for key in ("train.jsonl", f"{PREFIX}dataset/test.jsonl"):
        s3.put_object(Bucket=OUTPUT_BUCKET, Key=key, Body=data)
    timing = SimulationSettings(region="us-west-2", account_id=DEFAULT_ACCOUNT_ID, deployment_requests_per_minute=1)
    with serve(timing, s3, token=SESSION_TOKEN, clock=clock, executor=InlineExecutor()) as url:
        for service in ("BEDROCK", "BEDROCK_RUNTIME"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
        monkeypatch.setattr(composition, "root", composition.Root())
        monkeypatch.setattr(composition.root, "adapters", Adapters(Clients()))
        clients = composition.root.adapters.clients
        step_clock = Clock(now=lambda: timestamp(as_datetime(clock.now())), sleep=clock.advance)
        monkeypatch.setattr(composition.root, "clock", step_clock)
        # The client's own repetitions would count as questions.
        events = clients.bedrock_runtime.meta.events
        events.unregister("needs-retry.bedrock-runtime", unique_id="retry-config-bedrock-runtime")
        job = clients.bedrock.create_model_customization_job(
            jobName="tuned",
            customModelName="tuned",
            roleArn="arn:aws:iam::123456789012:role/customization",
            baseModelIdentifier=LLAMA,
            trainingDataConfig={"s3Uri": f"s3://{OUTPUT_BUCKET}/train.jsonl"},
            outputDataConfig={"s3Uri": f"s3://{OUTPUT_BUCKET}/output/"},
            hyperParameters={},
        )["jobArn"]
        clock.advance(86_400)
        model = clients.bedrock.get_model_customization_job(jobIdentifier=job)["outputModelArn"]
        arn = clients.bedrock.create_custom_model_deployment(modelDeploymentName="slow", modelArn=model)
        clock.advance(3600)

        def make(lease_minutes: float) -> Shard:
            return Shard(
                clock,
                {
                    "run": {**run, "prefix": PREFIX},
                    "plan": plan,
                    "shard": {"arm": "tuned", "model_id": None, "number": 0, "first": 0, "records": RECORDS},
                    "served": served,
                    "serving": {
                        **throughput,
                        "kind": "on_demand",
                        "arn": arn["customModelDeploymentArn"],
                        "answer_until": timestamp(as_datetime(clock.now() + 60 * lease_minutes)),
                    },
                },
            )

        yield make


def test_a_shard_that_takes_longer_than_a_function_is_answered_whole(shard: Callable[..., Shard]) -> None:
    """A quota of a few requests a minute, which cannot be raised, makes a run slow: it must not make it fail."""
    slow, invocations = shard(lease_minutes=60), 1
    began = slow.clock.now()
    while True:
        try:
            counts = slow.call()
            break
        except ShardUnfinished as unfinished:
            assert "Too many requests" in str(unfinished)
            invocations += 1
    assert counts == {"arm": "tuned", "number": 0, "answered": RECORDS, "errors": 0}
    assert invocations > 1
    assert RECORDS - 1 <= (slow.clock.now() - began) / 60 <= RECORDS * 1.5


def test_the_end_of_the_lease_ends_the_waiting(shard: Callable[..., Shard]) -> None:
    """The message must name what the answers waited for, and keep from a setting that would not help."""
    slow = shard(lease_minutes=5)
    with pytest.raises(EvaluationFailed, match=r"longest_lease_hours, or give fewer.*Too many requests") as failure:
        slow.call()
    assert "max_concurrency" not in str(failure.value)
    assert 4 <= slow.answered() <= 6
