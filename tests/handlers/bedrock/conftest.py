"""Bedrock answers from a script, over botocore's whole path: what it serialises, parses and raises is real."""

import json
import os
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.sns.models import sns_backends
from urllib3 import HTTPResponse

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import Run
from lambdas.domain.serving import slots
from lambdas.domain.serving.serving import PlannedServing, Serving
from lambdas.domain.serving.slots import Slot
from lambdas.domain.training.choice import ServedCandidate
from lambdas.steps.delete_throughput_or_deployment import DeletionState, delete_throughput_or_deployment
from lambdas.steps.purchase_throughput_or_deploy import purchase_throughput_or_deploy

# Powertools reads these when a handler's module is imported, before any fixture runs.
os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "FineTuning", "POWERTOOLS_TRACE_DISABLED": "true"}

RUN_ID = "sales-0123456789ab"
NAME = JOB_NAME = f"fine-tuning-{RUN_ID}-c1"
ACCOUNT = "arn:aws:bedrock:us-west-2:123456789012"
JOB_ARN = f"{ACCOUNT}:model-customization-job/anthropic.claude-3-haiku-20240307-v1:0:200k/abcdefghijkl"
MODEL_ARN = f"{ACCOUNT}:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/mnopqrstuvwx"
THROUGHPUT_ARN = f"{ACCOUNT}:provisioned-model/yz0123456789"
DEPLOYMENT_ARN = f"{ACCOUNT}:custom-model-deployment/a1b2c3d4e5f6"
OUTPUT_BUCKET = "output-bucket"
PREFIX = f"runs/{RUN_ID}/"

# A description as Bedrock gives it, with changes.
Describe = Callable[..., dict[str, Any]]


class Script:
    """What Bedrock answers, operation by operation, the last answer repeating; and what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers: dict[str, list[Callable[[], tuple[int, dict[str, str], bytes]]]] = defaultdict(list)

    def answer(self, operation: str, body: dict[str, Any] | None = None, **headers: str) -> None:
        """The next answer of an operation; headers with underscores for dashes."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers[operation].append(lambda: (200, sent, json.dumps(body or {}).encode()))

    def refuse(self, operation: str, code: str, message: str = "No.", status: int = 400) -> None:
        """The next answer of an operation is an error."""
        # Service Quotas' protocol names the error in the body, Bedrock's in a header.
        body = json.dumps({"message": message, "__type": code}).encode()
        self._answers[operation].append(lambda: (status, {"x-amzn-ErrorType": code}, body))

    def break_off(self, operation: str, error: Exception) -> None:
        """The next call of an operation gets no answer."""

        def fail() -> tuple[int, dict[str, str], bytes]:
            raise error

        self._answers[operation].append(fail)

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of each call of an operation."""
        return [parameters for name, parameters in self.calls if name == operation]

    def attach(self, client: Any) -> None:
        """Puts the script in place of a client's network."""
        service = client.meta.service_model.service_id.hyphenize()
        events = client.meta.events
        # moto knows a part of Bedrock, and stands in for all of the network.
        events.unregister("before-send", botocore_stubber)
        events.register(f"before-send.{service}", self._send)
        events.register(f"before-parameter-build.{service}", self._record)
        # botocore's own retries would sleep.
        events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))

    def _send(self, request: AWSRequest, event_name: str, **_: Any) -> AWSResponse:
        operation = event_name.rsplit(".", 1)[-1]
        answers = self._answers[operation]
        assert answers, f"unexpected call of {operation}"
        status, headers, body = (answers.pop(0) if len(answers) > 1 else answers[0])()
        message = HTTPHeaders()
        for name, value in headers.items():
            message[name] = value
        raw = HTTPResponse(BytesIO(body), preload_content=False)
        return AWSResponse(str(request.url), status, message, raw)


