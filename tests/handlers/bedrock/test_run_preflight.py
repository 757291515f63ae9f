"""RunPreflight."""

import json
from typing import Any

import pytest

from lambdas.domain.errors import PreflightFailed, ServiceBusy
from lambdas.handlers.run_preflight import handler

NOT_FOUND = "ResourceNotFoundException"
ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
    "stopReason": "max_tokens",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}


def described(status: str = "ACTIVE", **changes: Any) -> dict[str, Any]:
    """GetFoundationModel's answer."""
    model = "anthropic.claude-3-haiku-20240307-v1:0:200k"
    details = {
        "modelArn": f"arn:aws:bedrock:us-west-2::foundation-model/{model}",
        "modelId": model,
        "customizationsSupported": ["FINE_TUNING"],
        "modelLifecycle": {"status": status},
        **changes,
    }
    return {"modelDetails": details}


@pytest.fixture
def account(bedrock, runtime, s3):
    """An account in which all is well, for tests that then break one thing."""
    bedrock.answer("GetFoundationModel", described())
    for operation in ("GetModelCustomizationJob", "GetCustomModel", "GetProvisionedModelThroughput"):
        bedrock.refuse(operation, NOT_FOUND, status=404)
    runtime.answer("Converse", ANSWER)
    return bedrock


@pytest.fixture
def run_preflight(run, plan, lambda_context, s3):
    """Calls the handler; gives its result, or its error, and the stored document."""

    def call() -> tuple[Any, dict[str, Any]]:
        try:
            result: Any = handler({"run": run, "plan": plan}, lambda_context)
        except (PreflightFailed, ServiceBusy) as error:
            result = error
        stored = s3.get_object(Bucket=run["output_bucket"], Key=f"{run['prefix']}preflight.json")
        return result, json.loads(stored["Body"].read())

    return call


def statuses(document: dict[str, Any]) -> dict[str, str]:
    """The status of each check."""
    return {each["check"]: each["status"] for each in document["checks"]}


def test_run_that_lacks_nothing_goes_on_and_every_check_is_on_record(account, run_preflight, run):
    """The record says what was looked at, not only that nothing was found."""
    result, document = run_preflight()
    assert result["uri"] == f"s3://{run['output_bucket']}/{run['prefix']}preflight.json"
    assert (result["status"], document["status"]) == ("passed", "passed")
    assert "failed" not in statuses(document).values()


def test_all_that_is_wrong_is_reported_together(bedrock, runtime, run_preflight, plan, s3):
    """Whoever mends one thing at a time uploads the data once for each."""
    plan["serving"] = "on_demand"
    plan["evaluation"]["judges"] = ["anthropic.claude-3-sonnet"]
    bedrock.answer("GetFoundationModel", described("LEGACY"))
    bedrock.refuse("GetModelCustomizationJob", "AccessDeniedException", status=403)
    runtime.refuse("Converse", "AccessDeniedException", "You have no access to the model.", status=403)
    error, document = run_preflight()
    assert isinstance(error, PreflightFailed)
    failed = {check for check, status in statuses(document).items() if status == "failed"}
    assert failed >= {"model-lifecycle", "serving", "models-callable"}
    assert statuses(document)["names-free"] == "warning"
    for words in ("amazon.nova-2-lite-v1:0:256k", "claude-3-sonnet, a judge", "arm base", "AccessDenied"):
        assert words in str(error)


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ValidationException"])
def test_model_that_bedrock_does_not_know_is_refused_with_its_successor(account, run_preflight, code: str):
    """After its end of life a model is gone: the answer is the same as for a misspelt one."""
    account._answers["GetFoundationModel"].clear()
    account.refuse("GetFoundationModel", code)
    error, document = run_preflight()
    assert statuses(document)["model-exists"] == "failed"
    assert "Successor: amazon.nova-2-lite-v1:0:256k" in str(error)


def test_throttling_alone_is_for_the_state_machine_to_wait_out(account, runtime, run_preflight):
    """A run must not fail because its model was asked at a busy moment."""
    runtime._answers["Converse"].clear()
    runtime.refuse("Converse", "ThrottlingException", status=429)
    error, _ = run_preflight()
    assert isinstance(error, ServiceBusy)


def test_throttling_beside_an_error_does_not_delay_the_answer(account, runtime, run_preflight, plan):
    """Waiting would change nothing: the run cannot start."""
    plan["serving"] = "on_demand"
    runtime._answers["Converse"].clear()
    runtime.refuse("Converse", "ThrottlingException", status=429)
    error, document = run_preflight()
    assert isinstance(error, PreflightFailed)
    assert statuses(document)["models-callable"] == "failed"


@pytest.mark.parametrize(("ours", "status"), [(True, "passed"), (False, "failed")])
def test_names_of_an_earlier_attempt_are_the_runs_own(
    bedrock, runtime, run_preflight, run, job_description, throughput_description, expect, ours: bool, status: str
):
    """A run that is repeated adopts what it made; what another one made must not be taken for it."""
    bedrock.answer("GetFoundationModel", described())
    runtime.answer("Converse", ANSWER)
    changes = {} if ours else {"trainingDataConfig": {"s3Uri": "s3://other/train.jsonl"}}
    bedrock.answer("GetModelCustomizationJob", job_description(**changes))
    bedrock.answer(
        "GetCustomModel", {"modelArn": expect["model_arn"], "modelName": "x", "creationTime": "2026-01-21T21:01:00Z"}
    )
    bedrock.answer("GetProvisionedModelThroughput", throughput_description())
    tags = {"deployment": "fine-tuning", "run-id": run["id"] if ours else "other-0123456789ab"}
    bedrock.answer("ListTagsForResource", {"tags": [{"key": k, "value": v} for k, v in tags.items()]})
    _, document = run_preflight()
    assert statuses(document)["names-free"] == status
    assert len([f for f in document["findings"] if f["check"] == "names-free"]) == (0 if ours else 3)
