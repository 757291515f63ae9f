"""StartJobs."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ReadTimeoutError

from lambdas.domain.core.errors import CustomizationFailed
from lambdas.domain.training.polling import MOST_START_REFUSALS
from lambdas.handlers.check_jobs import handler as check_jobs
from lambdas.handlers.discard_models import handler as discard_models
from lambdas.handlers.start_jobs import handler
from lambdas.handlers.stop_jobs import handler as stop_jobs
from tests.handlers.bedrock.conftest import Describe, Script

CREATE, GET = "CreateModelCustomizationJob", "GetModelCustomizationJob"


def test_the_request_is_a_fine_tuning_of_the_planned_data(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """What is sent decides what is trained, and the tags are how a person finds it later."""
    bedrock.answer(CREATE, {"jobArn": expect["job_arn"]})
    jobs = handler({"run": run, "plan": {**plan, "keep_models": True}}, lambda_context)
    [request] = bedrock.requests(CREATE)
    tags = {"team": "sales", "run-id": run["id"], "sweep-candidate": "1", "keep-model": "true"}
    assert request == {
        "jobName": expect["job_name"],
        "customModelName": expect["job_name"],
        "clientRequestToken": f"{run['id']}-customization-c1",
        "roleArn": "arn:aws:iam::123456789012:role/customization",
        "baseModelIdentifier": "anthropic.claude-3-haiku-20240307-v1:0:200k",
        "customizationType": "FINE_TUNING",
        "hyperParameters": {"epochCount": "2", "batchSize": "8"},
        "trainingDataConfig": {"s3Uri": plan["dataset"]["train"]["uri"]},
        "outputDataConfig": {"s3Uri": f"s3://output-bucket/{expect['prefix']}customization/c1/"},
        "jobTags": [{"key": name, "value": value} for name, value in tags.items()],
        "customModelTags": [{"key": name, "value": value} for name, value in tags.items()],
    }
    [candidate] = jobs["candidates"]
    assert (candidate["arn"], jobs["status"], jobs["wait_seconds"]) == (expect["job_arn"], "InProgress", 60)


def test_each_candidate_of_a_learning_curve_trains_on_its_own_part(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Else all points of the curve would be the same."""
    whole = plan["candidates"][0]
    uri = whole["training_set"]["uri"].replace("train.jsonl", "train-32.jsonl")
    part = {**whole, "number": 2, "training_set": {"uri": uri, "records": 32, "tokens": 7000}}
    for _ in range(2):
        bedrock.answer(CREATE, {"jobArn": expect["job_arn"]})
    jobs = handler({"run": run, "plan": {**plan, "candidates": [whole, part]}}, lambda_context)
    trained = [request["trainingDataConfig"]["s3Uri"] for request in bedrock.requests(CREATE)]
    assert trained == [whole["training_set"]["uri"], uri]
    assert [one["training_records"] for one in jobs["candidates"]] == [40, 32]


def test_a_job_runs_in_the_environment_s_vpc(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    expect: dict[str, str],
    lambda_context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The data would leave it otherwise, and nobody would notice."""
    monkeypatch.setenv("VPC_SUBNET_IDS", '["subnet-1", "subnet-2"]')
    monkeypatch.setenv("VPC_SECURITY_GROUP_IDS", '["sg-1"]')
    bedrock.answer(CREATE, {"jobArn": expect["job_arn"]})
    handler({"run": run, "plan": plan}, lambda_context)
    [request] = bedrock.requests(CREATE)
    assert request["vpcConfig"] == {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}


def test_a_validation_set_and_a_key_are_sent_where_they_exist(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    expect: dict[str, str],
    lambda_context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Early stopping needs the validation set; a customer key must not be dropped silently."""
    monkeypatch.setenv("CUSTOM_MODEL_KMS_KEY_ARN", "arn:aws:kms:us-west-2:123456789012:key/k")
    plan["dataset"]["validation"] = {"uri": "s3://output-bucket/v.jsonl", "records": 32}
    bedrock.answer(CREATE, {"jobArn": expect["job_arn"]})
    handler({"run": run, "plan": plan}, lambda_context)
    [request] = bedrock.requests(CREATE)
    assert request["validationDataConfig"] == {"validators": [{"s3Uri": "s3://output-bucket/v.jsonl"}]}
    assert request["customModelKmsKeyId"] == "arn:aws:kms:us-west-2:123456789012:key/k"


@pytest.mark.assumption("request-answers-name-no-simulation")
@pytest.mark.parametrize(("headers", "simulated"), [({}, False), ({"x_simulated_service": "bedrock"}, True)])
def test_whether_the_service_is_simulated_is_told_by_the_service(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    expect: dict[str, str],
    lambda_context: LambdaContext,
    headers: dict[str, str],
    simulated: bool,
) -> None:
    """The handler ships as it is tested: no setting could make a simulated result look real."""
    bedrock.answer(CREATE, {"jobArn": expect["job_arn"]}, **headers)
    assert handler({"run": run, "plan": plan}, lambda_context)["candidates"][0]["simulated"] is simulated


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_a_job_whose_start_was_not_answered_is_adopted(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    expect: dict[str, str],
    job_description: Describe,
    lambda_context: LambdaContext,
    code: str,
) -> None:
    """Otherwise a lost answer would end a run whose job trains and bills."""
    bedrock.refuse(CREATE, code, "The name is in use")
    bedrock.answer(GET, job_description())
    jobs = handler({"run": run, "plan": plan}, lambda_context)
    [candidate] = jobs["candidates"]
    assert (candidate["arn"], jobs["wait_seconds"]) == (expect["job_arn"], 60)
    assert candidate["started_at"] == "2026-01-21T21:01:00.000Z"


def test_a_job_on_other_data_is_not_adopted(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """A model of other data under this run's name would be a wrong verdict."""
    bedrock.refuse(CREATE, "ConflictException")
    bedrock.answer(GET, job_description(trainingDataConfig={"s3Uri": "s3://other/train.jsonl"}))
    with pytest.raises(CustomizationFailed, match=r"s3://other/train\.jsonl"):
        handler({"run": run, "plan": plan}, lambda_context)


def test_a_validation_error_without_such_a_job_keeps_bedrocks_words(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """The person needs Bedrock's own message, not our guess."""
    bedrock.refuse(CREATE, "ValidationException", "batchSize must be at least 4")
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    with pytest.raises(CustomizationFailed, match="ValidationException: batchSize must be at least 4"):
        handler({"run": run, "plan": plan}, lambda_context)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "may pass the customization role"),
        ("ResourceNotFoundException", "end of life"),
        ("ServiceQuotaExceededException", "Service Quotas"),
        ("TooManyTagsException", "fewer tags"),
    ],
)
def test_a_refusal_says_what_to_do(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext, code: str, advice: str
) -> None:
    """An error code alone sends people searching."""
    bedrock.refuse(CREATE, code, "Bedrock's words.")
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    with pytest.raises(CustomizationFailed, match=rf"{code}: Bedrock's words\. .*{advice}"):
        handler({"run": run, "plan": plan}, lambda_context)


