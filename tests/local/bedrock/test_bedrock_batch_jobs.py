"""Batch inference through boto3: states, names and tokens, what the output has, and what makes a job fail."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock.batch_requests import check_batch_role
from local.bedrock.errors import ValidationError
from local.bedrock.service_role import Context
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, HOUR, ROLE_ARN, Simulation

# What the job's role is denied.
DENIALS = ["sts:AssumeRole", "s3:HeadObject", "s3:PutObject", "bedrock:InvokeModel"]
MODEL = "amazon.nova-lite-v1:0"
PROFILE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def converse(text: str = "Say yes.") -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": text}]}], "inferenceConfig": {"maxTokens": 50}}


def records(count: int = 100) -> list[dict[str, Any]]:
    return [{"recordId": f"REC{number:08d}", "modelInput": converse(f"Say {number}.")} for number in range(count)]


def create(simulation: Simulation, rows: list[dict[str, Any]] | bytes | None = None, **changes: Any) -> str:
    """Create a job of these records with valid parameters but for the changes; returns its ARN."""
    uri = simulation.upload("batch/asks.jsonl", records() if rows is None else rows)
    request: dict[str, Any] = {
        "jobName": "batch-1",
        "roleArn": ROLE_ARN,
        "modelId": MODEL,
        "modelInvocationType": "Converse",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": uri, "s3InputFormat": "JSONL"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"s3://{BUCKET}/out/"}},
    }
    arn: str = simulation.bedrock.create_model_invocation_job(**(request | changes))["jobArn"]
    return arn


def status(simulation: Simulation, arn: str) -> str:
    found: str = simulation.bedrock.get_model_invocation_job(jobIdentifier=arn)["status"]
    return found


def output(simulation: Simulation, arn: str, name: str = "asks.jsonl.out") -> list[dict[str, Any]]:
    status(simulation, arn)
    key = f"out/{arn.rpartition('/')[2]}/{name}"
    text = simulation.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    return [json.loads(line) for line in text.splitlines()]


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.mark.assumption(
    "batch-job-create-returns-its-arn-alone",
    "batch-job-statuses",
    "batch-job-reads-lines-of-model-inputs",
    "batch-job-output-layout",
    "batch-job-output-has-no-order",
)
def test_job_passes_its_states_and_leaves_output_and_manifest(simulation: Simulation) -> None:
    """Whoever reads the output must join it by the record's id."""
    arn = create(simulation)
    seen = [status(simulation, arn)]
    for seconds in (60, 120, 900, HOUR):
        simulation.clock.advance(seconds)
        seen.append(status(simulation, arn))
    assert seen == ["Submitted", "Validating", "Scheduled", "InProgress", "Completed"]
    lines = output(simulation, arn)
    ids = [line["recordId"] for line in lines]
    assert sorted(ids) == [row["recordId"] for row in records()]
    assert ids != sorted(ids), "another order than the input"
    [manifest] = output(simulation, arn, "manifest.json.out")
    outputs = [line["modelOutput"] for line in lines]
    assert manifest == {
        "totalRecordCount": 100,
        "processedRecordCount": 100,
        "successRecordCount": 100,
        "errorRecordCount": 0,
        "inputTokenCount": sum(each["usage"]["inputTokens"] for each in outputs),
        "outputTokenCount": sum(each["usage"]["outputTokens"] for each in outputs),
    }


@pytest.mark.assumption("batch-job-reads-lines-of-model-inputs")
def test_records_get_the_answers_that_converse_gives(simulation: Simulation) -> None:
    """A question costs half in a batch and is answered alike."""
    arn = create(simulation)
    simulation.clock.advance(2 * HOUR)
    [line] = [line for line in output(simulation, arn) if line["recordId"] == "REC00000007"]
    asked = simulation.runtime.converse(modelId=MODEL, **converse("Say 7."))
    assert line["modelOutput"]["output"] == asked["output"]
    assert line["modelOutput"]["usage"] == asked["usage"]


