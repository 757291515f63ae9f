"""RunPreflight."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.responses import IamResponse
from moto.sns.models import sns_backends

from lambdas.domain.core.errors import PreflightFailed, ServiceBusy
from lambdas.domain.preflight.checks import CHECKS
from lambdas.handlers import composition
from lambdas.handlers.run_preflight import handler
from tests.handlers.bedrock.conftest import Describe, Script

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Runs the handler: its result or error, and the stored document.
Preflight = Callable[[], tuple[Any, dict[str, Any]]]
NOT_FOUND = "ResourceNotFoundException"
NAMED = ("GetModelCustomizationJob", "GetCustomModel", "GetProvisionedModelThroughput", "GetCustomModelDeployment")
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


def available(agreement: str = "AVAILABLE", **changes: Any) -> dict[str, Any]:
    """GetFoundationModelAvailability's answer."""
    return {
        "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
        "agreementAvailability": {"status": agreement},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
        **changes,
    }


QUOTAS = {
    "L-BE77399C": ("Model units no-commitment Provisioned Throughputs across custom models", 2),
    "L-1": ("Model units per provisioned model for Anthropic Claude 3 Haiku 200K", 1),
    "L-0406044C": ("(Model customization) Scheduled customization jobs", 2),
    "L-CB5B847D": ("(Model customization) Custom models per account", 5),
}


def listed(**values: float) -> dict[str, Any]:
    """ListServiceQuotas' answer, with other values of some quotas by their code."""
    return {
        "Quotas": [
            {"QuotaCode": code, "QuotaName": name, "Value": values.get(code.replace("-", "_"), value)}
            for code, (name, value) in QUOTAS.items()
        ]
    }


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The actions that IAM's simulation denies, to one role as "<role> <action>": moto has roles, but no simulation."""
    actions: set[str] = set()

    def decision(role: str, action: str) -> str:
        return "implicitDeny" if {action, f"{role} {action}"} & actions else "allowed"

    def simulate(response: IamResponse) -> str:
        role = response._get_param("PolicySourceArn").rpartition("/")[2]
        results = "".join(
            f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>"
            f"<EvalDecision>{decision(role, action)}</EvalDecision></member>"
            for action in response._get_param("ActionNames")
            for resource in response._get_param("ResourceArns")
        )
        result = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
        return (
            '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
            f"<SimulatePrincipalPolicyResult>{result}</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
        )

    monkeypatch.setattr(IamResponse, "simulate_principal_policy", simulate, raising=False)
    return actions