@pytest.mark.parametrize(
    ("code", "status"), [("ThrottlingException", 429), ("InternalServerException", 500), ("Surprise", 503)]
)
def test_a_busy_service_is_asked_again_after_a_wait_however_often(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    expect: dict[str, str],
    lambda_context: LambdaContext,
    code: str,
    status: int,
) -> None:
    """Throttling must not end a run, nor count as a quota that is full."""
    bedrock.refuse(CREATE, code, status=status)
    state: dict[str, Any] = {"run": run, "plan": plan}
    for _ in range(2 * MOST_START_REFUSALS):
        state["jobs"] = handler(state, lambda_context)
        [candidate] = state["jobs"]["candidates"]
        assert (candidate["status"], state["jobs"]["may_start"]) == ("Pending", False)
        assert code in candidate["failure"]
        state["jobs"] = check_jobs({"run": run, "jobs": state["jobs"], "topic_arn": "arn:topic"}, lambda_context)
        assert state["jobs"]["may_start"] is True
    bedrock.answer(CREATE, {"jobArn": expect["job_arn"]})
    handler(state, lambda_context)
    started = handler(state, lambda_context)
    assert (started["status"], started["candidates"][0]["arn"]) == ("InProgress", expect["job_arn"])


def test_a_lost_connection_is_tried_again_after_a_wait(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """The token makes the repetition safe."""
    broken: Any = ReadTimeoutError(endpoint_url="https://bedrock")
    bedrock.break_off(CREATE, broken)
    [candidate] = handler({"run": run, "plan": plan}, lambda_context)["candidates"]
    assert (candidate["status"], candidate["arn"]) == ("Pending", None)
    assert "CreateModelCustomizationJob got no answer" in candidate["failure"]


def test_a_model_that_run_json_names_is_taken_and_nothing_is_trained(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Going on from a trained model must not cost its training a second time, nor ever delete it."""
    model = {
        "modelArn": expect["model_arn"],
        "modelName": "earlier",
        "jobArn": expect["job_arn"],
        "baseModelArn": "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-3-haiku-20240307-v1:0:200k",
        "creationTime": "2026-01-20T21:00:00Z",
        "modelStatus": "Active",
        "hyperParameters": {"epochCount": "3"},
        "trainingDataConfig": {"s3Uri": "s3://elsewhere/train.jsonl"},
        "outputDataConfig": {"s3Uri": "s3://elsewhere/"},
    }
    bedrock.answer("GetCustomModel", model)
    given = {**plan, "candidates": [], "custom_model": expect["model_arn"]}
    state = {"run": run, "plan": given}
    jobs = handler(state, lambda_context)
    [candidate] = jobs["candidates"]
    assert (jobs["status"], jobs["wait_seconds"]) == ("Completed", 0)
    assert (candidate["model_arn"], candidate["hyperparameters"]) == (expect["model_arn"], {"epochCount": "3"})
    assert check_jobs({"run": run, "jobs": jobs, "topic_arn": "arn:topic"}, lambda_context)["status"] == "Completed"
    for recorded in (jobs, None):
        left = {**state, "jobs": recorded} if recorded else state
        assert stop_jobs(left, lambda_context)["candidates"] == (recorded or {"candidates": []})["candidates"]
        assert all(one["model"] == "kept" for one in discard_models(left, lambda_context)["candidates"])
    assert {name for name, _ in bedrock.calls} == {"GetCustomModel"}


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_named_model_that_cannot_be_had_ends_the_run(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext, code: str
) -> None:
    """Nothing is trained in its place."""
    bedrock.refuse("GetCustomModel", code, "no")
    with pytest.raises(CustomizationFailed, match="arn:gone"):
        handler({"run": run, "plan": {**plan, "candidates": [], "custom_model": "arn:gone"}}, lambda_context)