@pytest.mark.assumption("batch-job-takes-invoke-model-bodies")
def test_invoke_model_bodies_are_answered_in_the_models_format(simulation: Simulation) -> None:
    """It is what the API does where the request says nothing else."""
    body = {"messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 9}
    rows = [
        {"modelInput": {"anthropic_version": "bedrock-2023-05-31", **body}, "recordId": f"{number}"}
        for number in range(100)
    ]
    arn = create(simulation, rows, modelId=PROFILE, modelInvocationType="InvokeModel")
    simulation.clock.advance(2 * HOUR)
    assert all(line["modelOutput"]["type"] == "message" for line in output(simulation, arn))
    [manifest] = output(simulation, arn, "manifest.json.out")
    assert manifest["outputTokenCount"] > 0


@pytest.mark.assumption("batch-job-by-arn-or-id-alone", "batch-jobs-list-in-pages", "batch-job-tags")
def test_a_name_finds_a_job_in_the_list_alone(simulation: Simulation) -> None:
    """A clean-up that knows names has nothing but the list."""
    arns = [
        create(simulation, jobName=name, tags=[{"key": "run-id", "value": name}]) for name in ("batch-1", "batch-2")
    ]
    found = simulation.bedrock.get_model_invocation_job(jobIdentifier=arns[0].rpartition("/")[2])
    assert found["jobArn"] == arns[0]
    with pytest.raises(ClientError) as error:
        simulation.bedrock.get_model_invocation_job(jobIdentifier="batch-1")
    assert refusal(error)[0] == "ValidationException"
    listed = simulation.bedrock.list_model_invocation_jobs
    assert [job["jobArn"] for job in listed(nameContains="batch-2")["invocationJobSummaries"]] == [arns[1]]
    assert listed(statusEquals="Completed")["invocationJobSummaries"] == []
    page = listed(maxResults=1)
    assert len([*page["invocationJobSummaries"], *listed(nextToken=page["nextToken"])["invocationJobSummaries"]]) == 2
    assert simulation.bedrock.list_tags_for_resource(resourceARN=arns[1])["tags"] == [
        {"key": "run-id", "value": "batch-2"}
    ]


@pytest.mark.assumption(
    "batch-job-token-makes-create-idempotent",
    "batch-job-token-with-another-request-is-refused",
    "batch-job-name-taken-for-ever",
)
def test_same_token_gives_the_same_job_and_a_taken_name_conflicts(simulation: Simulation) -> None:
    """A retry after a lost answer must not pay for a second job."""
    arn = create(simulation, clientRequestToken="round-1")
    assert create(simulation, clientRequestToken="round-1") == arn
    others: list[dict[str, Any]] = [
        {"clientRequestToken": "round-1", "jobName": "other"},
        {"clientRequestToken": "round-2"},
    ]
    for changes in others:
        with pytest.raises(ClientError) as error:
            create(simulation, **changes)
        assert refusal(error)[0] == "ConflictException"


@pytest.mark.assumption("batch-job-checks-model-inputs-late", "batch-job-tells-errors-of-records")
def test_a_record_that_the_model_refuses_has_an_error(simulation: Simulation) -> None:
    """One bad record must not cost the others their answers."""
    wrong = [{"recordId": "no-messages", "modelInput": {"inferenceConfig": {"maxTokens": 0}}}]
    arn = create(simulation, records(99) + wrong)
    simulation.clock.advance(2 * HOUR)
    assert status(simulation, arn) == "Completed"
    [failed] = [line for line in output(simulation, arn) if "modelOutput" not in line]
    assert (failed["recordId"], failed["error"]["errorCode"]) == ("no-messages", 400)
    assert "maxTokens" in failed["error"]["errorMessage"]
    job = simulation.bedrock.get_model_invocation_job(jobIdentifier=arn)
    assert (job["successRecordCount"], job["errorRecordCount"]) == (99, 1)


@pytest.mark.parametrize(
    "settings", [SimulationSettings(batch_failed_records=0.2, batch_missing_records=0.1)], ids=["unlucky"]
)
@pytest.mark.assumption("batch-job-partially-completed-lacks-records")
def test_shares_of_the_records_fail_and_are_missing(simulation: Simulation) -> None:
    """What a batch leaves out has to be asked in another way."""
    arn = create(simulation, records(500))
    simulation.clock.advance(2 * HOUR)
    assert status(simulation, arn) == "PartiallyCompleted"
    lines = output(simulation, arn)
    assert 420 < len(lines) < 480
    assert 40 < sum("error" in line for line in lines) < 150


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SimulationSettings(batch_queue_seconds=30 * HOUR), "Expired"),
        (SimulationSettings(batch_seconds=40 * HOUR), "PartiallyCompleted"),
    ],
)
@pytest.mark.assumption("batch-job-expires", "batch-job-partially-completed-lacks-records")
def test_a_job_ends_when_its_time_is_up(simulation: Simulation, expected: str) -> None:
    """A queue may be longer than a day."""
    arn = create(simulation)
    simulation.clock.advance(23 * HOUR)
    assert status(simulation, arn) in ("Scheduled", "InProgress")
    simulation.clock.advance(2 * HOUR)
    assert status(simulation, arn) == expected
    if expected == "PartiallyCompleted":
        assert 40 < len(output(simulation, arn)) < 80
    else:
        with pytest.raises(simulation.s3.exceptions.NoSuchKey):
            output(simulation, arn)