def make_role(service: str = "bedrock.amazonaws.com") -> None:
    """The customization role, which a service may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    composition.root.adapters.clients.iam.create_role(RoleName="customization", AssumeRolePolicyDocument=policy)


@pytest.fixture
def quotas(aws: None) -> Script:
    """Service Quotas after a script."""
    script = Script()
    script.attach(composition.root.adapters.clients.service_quotas)
    return script


@pytest.fixture
def account(bedrock: Script, runtime: Script, s3: "S3Client", quotas: Script, denied: set[str]) -> Script:
    """An account in which all is well, for tests that then break something."""
    bedrock.answer("GetFoundationModel", described())
    bedrock.answer("GetFoundationModelAvailability", available())
    for operation in NAMED:
        bedrock.refuse(operation, NOT_FOUND, status=404)
    bedrock.answer("ListProvisionedModelThroughputs", {})
    bedrock.answer("ListModelCustomizationJobs", {})
    bedrock.answer("ListCustomModelDeployments", {})
    bedrock.answer("ListCustomModels", {})
    runtime.answer("Converse", ANSWER)
    quotas.answer("ListServiceQuotas", listed())
    quotas.answer("ListAWSDefaultServiceQuotas", {"Quotas": []})
    make_role()
    return bedrock


@pytest.fixture
def run_preflight(
    run: dict[str, Any],
    plan: dict[str, Any],
    lambda_context: LambdaContext,
    s3: "S3Client",
    monkeypatch: pytest.MonkeyPatch,
) -> Preflight:
    """Calls the handler; gives its result, or its error, and the stored document."""
    set_concurrency(monkeypatch, 1000)
    monkeypatch.setenv("RECONCILER_RESERVED_CONCURRENCY", "5")

    def call() -> tuple[Any, dict[str, Any]]:
        try:
            result: Any = handler({"run": run, "plan": plan}, lambda_context)
        except (PreflightFailed, ServiceBusy) as error:
            result = error
        stored = s3.get_object(Bucket=run["output_bucket"], Key=f"{run['prefix']}preflight.json")
        return result, json.loads(stored["Body"].read())

    return call


def set_concurrency(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """How many functions the account lets run at a time; moto does not tell."""
    told = {"AccountLimit": {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit}}
    functions = composition.root.adapters.clients.functions
    monkeypatch.setattr(functions, "get_account_settings", lambda: told, raising=False)


def change(script: Script, operation: str) -> Script:
    """Forgets what an operation answers, so that it can answer something else."""
    script._answers[operation].clear()
    return script


def statuses(document: dict[str, Any]) -> dict[str, str]:
    """The status of each check."""
    return {each["check"]: each["status"] for each in document["checks"]}


def test_run_that_lacks_nothing_goes_on_and_every_check_is_on_record(
    account: Script, run_preflight: Preflight, run: dict[str, Any]
) -> None:
    """The record says what was looked at, not only that nothing was found."""
    result, document = run_preflight()
    assert result["uri"] == f"s3://{run['output_bucket']}/{run['prefix']}preflight.json"
    assert (result["status"], document["status"]) == ("passed", "passed")
    assert "failed" not in statuses(document).values()


def test_model_that_answers_now_and_is_denied_later_ends_the_run_before_a_job_starts(
    account: Script, run_preflight: Preflight, plan: dict[str, Any]
) -> None:
    """The first calls of a third-party model succeed in a new account: a brief question proves nothing."""
    plan["evaluation"]["judges"] = ["us.anthropic.claude-haiku-4-5-20251001-v1:0"]
    change(account, "GetFoundationModelAvailability").answer("GetFoundationModelAvailability", available())
    account.answer("GetFoundationModelAvailability", available("NOT_AVAILABLE"))
    error, document = run_preflight()
    assert isinstance(error, PreflightFailed)
    assert statuses(document)["models-callable"] == "passed"
    assert statuses(document)["models-accessible"] == "failed"
    assert "us.anthropic.claude-haiku-4-5-20251001-v1:0, a judge" in str(error)
    # The operation knows no inference profiles.
    asked = [each["modelId"] for each in account.requests("GetFoundationModelAvailability")]
    assert asked == ["anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"]


def test_subscription_that_is_being_made_is_asked_for_again(account: Script, run_preflight: Preflight) -> None:
    """Bedrock makes it within minutes: the state repeats its checks."""
    change(account, "GetFoundationModelAvailability").answer("GetFoundationModelAvailability", available("PENDING"))
    assert isinstance(run_preflight()[0], ServiceBusy)


def test_model_that_bedrock_tells_nothing_of_is_left_to_the_question(account: Script, run_preflight: Preflight) -> None:
    """Such as a custom one: whether it can be asked is another check."""
    change(account, "GetFoundationModelAvailability").refuse("GetFoundationModelAvailability", NOT_FOUND, status=404)
    assert statuses(run_preflight()[1])["models-accessible"] == "passed"


@pytest.mark.parametrize(
    ("read", "now", "words"),
    [
        ({}, {"run.json": b"{}"}, "run.json has arrived"),
        ({"test.jsonl": b"1"}, {"test.jsonl": b"2"}, "test.jsonl was replaced"),
        ({"validation.jsonl": b"1"}, {}, "validation.jsonl was deleted"),
    ],
)
def test_folder_that_changed_since_it_was_read_ends_the_run_before_a_job_starts(
    account: Script,
    run_preflight: Preflight,
    run: dict[str, Any],
    plan: dict[str, Any],
    s3: "S3Client",
    read: dict[str, bytes],
    now: dict[str, bytes],
    words: str,
) -> None:
    """A paid training would go on without the file; a person hears which one, and what to do."""
    run["source"]["key"] = "input/sales/train.jsonl"
    plan["siblings"] = {
        name: s3.put_object(Bucket="input-bucket", Key=f"input/sales/{name}", Body=body)["ETag"]
        for name, body in read.items()
    }
    assert statuses(run_preflight()[1])["files-unchanged"] == "passed"
    for name in read:
        s3.delete_object(Bucket="input-bucket", Key=f"input/sales/{name}")
    for name, body in now.items():
        s3.put_object(Bucket="input-bucket", Key=f"input/sales/{name}", Body=body)
    error, document = run_preflight()
    assert isinstance(error, PreflightFailed)
    assert statuses(document)["files-unchanged"] == "failed"
    assert words in str(error)
    assert "Upload train.jsonl again, after all other files" in str(error)


def test_all_that_is_wrong_is_reported_together(
    account: Script,
    runtime: Script,
    quotas: Script,
    denied: set[str],
    run_preflight: Preflight,
    plan: dict[str, Any],
    s3: "S3Client",
) -> None:
    """Whoever mends one thing at a time uploads the data once for each."""
    plan["evaluation"]["judges"] = ["mistral.large-v1"]
    plan["settings_findings"] = [
        {"check": "hyperparameters", "severity": "error", "message": "run.json, epochs: No.", "remedy": "Mend it."}
    ]
    plan["max_cost_usd"] = 0.001
    change(account, "GetFoundationModel").answer("GetFoundationModel", described("LEGACY"))
    denying = change(account, "GetModelCustomizationJob")
    denying.refuse("GetModelCustomizationJob", "AccessDeniedException", status=403)
    change(runtime, "Converse").refuse("Converse", "AccessDeniedException", "You have no access.", status=403)
    change(quotas, "ListServiceQuotas").answer("ListServiceQuotas", listed(L_BE77399C=0))
    denied |= {"iam:PassRole", "s3:PutObject"}
    composition.root.adapters.clients.iam.delete_role(RoleName="customization")
    make_role(service="lambda.amazonaws.com")
    s3.put_object(Bucket="input-bucket", Key="prices.json", Body=b"{}")
    error, document = run_preflight()
    assert isinstance(error, PreflightFailed)
    assert {check for check, status in statuses(document).items() if status == "failed"} == {
        "model-lifecycle", "hyperparameters", "quota-model-units", "role-trusts-bedrock", "role-can-be-passed",
        "role-writes-output", "models-callable", "prices",
    }  # fmt: skip
    assert statuses(document)["names-free"] == "warning"
    for finding in document["findings"]:
        assert finding["remedy"] in str(error)
    for words in ("Successor: amazon.nova-2-lite-v1:0:256k", "Quota code: L-BE77399C", "mistral.large-v1, a judge"):
        assert words in str(error)


@pytest.mark.parametrize(
    ("service", "operation", "check", "status"),
    [
        ("bedrock", "GetFoundationModel", "model-exists", "warning"),
        ("quotas", "ListServiceQuotas", "quota-model-units", "failed"),
        ("bedrock", "ListProvisionedModelThroughputs", "quota-model-units", "warning"),
        ("bedrock", "ListCustomModels", "quota-custom-models", "warning"),
        ("bedrock", "GetCustomModel", "names-free", "warning"),
        ("runtime", "Converse", "models-callable", "failed"),
    ],
)
def test_check_that_cannot_be_made_is_a_finding_and_hides_no_other(
    account: Script,
    request: pytest.FixtureRequest,
    run_preflight: Preflight,
    service: str,
    operation: str,
    check: str,
    status: str,
) -> None:
    """A missing permission of the function says nothing about the model, the role or the prices."""
    change(request.getfixturevalue(service), operation).refuse(operation, "AccessDeniedException", "No.", status=403)
    _, document = run_preflight()
    found = statuses(document)
    assert found[check] == status
    assert "AccessDenied" in next(each["message"] for each in document["checks"] if each["check"] == check)
    assert set(found) == set(CHECKS)
    assert found["role-can-be-passed"] == found["region"] == found["bucket-region"] == "passed"


@pytest.mark.assumption("quota-unchanged-may-be-among-the-defaults-only")
def test_default_quotas_are_read_where_none_is_applied(
    account: Script, quotas: Script, run_preflight: Preflight
) -> None:
    """AWS lists a quota that nobody ever changed among its defaults only."""
    change(quotas, "ListServiceQuotas").answer("ListServiceQuotas", {"Quotas": []})
    change(quotas, "ListAWSDefaultServiceQuotas").answer("ListAWSDefaultServiceQuotas", listed(L_BE77399C=0))
    _, document = run_preflight()
    assert statuses(document)["quota-model-units"] == "failed"
    assert statuses(document)["quota-model-units-of-model"] == "passed"


def test_only_units_without_commitment_for_custom_models_are_in_use(
    account: Script, run_preflight: Preflight, throughput_description: Describe
) -> None:
    """Throughput that somebody has committed to, or on a base model, counts in other quotas."""
    summary = {**throughput_description(), "status": "InService"}
    base = {**summary, "modelArn": summary["foundationModelArn"]}
    committed = {**summary, "commitmentDuration": "OneMonth"}
    listing = change(account, "ListProvisionedModelThroughputs")
    listing.answer("ListProvisionedModelThroughputs", {"provisionedModelSummaries": [base, committed, summary]})
    _, document = run_preflight()
    assert statuses(document)["quota-model-units"] == "passed"
    change(account, "ListProvisionedModelThroughputs")
    listing.answer("ListProvisionedModelThroughputs", {"provisionedModelSummaries": [summary, summary]})
    _, document = run_preflight()
    assert statuses(document)["quota-model-units"] == "warning"


@pytest.mark.parametrize(("approval", "status"), [(False, "warning"), (True, "failed")])
def test_topics_that_nobody_has_subscribed_to_are_found(
    account: Script, run: dict[str, Any], plan: dict[str, Any], monkeypatch: pytest.MonkeyPatch, approval: bool,
    status: str, lambda_context: LambdaContext, s3: "S3Client",
) -> None:  # fmt: skip
    """Nobody would hear of the result, nor of the request that the run waits for."""
    sns = boto3.client("sns", region_name="us-west-2")
    topics = [sns.create_topic(Name=name)["TopicArn"] for name in ("results", "alarms")]
    monkeypatch.setenv("TOPIC_ARN", topics[0])
    monkeypatch.setenv("ALARM_TOPIC_ARN", topics[1])

    def status_of_check() -> str:
        with suppress(PreflightFailed):
            handler({"run": run, "plan": {**plan, "needs_approval": approval}}, lambda_context)
        stored = s3.get_object(Bucket=run["output_bucket"], Key=f"{run['prefix']}preflight.json")
        return statuses(json.loads(stored["Body"].read()))["subscribers"]

    assert status_of_check() == status
    for topic in topics:
        # moto counts no subscriptions.
        sns_backends[DEFAULT_ACCOUNT_ID]["us-west-2"].topics[topic].subscriptions_confimed = 1
    assert status_of_check() == "passed"


@pytest.mark.parametrize(("limit", "status"), [(10, "failed"), (50, "passed"), (1000, "warning")])
def test_the_account_s_lambda_concurrency_is_compared_with_what_runs_need(
    account: Script, run_preflight: Preflight, monkeypatch: pytest.MonkeyPatch, limit: int, status: str
) -> None:
    """A new account has 10: questions that take all of it starve the functions that look after the run."""
    monkeypatch.setenv("MAX_CONCURRENCY", "10")
    monkeypatch.delenv("RECONCILER_RESERVED_CONCURRENCY")
    set_concurrency(monkeypatch, limit)
    _, document = run_preflight()
    assert statuses(document)["lambda-concurrency"] == status


@pytest.mark.parametrize("usable", [True, False])
def test_key_of_the_deployment_must_be_enabled_and_allowed(
    account: Script, run_preflight: Preflight, denied: set[str], monkeypatch: pytest.MonkeyPatch, usable: bool
) -> None:
    """The output of hours of training is encrypted with it at the very end."""
    key = composition.root.adapters.clients.kms.create_key()["KeyMetadata"]["Arn"]
    monkeypatch.setenv("CUSTOM_MODEL_KMS_KEY_ARN", key)
    if not usable:
        composition.root.adapters.clients.kms.disable_key(KeyId=key.rpartition("/")[2])
    _, document = run_preflight()
    assert statuses(document)["key-usable"] == ("passed" if usable else "failed")
    denied.add("kms:CreateGrant")
    _, document = run_preflight()
    assert statuses(document)["key-usable"] == "failed"


@pytest.mark.assumption("permission-key-of-a-custom-model", "permission-pass-role")
def test_the_role_that_starts_jobs_must_pass_the_role_and_use_the_key(
    account: Script, run_preflight: Preflight, denied: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No job could be started, and the baselines would be asked for nothing."""
    monkeypatch.setenv(
        "CUSTOM_MODEL_KMS_KEY_ARN", composition.root.adapters.clients.kms.create_key()["KeyMetadata"]["Arn"]
    )
    denied |= {"start-jobs iam:PassRole", "start-jobs kms:CreateGrant"}
    error, document = run_preflight()
    assert statuses(document)["role-can-be-passed"] == statuses(document)["key-usable"] == "failed"
    assert "to start-jobs" in str(error)


