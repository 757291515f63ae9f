"""A deployment with its runs, and a simulated Bedrock whose clock moves only while the reconciler waits."""

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import LEASE_TAG, Source, bedrock_name, bedrock_tags, claim_key, run_id
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import KINDS, ON_DEMAND, PROVISIONED
from lambdas.domain.serving.lease import Terms
from lambdas.domain.serving.reconciliation import Scope, Turn
from lambdas.handlers import composition
from lambdas.steps.reconcile import reconcile
from local.bedrock.clock import ManualClock
from local.bedrock.server import serve
from local.bedrock.settings import SimulationSettings, UndocumentedRefusals
from local.request_guard import TOKEN_HEADER
from tests.handlers.conftest import OUTPUT_BUCKET, SESSION_TOKEN
from tests.local.bedrock.conftest import InlineExecutor, conversation, rows

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
# It can be tuned in the Region of these tests, and served on demand.
LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"
DEPLOYMENT, NEIGHBOUR = "fine-tuning", "fine-tuning-eu"
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
TAGS = "ListTagsForResource"
LIST = {PROVISIONED: "ListProvisionedModelThroughputs", ON_DEMAND: "ListCustomModelDeployments"}
GET = {PROVISIONED: "GetProvisionedModelThroughput", ON_DEMAND: "GetCustomModelDeployment"}
DELETE = {PROVISIONED: "DeleteProvisionedModelThroughput", ON_DEMAND: "DeleteCustomModelDeployment"}
ROLE = "arn:aws:iam::123456789012:role/customization"


@dataclass
class World:
    """What a test does in the name of a run, a neighbour or a person, and what it sees afterwards."""

    adapters: Adapters
    url: str
    clock: ManualClock
    machine: str
    topic: str
    slept: list[float] = field(default_factory=list)

    @cached_property
    def custom_model(self) -> str:
        """The ARN of a tuned model that can be served on demand."""
        data = b"".join(json.dumps(conversation(row)).encode() + b"\n" for row in rows(120))
        self.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key="train.jsonl", Body=data)
        job = self.train("tuned", {}, base_model=LLAMA)
        arn: str = self.adapters.clients.bedrock.get_model_customization_job(jobIdentifier=job)["outputModelArn"]
        return arn

    def train(self, name: str, tags: dict[str, str], base_model: str = HAIKU) -> str:
        """A customization job; returns its ARN."""
        arn: str = self.adapters.clients.bedrock.create_model_customization_job(
            jobName=name,
            customModelName=name,
            roleArn=ROLE,
            baseModelIdentifier=base_model,
            trainingDataConfig={"s3Uri": f"s3://{OUTPUT_BUCKET}/train.jsonl"},
            outputDataConfig={"s3Uri": f"s3://{OUTPUT_BUCKET}/output/"},
            hyperParameters={},
            jobTags=_pairs(tags),
        )["jobArn"]
        return arn

    def run(self, name: str = "sales") -> tuple[str, str]:
        """A run that is RUNNING, with its claim; returns its id and its execution's ARN."""
        key = f"input/{name}.jsonl"
        event = {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": "input-bucket"}, "object": {"key": key, "version-id": "v1"}},
        }
        started = self.adapters.clients.step_functions.start_execution(
            stateMachineArn=self.machine, name=name, input=json.dumps(event)
        )
        run = run_id(Source("input-bucket", key, "v1"))
        claim = {"run_id": run, "execution_arn": started["executionArn"], "claimed_at": now()}
        self.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=claim_key(run), Body=json.dumps(claim).encode())
        return run, started["executionArn"]

    def buy(
        self,
        run: str,
        execution: str,
        kind: ServingKind = PROVISIONED,
        *,
        deployment: str = DEPLOYMENT,
        lease_hours: float = 8,
        name: str | None = None,
    ) -> str:
        """A throughput or custom model deployment as PurchaseThroughputOrDeploy makes it, or a neighbour's."""
        tags = {**bedrock_tags(deployment, run, execution), LEASE_TAG: later(now(), lease_hours * 3600)}
        return self.make(kind, name or bedrock_name(deployment, run), tags)

    def make(self, kind: ServingKind, name: str, tags: dict[str, str]) -> str:
        """One of any name and tags, as whoever may make it."""
        arn: str
        if kind == ON_DEMAND:
            arn = self.adapters.clients.bedrock.create_custom_model_deployment(
                modelDeploymentName=name, modelArn=self.custom_model, tags=_pairs(tags)
            )["customModelDeploymentArn"]
            return arn
        arn = self.adapters.clients.bedrock.create_provisioned_model_throughput(
            provisionedModelName=name, modelId=HAIKU, modelUnits=1, tags=_pairs(tags)
        )["provisionedModelArn"]
        return arn

    def hold_slot(
        self, run: str, execution: str, key: str = "throughput-slots/1.json", *, candidate: int | None = None
    ) -> None:
        """As AcquireSlot does; without a candidate as earlier versions did."""
        holder: dict[str, object] = {"run_id": run, "execution_arn": execution, "acquired_at": now()}
        holder |= {"lease_ends_at": later(now(), 60)} | ({} if candidate is None else {"candidate": candidate})
        self.adapters.clients.s3.put_object(Bucket=OUTPUT_BUCKET, Key=key, Body=json.dumps(holder).encode())

    def delete_bucket(self) -> None:
        """Somebody deletes the data stack, and with it the output bucket."""
        bucket = boto3.resource("s3").Bucket(OUTPUT_BUCKET)
        bucket.object_versions.delete()
        bucket.delete()

    def slots(self) -> int:
        """How many slots are held."""
        found = self.adapters.clients.s3.list_objects_v2(Bucket=OUTPUT_BUCKET, Prefix="throughput-slots/")
        return found["KeyCount"]

    def stop(self, execution: str) -> None:
        """A person stops the execution."""
        self.adapters.clients.step_functions.stop_execution(executionArn=execution)

    def deny_executions(self) -> None:
        """Let DescribeExecution be refused."""
        error = {"Code": "AccessDeniedException", "Message": "not authorized to perform: states:DescribeExecution"}
        answer = SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        events: Any = self.adapters.clients.step_functions.meta.events
        events.register("before-call.sfn.DescribeExecution", lambda **_: answer)

    def live(self) -> set[str]:
        """What serves models, whosever it is."""
        with self._ask("state") as answer:
            state = json.load(answer)
        return {one["provisionedModelArn"] for one in state["provisioned_throughputs"]} | {
            one["customModelDeploymentArn"] for one in state["custom_model_deployments"]
        }

    def fault(self, *rules: dict[str, Any]) -> None:
        """Sets the simulated Bedrock's faults."""
        body = json.dumps(rules).encode()
        self._ask("faults", body).close()

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        """The simulation's own interface; a body is posted."""
        headers = {TOKEN_HEADER: SESSION_TOKEN}
        request = urllib.request.Request(f"{self.url}/_simulation/{path}", body, headers)  # noqa: S310 - loopback
        return urllib.request.urlopen(request)  # noqa: S310

    def reconcile(self, *, ending: bool = False, seconds: float = 120, settle_seconds: float = 0) -> Turn:
        """A reconciliation whose waits move the simulated clock instead of taking time."""
        left = [seconds]

        def sleep(duration: float) -> None:
            self.slept.append(duration)
            self.clock.advance(duration)
            left[0] -= duration

        terms = Terms(DEPLOYMENT, longest_lease_hours=8, longest_run_hours=168, settle_seconds=settle_seconds)
        scope = Scope(terms, OUTPUT_BUCKET, self.machine, ending=ending)
        return reconcile(scope, lambda: left[0], adapters=self.adapters, sleep=sleep)

    def messages(self) -> list[tuple[str, str]]:
        """Subject and text of what the topic was told."""
        sent = sns_backends[DEFAULT_ACCOUNT_ID]["us-west-2"].topics[self.topic].sent_notifications
        return [(str(subject), message) for _, message, subject, *_ in sent]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> ServingKind:
    """A test with it is run for a throughput and for a custom model deployment."""
    found: ServingKind = request.param
    return found