@pytest.fixture
def bedrock(adapters: Adapters) -> Script:
    """Bedrock's control plane after a script."""
    script = Script()
    script.attach(adapters.clients.bedrock)
    return script


@pytest.fixture
def runtime(adapters: Adapters) -> Script:
    """Bedrock's inference after a script."""
    script = Script()
    script.attach(adapters.clients.bedrock_runtime)
    return script


@pytest.fixture
def run() -> dict[str, Any]:
    """`$.run`."""
    return {
        "id": RUN_ID,
        "execution_arn": "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:one",
        "source": {"bucket": "input-bucket", "key": "input/sales.jsonl", "version_id": "v1"},
        "output_bucket": OUTPUT_BUCKET,
        "prefix": PREFIX,
        "claimed_at": "2026-01-21T21:00:00.000Z",
    }


@pytest.fixture
def plan() -> dict[str, Any]:
    """`$.plan` of a run with three test records in two shards."""
    return {
        "output_bucket": OUTPUT_BUCKET,
        "base_model": "anthropic.claude-3-haiku-20240307-v1:0:200k",
        "recommended": [],
        "candidates": [
            {
                "number": 1,
                "hyperparameters": {"epochCount": "2", "batchSize": "8"},
                "training_set": {
                    "uri": f"s3://{OUTPUT_BUCKET}/{PREFIX}dataset/train.jsonl",
                    "records": 40,
                    "tokens": 9000,
                },
            }
        ],
        "candidates_note": "",
        "keep_models": False,
        "serving": "provisioned_throughput",
        "max_cost_usd": None,
        "needs_approval": False,
        "keep_job": False,
        "tokens": {"test_prompts": 600, "test_references": 30, "examples": 0},
        "model_units": 1,
        "settings_findings": [],
        "dataset": {
            "train": {"uri": f"s3://{OUTPUT_BUCKET}/{PREFIX}dataset/train.jsonl", "records": 40, "tokens": 9000},
            "validation": None,
            "test": {"uri": f"s3://{OUTPUT_BUCKET}/{PREFIX}dataset/test.jsonl", "records": 3},
        },
        "evaluation": {"max_tokens": 64, "temperature": 0.0, "top_p": 1.0},
        "arms": {
            "tuned": {"model_id": None, "few_shot": 0},
            "base": {"model_id": "anthropic.claude-3-haiku-20240307-v1:0", "few_shot": 0},
        },
        "shards": {name: f"{PREFIX}shards/{name}.jsonl" for name in ("baselines", "tuned", "judges")},
        "tags": {"team": "sales", "run-id": RUN_ID},
    }