def test_role_must_list_the_output_bucket(account: Script, run_preflight: Preflight, denied: set[str]) -> None:
    """Bedrock looks for the bucket when it writes, after hours of training."""
    denied.add("customization s3:ListBucket")
    error, document = run_preflight()
    assert statuses(document)["role-writes-output"] == "failed"
    assert "s3:ListBucket on arn:aws:s3:::output-bucket (" in str(error)


@pytest.mark.parametrize(("status", "expected"), [("InProgress", "failed"), ("Completed", "passed")])
def test_a_job_that_has_ended_and_is_still_listed_takes_no_room(
    account: Script, quotas: Script, run_preflight: Preflight, job_description: Describe, status: str, expected: str
) -> None:
    """Bedrock's lists may lag behind: a run must not fail for a job that has just ended."""
    change(quotas, "ListServiceQuotas").answer("ListServiceQuotas", listed(L_0406044C=1))
    job = job_description(status=status)
    summary = {key: job[key] for key in ("jobArn", "jobName", "creationTime")}
    change(account, "ListModelCustomizationJobs").answer(
        "ListModelCustomizationJobs", {"modelCustomizationJobSummaries": [{**summary, "status": "InProgress"}]}
    )
    change(account, "GetModelCustomizationJob").answer("GetModelCustomizationJob", job)
    _, document = run_preflight()
    assert statuses(document)["quota-jobs"] == expected