@pytest.mark.assumption(
    "batch-job-stop-passes-through-stopping",
    "batch-job-stopped-keeps-what-it-processed",
    "batch-job-stop-of-an-ended-job-conflicts",
)
def test_a_stopped_job_leaves_what_it_processed(simulation: Simulation) -> None:
    """It was paid for."""
    arn = create(simulation)
    simulation.clock.advance(1050 + 200)
    assert status(simulation, arn) == "InProgress"
    simulation.bedrock.stop_model_invocation_job(jobIdentifier=arn)
    assert status(simulation, arn) == "Stopping"
    simulation.clock.advance(60)
    assert status(simulation, arn) == "Stopped"
    assert 40 < len(output(simulation, arn)) < 60
    with pytest.raises(ClientError) as error:
        simulation.bedrock.stop_model_invocation_job(jobIdentifier=arn)
    assert refusal(error)[0] == "ConflictException"


@pytest.mark.assumption("batch-job-least-records", "batch-job-data-checked-after-create")
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (records(99), r"contains less records \(99\) than the required minimum of: 100"),
        (b'{"recordId": "1", "modelInput": {}}\nno JSON\n' * 100, "line 2 is not JSON"),
        ([{"recordId": "1"}] * 100, "modelInput"),
        (records(100) + records(1), "same recordId"),
    ],
)
def test_a_wrong_input_fails_the_job(simulation: Simulation, rows: list[dict[str, Any]] | bytes, message: str) -> None:
    """The call that creates the job does not read it."""
    arn = create(simulation, rows)
    simulation.clock.advance(HOUR)
    job = simulation.bedrock.get_model_invocation_job(jobIdentifier=arn)
    assert job["status"] == "Failed"
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(job["message"])


@pytest.mark.assumption("batch-job-model-without-batch-is-refused", "batch-job-takes-inference-profiles")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modelId": "us.anthropic.claude-sonnet-5"}, "Batch inference is not supported for the requested model"),
        ({"modelId": "anthropic.claude-haiku-4-5-20251001-v1:0"}, "inference profile"),
        ({"jobName": "a b"}, "'jobName'"),
        ({"roleArn": "me"}, "'roleArn'"),
        ({"timeoutDurationInHours": 2}, "'timeoutDurationInHours'"),
        ({"outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://data/a=b"}}}, "s3Uri"),
        ({"outputDataConfig": {}}, "outputDataConfig"),
        ({"clientRequestToken": "a_b"}, "'clientRequestToken'"),
        ({"tags": [{"key": "a", "value": "ü"}]}, "value"),
    ],
)
def test_wrong_requests_are_refused_at_create(simulation: Simulation, changes: dict[str, Any], message: str) -> None:
    """What Bedrock refuses at once must not wait in a queue."""
    with pytest.raises(ClientError) as error:
        create(simulation, **changes)
    code, words = refusal(error)
    assert code == "ValidationException"
    assert message in words
    assert simulation.control("GET", "state")["batch_jobs"] == []