@pytest.fixture
def jobs(run: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """`$.jobs` right after the start."""
    candidate = {
        "number": 1,
        "name": JOB_NAME,
        "hyperparameters": plan["candidates"][0]["hyperparameters"],
        "status": "InProgress",
        "arn": JOB_ARN,
        "model_arn": None,
        "started_at": "2026-01-21T21:01:00.000Z",
        "ended_at": None,
        "training_loss": None,
        "validation_loss": None,
        "failure": None,
        "model": None,
        "simulated": False,
        "phase": None,
        "idle_seconds": 0,
        "stall": None,
        "unknown_seconds": 0,
        "unknown_told": False,
        "records": None,
        "rejected_records": None,
        "training_records": None,
    }
    return {
        "status": "InProgress",
        "candidates": [candidate],
        "wait_seconds": 60,
        "may_start": False,
        "start_refusals": 0,
    }


@pytest.fixture
def model(plan: dict[str, Any]) -> dict[str, Any]:
    """`$.model` of the only candidate."""
    return {
        "number": 1,
        "name": JOB_NAME,
        "model_arn": MODEL_ARN,
        "job_arn": JOB_ARN,
        "hyperparameters": plan["candidates"][0]["hyperparameters"],
        "started_at": "2026-01-21T21:01:00.000Z",
        "ended_at": "2026-01-21T21:59:00.000Z",
        "validation_loss": None,
        "simulated": False,
        "reason": "Job 1 has the lowest validation loss, 0.5; 1 of 1 jobs gave one.",
    }


@pytest.fixture
def served(plan: dict[str, Any]) -> dict[str, Any]:
    """The item of ServeModels for the only candidate."""
    return {
        "number": 1,
        "name": JOB_NAME,
        "model_arn": MODEL_ARN,
        "arm": "tuned",
        "chosen": True,
        "shards": plan["shards"]["tuned"],
    }


@pytest.fixture
def job_description(plan: dict[str, Any]) -> Describe:
    """GetModelCustomizationJob's answer, with changes."""

    def describe(**changes: Any) -> dict[str, Any]:
        return {
            "jobArn": JOB_ARN,
            "jobName": JOB_NAME,
            "outputModelName": JOB_NAME,
            "roleArn": "arn:aws:iam::123456789012:role/customization",
            "status": "InProgress",
            "creationTime": "2026-01-21T21:01:00Z",
            "baseModelArn": "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-3-haiku-20240307-v1:0:200k",
            "trainingDataConfig": {"s3Uri": plan["dataset"]["train"]["uri"]},
            "validationDataConfig": {"validators": []},
            "outputDataConfig": {"s3Uri": f"s3://{OUTPUT_BUCKET}/{PREFIX}customization/c1/"},
            **changes,
        }

    return describe


@pytest.fixture
def throughput_description() -> Describe:
    """GetProvisionedModelThroughput's answer, with changes."""

    def describe(**changes: Any) -> dict[str, Any]:
        return {
            "modelUnits": 1,
            "desiredModelUnits": 1,
            "provisionedModelName": NAME,
            "provisionedModelArn": THROUGHPUT_ARN,
            "modelArn": MODEL_ARN,
            "desiredModelArn": MODEL_ARN,
            "foundationModelArn": "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
            "status": "Creating",
            "creationTime": "2026-01-21T22:00:00Z",
            "lastModifiedTime": "2026-01-21T22:20:00Z",
            **changes,
        }

    return describe


@pytest.fixture
def throughput() -> dict[str, Any]:
    """`$.serving` right after the purchase."""
    return {
        "kind": "provisioned_throughput",
        "name": NAME,
        "arn": THROUGHPUT_ARN,
        "status": "Creating",
        "requested_at": "2026-01-21T22:00:00.000Z",
        "in_service_at": None,
        "lease_ends_at": "2126-01-22T06:00:00.000Z",
        "answer_until": "2126-01-22T05:30:00.000Z",
        "wait_seconds": 60,
        "waited_seconds": 0,
        "delete_requested_at": None,
        "deleted": False,
        "deleted_at": None,
        "delete_attempts": 0,
        "refusals": 0,
    }


@pytest.fixture
def serving(throughput: dict[str, Any]) -> Serving:
    """The fact in `$.serving` right after the purchase."""
    return Serving.parse(throughput)


@pytest.fixture
def deployment_description() -> Describe:
    """GetCustomModelDeployment's answer, with changes."""

    def describe(**changes: Any) -> dict[str, Any]:
        return {
            "customModelDeploymentArn": DEPLOYMENT_ARN,
            "modelDeploymentName": NAME,
            "modelArn": MODEL_ARN,
            "createdAt": "2026-01-21T22:00:00Z",
            "status": "Creating",
            **changes,
        }

    return describe


@pytest.fixture
def deployment(throughput: dict[str, Any]) -> dict[str, Any]:
    """`$.serving` right after a deployment on demand."""
    return {**throughput, "kind": "on_demand", "arn": DEPLOYMENT_ARN, "wait_seconds": 20}


@pytest.fixture
def deployed(deployment: dict[str, Any]) -> Serving:
    """The fact in `$.serving` right after a deployment on demand."""
    return Serving.parse(deployment)


@pytest.fixture
def hold(s3: Any) -> Callable[..., dict[str, Any]]:
    """Lets a run hold a slot; by default the run of these tests the first, with a lease of hours. Returns `$.slot`."""

    def take(run_id: str = RUN_ID, key: str = "throughput-slots/1.json", **changes: object) -> dict[str, Any]:
        holder = {
            "run_id": run_id,
            "execution_arn": "arn:aws:states:us-west-2:123456789012:execution:fine-tuning:one",
            "candidate": 1,
            "acquired_at": "2026-01-21T21:59:00.000Z",
            "lease_ends_at": "2126-01-22T06:00:00.000Z",
            **changes,
        }
        s3.put_object(Bucket=OUTPUT_BUCKET, Key=key, Body=json.dumps(holder).encode())
        return slots.hold_slot(key, slots.Holder.model_validate(holder)).dump()

    return take


@pytest.fixture
def held_slots(s3: Any) -> Callable[[], list[str]]:
    """The keys of the slots that are held."""

    def listed() -> list[str]:
        found = s3.list_objects_v2(Bucket=OUTPUT_BUCKET, Prefix="throughput-slots/").get("Contents", [])
        return [entry["Key"] for entry in found]

    return listed


@pytest.fixture
def expect() -> dict[str, str]:
    """The names that the run's Bedrock resources have."""
    return {
        "name": NAME,
        "job_name": JOB_NAME,
        "job_arn": JOB_ARN,
        "model_arn": MODEL_ARN,
        "throughput_arn": THROUGHPUT_ARN,
        "deployment_arn": DEPLOYMENT_ARN,
        "prefix": PREFIX,
    }


@pytest.fixture
def purchase(
    run: dict[str, Any],
    plan: dict[str, Any],
    served: dict[str, Any],
    hold: Callable[..., dict[str, Any]],
    adapters: Adapters,
) -> Callable[..., Serving]:
    """PurchaseThroughputOrDeploy for the run, which holds the first slot; takes changes of the plan.

    `refusals` is how often the run has come back with nothing bought; the candidate may be one beside the chosen one.
    """
    slot = Slot.parse(hold())

    def step(*, refusals: int = 0, topic_arn: str = "arn:topic", is_chosen: bool = True, **changes: object) -> Serving:
        return purchase_throughput_or_deploy(
            Run.parse(run),
            PlannedServing.parse({**plan, **changes}),
            ServedCandidate.parse({**served, "chosen": is_chosen}),
            slot.model_copy(update={"refusals": refusals}),
            adapters=adapters,
            environment_name="fine-tuning",
            topic_arn=topic_arn,
        )

    return step


@pytest.fixture
def delete(adapters: Adapters) -> Callable[..., Serving]:
    """DeleteThroughputOrDeployment; takes the facts of the item and those of its lease."""

    def step(**facts: object) -> Serving:
        of_the_lease: dict[str, object] = {
            name: _as_json(facts.pop(name)) for name in ("slot", "serving", "failure") if name in facts
        }
        state = DeletionState.parse({**facts, "lease": {"number": 1, **of_the_lease}})
        lease = delete_throughput_or_deployment(
            state, adapters=adapters, environment_name="fine-tuning", model_unit_price_per_hour=None
        )
        assert lease.serving is not None
        return lease.serving

    return step


def _as_json(value: object) -> object:
    return value.dump() if isinstance(value, Fact) else value


@pytest.fixture
def topic(adapters: Adapters) -> str:
    """The topic that people read."""
    arn: str = adapters.clients.sns.create_topic(Name="results")["TopicArn"]
    return arn


def messages(topic: str) -> list[tuple[str, str]]:
    """Subject and text of what the topic was told."""
    sent = sns_backends[DEFAULT_ACCOUNT_ID]["us-west-2"].topics[topic].sent_notifications
    return [(str(subject), message) for _, message, subject, *_ in sent]