def test_models_of_a_sweep_must_all_have_room(account: Script, run_preflight: Preflight, plan: dict[str, Any]) -> None:
    """They are deleted only after the best one is chosen."""
    plan["candidates"] = [{**plan["candidates"][0], "number": number} for number in range(1, 7)]
    error, document = run_preflight()
    assert statuses(document)["quota-custom-models"] == "failed"
    assert "needs 6" in str(error)


def test_name_of_each_job_of_a_sweep_must_be_free(
    account: Script,
    run_preflight: Preflight,
    plan: dict[str, Any],
    expect: dict[str, str],
    job_description: Describe,
) -> None:
    """A job that is refused for its name is found only beside others that already train."""
    plan["candidates"] = [{**plan["candidates"][0], "number": number} for number in (1, 2)]
    _, document = run_preflight()
    assert statuses(document)["names-free"] == "passed"
    names = [request["jobIdentifier"] for request in account.requests("GetModelCustomizationJob")]
    second = expect["name"].replace("-c1", "-c2")
    assert names == [expect["name"], second]
    served = [request["provisionedModelId"] for request in account.requests("GetProvisionedModelThroughput")]
    # Any of them may be chosen.
    assert served == [expect["name"], second]
    taken = change(account, "GetModelCustomizationJob")
    taken.refuse("GetModelCustomizationJob", NOT_FOUND, status=404)
    taken.answer("GetModelCustomizationJob", job_description(trainingDataConfig={"s3Uri": "s3://other/train.jsonl"}))
    error, document = run_preflight()
    assert statuses(document)["names-free"] == "failed"
    assert second in str(error)