@pytest.fixture
def timing(refusals: UndocumentedRefusals) -> SimulationSettings:
    """Deletions take as long as on AWS, all else no time; and a quota that is in nobody's way."""
    return SimulationSettings(
        region="us-west-2",
        account_id=DEFAULT_ACCOUNT_ID,
        undocumented_refusals=refusals,
        no_commitment_model_units=100,
        custom_model_deployments=100,
        job_queue_seconds=0,
        job_validation_seconds=0,
        job_data_processing_seconds=0,
        job_training_seconds=0,
        job_training_seconds_per_record=0,
        throughput_creation_seconds=0,
        deployment_creation_seconds=0,
    )


@pytest.fixture
def world(s3: Any, timing: SimulationSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A deployment that has nothing yet."""
    clock = ManualClock(time.time())
    with serve(timing, s3, token=SESSION_TOKEN, clock=clock, executor=InlineExecutor()) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", url)
        monkeypatch.setattr(composition, "root", composition.Root())
        adapters = composition.root.adapters
        role = "arn:aws:iam::123456789012:role/machine"
        definition = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1000, "End": true}}}'
        machine = adapters.clients.step_functions.create_state_machine(name="ft", definition=definition, roleArn=role)
        topic = adapters.clients.sns.create_topic(Name="results")["TopicArn"]
        monkeypatch.setenv("STATE_MACHINE_ARN", machine["stateMachineArn"])
        monkeypatch.setenv("TOPIC_ARN", topic)
        monkeypatch.setenv("MODEL_UNIT_PRICE_PER_HOUR", "40")
        # The clients' own retries would sleep.
        events = adapters.clients.bedrock.meta.events
        events.unregister("needs-retry.bedrock", unique_id="retry-config-bedrock")
        yield World(adapters, url, clock, machine["stateMachineArn"], topic)


def _pairs(tags: dict[str, str]) -> Any:
    return [{"key": key, "value": value} for key, value in tags.items()]