@pytest.mark.parametrize("settings", [SimulationSettings(concurrent_batch_jobs=1, on_demand_requests_per_minute=1)])
@pytest.mark.assumption("batch-jobs-have-own-quotas")
def test_batch_jobs_have_quotas_of_their_own(simulation: Simulation) -> None:
    """A hundred records in a minute are no hundred requests."""
    arn = create(simulation)
    with pytest.raises(ClientError) as error:
        create(simulation, jobName="batch-2")
    assert refusal(error)[0] == "ServiceQuotaExceededException"
    create(simulation, jobName="batch-3", modelId=PROFILE)
    simulation.clock.advance(2 * HOUR)
    assert all("modelOutput" in line for line in output(simulation, arn))


@pytest.mark.parametrize(("kind", "later"), [("endless", "InProgress"), ("stalled", "Scheduled"), ("broken", "Failed")])
def test_faults_of_jobs_hold_batch_jobs_up_too(simulation: Simulation, kind: str, later: str) -> None:
    """What waits for a batch job must end by itself."""
    simulation.control("POST", "faults/x", [{"operation": "CreateModelInvocationJob", "kind": kind}])
    arn = create(simulation)
    simulation.clock.advance(20 * HOUR)
    assert status(simulation, arn) == later


@pytest.mark.parametrize(("kind", "told"), [("stuck", "InProgress"), ("failed", "Failed")])
def test_stale_answers_tell_another_state(simulation: Simulation, kind: str, told: str) -> None:
    """A call by ARN is matched by the job's name."""
    arn = create(simulation)
    simulation.clock.advance(20 * HOUR)
    simulation.control("POST", "faults/x", [{"operation": "GetModelInvocationJob", "kind": kind, "match": "batch-1"}])
    assert status(simulation, arn) == told
    simulation.control("DELETE", "faults/x")
    assert status(simulation, arn) == "Completed"


@pytest.mark.parametrize("settings", [SimulationSettings(list_lag_seconds=600)])
def test_the_list_lags_and_get_does_not(simulation: Simulation) -> None:
    """A clean-up that lists sees what was."""
    arn = create(simulation)
    listed = simulation.bedrock.list_model_invocation_jobs
    assert (listed()["invocationJobSummaries"], status(simulation, arn)) == ([], "Submitted")
    simulation.clock.advance(660)
    assert [job["status"] for job in listed()["invocationJobSummaries"]] == ["Validating"]
    assert status(simulation, arn) == "Scheduled"


@dataclass
class DeniedRole:
    """Implements `local.bedrock.service_role.ServiceRoles`: everything is allowed but one action."""

    denied: str
    storage: Any

    def may(self, _principal: str, action: str, _resource: str, _context: Context) -> bool:
        return action != self.denied

    def s3(self, _role_arn: str) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        if f"s3:{name.title().replace('_', '')}" != self.denied:
            return getattr(self.storage, name)

        def deny(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, name)

        return deny


@pytest.mark.assumption("batch-job-access-is-checked-when-created", "batch-job-takes-inference-profiles")
@pytest.mark.parametrize("denied", DENIALS)
def test_a_job_whose_role_may_not_is_refused(simulation: Simulation, denied: str) -> None:
    """It would fail after its time in the queue."""
    roles = DeniedRole(denied, simulation.s3)
    request = {
        "roleArn": ROLE_ARN,
        "modelId": PROFILE,
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": simulation.upload("asks.jsonl", records())}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"s3://{BUCKET}/out/"}},
    }
    arn = "arn:aws:bedrock:us-west-2:000000000000:model-invocation-job/abcdefghijkl"
    with pytest.raises(ValidationError):
        check_batch_role(roles, request, arn, SimulationSettings())
    check_batch_role(DeniedRole("none", simulation.s3), request, arn, SimulationSettings())