def test_buckets_elsewhere_are_found(
    account: Script, run_preflight: Preflight, run: dict[str, Any], s3: "S3Client"
) -> None:
    """Bedrock reads and writes only buckets of the job's Region."""
    there = boto3.client("s3", region_name="eu-central-1")
    there.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    run["source"]["bucket"] = "elsewhere"
    error, _ = run_preflight()
    assert "elsewhere is in eu-central-1" in str(error)


def test_estimate_is_on_record_and_in_the_state(account: Script, run_preflight: Preflight) -> None:
    """A person who approves the purchase reads it, and the report compares it with what was used."""
    result, document = run_preflight()
    assert result["estimate"]["known_usd"] == document["estimate"]["known_usd"]
    assert document["estimate"]["lines"]


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ValidationException"])
def test_model_that_bedrock_does_not_know_is_refused_with_its_successor(
    account: Script, run_preflight: Preflight, code: str
) -> None:
    """After its end of life a model is gone: the answer is the same as for a misspelt one."""
    change(account, "GetFoundationModel").refuse("GetFoundationModel", code)
    error, document = run_preflight()
    assert statuses(document)["model-exists"] == "failed"
    assert "Successor: amazon.nova-2-lite-v1:0:256k" in str(error)


def test_throttling_alone_is_for_the_state_machine_to_wait_out(
    account: Script, runtime: Script, run_preflight: Preflight
) -> None:
    """A run must not fail because its model was asked at a busy moment."""
    change(runtime, "Converse").refuse("Converse", "ThrottlingException", status=429)
    error, _ = run_preflight()
    assert isinstance(error, ServiceBusy)


def test_throttled_check_that_would_only_warn_is_made_later(account: Script, run_preflight: Preflight) -> None:
    """A legacy model must not get past a busy moment of GetFoundationModel."""
    change(account, "GetFoundationModel").refuse("GetFoundationModel", "ThrottlingException", status=429)
    error, _ = run_preflight()
    assert isinstance(error, ServiceBusy)
    change(account, "GetFoundationModel").answer("GetFoundationModel", described("LEGACY"))
    error, _ = run_preflight()
    assert isinstance(error, PreflightFailed)


def test_throttling_beside_an_error_does_not_delay_the_answer(
    account: Script, runtime: Script, run_preflight: Preflight, plan: dict[str, Any]
) -> None:
    """Waiting would change nothing: the run cannot start."""
    plan["serving"] = "on_demand"
    change(runtime, "Converse").refuse("Converse", "ThrottlingException", status=429)
    error, document = run_preflight()
    assert isinstance(error, PreflightFailed)
    assert statuses(document)["models-callable"] == "failed"


@pytest.mark.parametrize(("ours", "status"), [(True, "passed"), (False, "failed")])
def test_names_of_an_earlier_attempt_are_the_runs_own(
    account: Script,
    run_preflight: Preflight,
    run: dict[str, Any],
    job_description: Describe,
    throughput_description: Describe,
    expect: dict[str, str],
    ours: bool,
    status: str,
) -> None:
    """A run that is repeated adopts what it made; what another one made must not be taken for it."""
    changes = {} if ours else {"trainingDataConfig": {"s3Uri": "s3://other/train.jsonl"}}
    bedrock = account
    for operation in NAMED:
        change(bedrock, operation)
    bedrock.answer("GetModelCustomizationJob", job_description(**changes))
    bedrock.answer(
        "GetCustomModel", {"modelArn": expect["model_arn"], "modelName": "x", "creationTime": "2026-01-21T21:01:00Z"}
    )
    bedrock.answer("GetProvisionedModelThroughput", throughput_description())
    deployment = {
        "customModelDeploymentArn": "arn:aws:bedrock:us-west-2:123456789012:custom-model-deployment/abcdefghijkl",
        "modelDeploymentName": "x",
        "modelArn": expect["model_arn"],
        "createdAt": "2026-01-21T21:01:00Z",
        "status": "Active",
    }
    bedrock.answer("GetCustomModelDeployment", deployment)
    tags = {"deployment": "fine-tuning", "run-id": run["id"] if ours else "other-0123456789ab"}
    bedrock.answer("ListTagsForResource", {"tags": [{"key": k, "value": v} for k, v in tags.items()]})
    _, document = run_preflight()
    assert statuses(document)["names-free"] == status
    # Job and model have the candidate's name, throughput and deployment the run's.
    assert len([f for f in document["findings"] if f["check"] == "names-free"]) == (0 if ours else 4)
