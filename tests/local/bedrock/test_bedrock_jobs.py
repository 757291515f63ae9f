"""Customization jobs through boto3: states, names, tokens, what makes them fail, and the files they leave."""

import csv
import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import BUCKET, HAIKU, HOUR, JOB, Simulation, rows


def code_and_message(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.mark.assumption(
    "job-statuses",
    "job-phases-in-order",
    "job-queues-before-it-starts",
    "job-by-name-or-arn",
    "job-metrics-are-told-by-get",
    "custom-model-by-name-or-arn",
    "custom-model-tells-how-it-was-made",
    "custom-model-of-a-job-is-active",
    "custom-model-arn-names-its-base",
)
def test_job_passes_its_phases_and_makes_a_model(simulation: Simulation) -> None:
    """A poller must see InProgress with details, then Completed with the model's ARN and losses."""
    arn = simulation.create_job()
    get = simulation.bedrock.get_model_customization_job
    job = get(jobIdentifier=arn)
    assert (job["status"], job["statusDetails"]["validationDetails"]["status"]) == ("InProgress", "NotStarted")
    simulation.clock.advance(1800 + 60)
    assert get(jobIdentifier="job-1")["statusDetails"]["validationDetails"]["status"] == "InProgress"
    simulation.clock.advance(300)
    assert get(jobIdentifier=arn)["statusDetails"]["trainingDetails"]["status"] == "InProgress"
    assert "outputModelArn" not in get(jobIdentifier=arn)
    simulation.clock.advance(HOUR)
    job = get(jobIdentifier=arn)
    assert job["status"] == "Completed"
    assert job["endTime"] > job["creationTime"]
    assert job["trainingMetrics"]["trainingLoss"] > 0
    model = simulation.bedrock.get_custom_model(modelIdentifier=job["outputModelArn"])
    assert (model["modelName"], model["jobArn"], model["modelStatus"]) == ("model-1", arn, "Active")
    assert model["trainingMetrics"] == job["trainingMetrics"]
    assert f":custom-model/{HAIKU}/" in model["modelArn"]
    assert simulation.bedrock.get_custom_model(modelIdentifier="model-1")["modelArn"] == model["modelArn"]


@pytest.mark.assumption(
    "job-statuses", "job-stop-keeps-no-model", "job-stop-passes-through-stopping", "job-stop-of-an-ended-job-conflicts"
)
def test_stop_passes_through_stopping_and_makes_no_model(simulation: Simulation) -> None:
    """The clean-up of an aborted run relies on it."""
    arn = simulation.create_job()
    simulation.bedrock.stop_model_customization_job(jobIdentifier=arn)
    assert simulation.bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "Stopping"
    simulation.clock.advance(5 * HOUR)
    assert simulation.bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "Stopped"
    assert simulation.bedrock.list_custom_models()["modelSummaries"] == []
    with pytest.raises(ClientError) as error:
        simulation.bedrock.stop_model_customization_job(jobIdentifier=arn)
    assert code_and_message(error)[0] == "ConflictException"


@pytest.mark.assumption("job-token-makes-create-idempotent", "job-token-with-another-request-is-refused")
def test_same_token_gives_the_same_job_and_another_request_with_it_is_refused(simulation: Simulation) -> None:
    """A retry after a lost answer must not start, or pay for, a second job."""
    first = simulation.create_job(clientRequestToken="run-1")
    assert simulation.create_job(clientRequestToken="run-1") == first
    with pytest.raises(ClientError) as error:
        simulation.create_job(clientRequestToken="run-1", customModelName="other")
    assert code_and_message(error)[0] == "ConflictException"
    assert len(simulation.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]) == 1


@pytest.mark.assumption("job-name-taken-for-ever", "model-name-taken-while-it-exists")
@pytest.mark.parametrize("changes", [{"customModelName": "other"}, {"jobName": "other"}])
def test_taken_names_conflict_even_after_the_job(simulation: Simulation, changes: dict[str, Any]) -> None:
    """Jobs cannot be deleted, so that a name is taken for ever."""
    simulation.complete_job()
    with pytest.raises(ClientError) as error:
        simulation.create_job(**changes)
    code, message = code_and_message(error)
    assert code == "ConflictException"
    assert "currently in use" in message


@pytest.mark.assumption(
    "job-hyperparameters-checked-at-create",
    "job-parameters-checked-against-patterns",
    "job-unknown-base-model-is-invalid",
    "job-base-model-without-customization-is-refused",
)
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"hyperParameters": {"epochCount": "11"}}, "epochCount"),
        ({"hyperParameters": {"epochCount": "2.5"}}, "epochCount"),
        ({"hyperParameters": {"learningRateMultiplier": "0.05"}}, "learningRateMultiplier"),
        ({"hyperParameters": {"learningRate": "1e-5"}}, "learningRate"),
        ({"baseModelIdentifier": "anthropic.claude-9-v1:0"}, "model identifier is invalid"),
        ({"baseModelIdentifier": "anthropic.claude-3-sonnet-20240229-v1:0"}, "not supported"),
        ({"customizationType": "DISTILLATION"}, "DISTILLATION"),
        ({"roleArn": "arn:aws:iam::1:user/x"}, "'roleArn' failed to satisfy constraint"),
        ({"trainingDataConfig": {"s3Uri": "s3://data/a=b"}}, "'trainingDataConfig.s3Uri'"),
    ],
)
def test_wrong_requests_are_refused_at_create(simulation: Simulation, changes: dict[str, Any], expected: str) -> None:
    """What Bedrock refuses at once must not become a job that fails an hour later."""
    with pytest.raises(ClientError) as error:
        simulation.create_job(**changes)
    code, message = code_and_message(error)
    assert code == "ValidationException"
    assert expected in message
    assert simulation.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"] == []


def _with_second(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [rows(1)[0], row, *rows(40)]


@pytest.mark.assumption(
    "job-data-checked-after-create",
    "job-failure-messages-name-the-cause",
    "data-is-jsonl",
    "data-constants-are-no-json",
    "data-one-wrong-record-fails-the-job",
    "data-format-of-claude",
    "data-roles-alternate",
    "data-blank-texts-are-refused",
    "data-reserved-words-of-claude",
    "data-tokens-of-a-record",
    "data-limits-of-claude",
)
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, "Could not validate GetObject permissions to access Amazon S3 bucket: training-data at key train.jsonl"),
        (b"", "no entries"),
        (b'{"messages": \n', "line 1 is not JSON"),
        (b'{"messages": NaN}\n', "line 1 is not JSON"),
        (b"\xff\xfe\n", "line 1 is not JSON"),
        (rows(31), "less than the minimum of 32"),
        (_with_second({"prompt": "a", "completion": "b"}), "line 2"),
        (_with_second({"messages": [{"role": "user", "content": "a"}]}), "at least two"),
        (_with_second({"messages": list(reversed(rows(1)[0]["messages"]))}), "must have the role user"),
        (_with_second({"messages": [*rows(1)[0]["messages"], {"role": "user", "content": "?"}]}), "role assistant"),
        (_with_second({**rows(1)[0], "id": 7}), "unknown key 'id'"),
        (_with_second({"system": "", "messages": rows(1)[0]["messages"]}), "system"),
        (
            _with_second(
                {"messages": [{"role": "user", "content": "a\nHuman: b"}, {"role": "assistant", "content": "c"}]}
            ),
            "reserved keyword",
        ),
        (
            _with_second(
                {"messages": [{"role": "user", "content": "a" * 200_000}, {"role": "assistant", "content": "c"}]}
            ),
            "token count",
        ),
    ],
)
def test_data_that_bedrock_refuses_fails_the_job(simulation: Simulation, data: Any, expected: str) -> None:
    """The job is accepted, and fails with a message after its validation phase, as on AWS."""
    if data is None:
        simulation.s3.delete_object(Bucket=BUCKET, Key="train.jsonl")
    else:
        simulation.upload("train.jsonl", data)
    job = simulation.complete_job()
    assert job["status"] == "Failed"
    assert expected in job["failureMessage"]
    assert job["statusDetails"]["validationDetails"]["status"] == "Failed"
    assert "outputModelArn" not in job


@pytest.mark.assumption("job-output-that-cannot-be-written-fails-it")
def test_output_that_cannot_be_written_fails_the_job(simulation: Simulation) -> None:
    """A model without its metrics would leave the report without curves."""
    job = simulation.complete_job(outputDataConfig={"s3Uri": "s3://no-such-bucket/output/"})
    assert job["status"] == "Failed"
    assert "PutObject" in job["failureMessage"]


@pytest.mark.assumption(
    "job-output-layout",
    "job-output-columns",
    "job-output-tells-rejected-records",
    "job-hyperparameters-are-text",
    "job-metrics-are-told-by-get",
)
def test_metrics_files_have_bedrocks_layout(simulation: Simulation) -> None:
    """Readers of loss files find them by suffix and rely on the columns, steps from 0 and epochs from 1."""
    uri = simulation.upload("validation.jsonl", rows(33))
    job = simulation.complete_job(
        validationDataConfig={"validators": [{"s3Uri": uri}]}, hyperParameters={"epochCount": "2", "batchSize": "10"}
    )
    root = f"output/model-customization-job-{job['jobArn'].rpartition('/')[2]}"

    def read(path: str) -> list[dict[str, str]]:
        body = simulation.s3.get_object(Bucket=BUCKET, Key=f"{root}/{path}")["Body"].read().decode()
        return list(csv.DictReader(io.StringIO(body)))

    assert read("input_status/training/manifest.report.csv") == [
        {"totalProcessedRecordCount": "40", "acceptedRecordCount": "40", "rejectedRecordCount": "0"}
    ]
    steps = read("training_artifacts/step_wise_training_metrics.csv")
    assert list(steps[0]) == ["step_number", "epoch_number", "training_loss"]
    assert [(row["step_number"], row["epoch_number"]) for row in steps] == [
        (str(step), str(1 + step // 4)) for step in range(8)
    ]
    validated = read("validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv")
    assert [(row["step_number"], row["epoch_number"]) for row in validated] == [("3", "1"), ("7", "2")]
    assert float(validated[1]["validation_loss"]) == pytest.approx(
        job["validationMetrics"][0]["validationLoss"], abs=1e-6
    )
    assert float(steps[-1]["training_loss"]) < float(steps[0]["training_loss"])


@pytest.mark.assumption("jobs-list-in-pages", "request-page-token-is-opaque")
def test_lists_come_in_pages_and_filtered(simulation: Simulation) -> None:
    """A client that reads the first page only must be wrong here, too."""
    for number in range(5):
        simulation.create_job(jobName=f"job-{number}", customModelName=f"model-{number}")
        simulation.clock.advance(1)
    first = simulation.bedrock.list_model_customization_jobs(maxResults=2)
    assert [job["jobName"] for job in first["modelCustomizationJobSummaries"]] == ["job-4", "job-3"]
    pages = simulation.bedrock.get_paginator("list_model_customization_jobs").paginate(
        PaginationConfig={"PageSize": 2}, sortBy="CreationTime", sortOrder="Ascending"
    )
    names = [job["jobName"] for page in pages for job in page["modelCustomizationJobSummaries"]]
    assert names == [f"job-{number}" for number in range(5)]
    chosen = simulation.bedrock.list_model_customization_jobs(nameContains="3", statusEquals="InProgress")
    assert [job["jobName"] for job in chosen["modelCustomizationJobSummaries"]] == ["job-3"]
    with pytest.raises(ClientError):
        simulation.bedrock.list_model_customization_jobs(nextToken="no-token")


@pytest.mark.assumption("job-unknown-is-not-found")
def test_unknown_job_is_not_found(simulation: Simulation) -> None:
    """Callers tell "gone" from "failed" by this code."""
    with pytest.raises(ClientError) as error:
        simulation.bedrock.get_model_customization_job(jobIdentifier="no-such-job")
    assert code_and_message(error)[0] == "ResourceNotFoundException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.assumption("job-tags-on-job-and-model", "tags-of-every-resource")
def test_job_and_model_carry_their_tags(simulation: Simulation) -> None:
    """What belongs to a deployment is recognised by its tags."""
    job = simulation.complete_job(
        jobTags=[{"key": "run", "value": "r1"}], customModelTags=[{"key": "deployment", "value": "d1"}]
    )
    tags = simulation.bedrock.list_tags_for_resource
    assert tags(resourceARN=job["jobArn"])["tags"] == [{"key": "run", "value": "r1"}]
    simulation.bedrock.tag_resource(resourceARN=job["outputModelArn"], tags=[{"key": "a", "value": "b"}])
    simulation.bedrock.untag_resource(resourceARN=job["outputModelArn"], tagKeys=["deployment"])
    assert tags(resourceARN=job["outputModelArn"])["tags"] == [{"key": "a", "value": "b"}]


@pytest.mark.assumption("jobs-train-side-by-side")
def test_a_sweep_trains_jobs_side_by_side_and_only_the_best_model_is_kept(simulation: Simulation) -> None:
    """Candidates differ by validation loss; whoever deletes the losing models pays for storing one only."""
    uri = simulation.upload("validation.jsonl", rows(40))
    for number, epochs in enumerate(("1", "2", "4", "8"), start=1):
        simulation.create_job(
            jobName=f"job-c{number}",
            customModelName=f"model-c{number}",
            hyperParameters={"epochCount": epochs, "batchSize": "8"},
            validationDataConfig={"validators": [{"s3Uri": uri}]},
            customModelTags=[{"key": "sweep-candidate", "value": str(number)}],
        )
    in_progress = simulation.bedrock.list_model_customization_jobs(statusEquals="InProgress")
    assert len(in_progress["modelCustomizationJobSummaries"]) == 4
    simulation.clock.advance(5 * HOUR)
    jobs = [simulation.bedrock.get_model_customization_job(jobIdentifier=f"job-c{number}") for number in range(1, 5)]
    losses = {job["outputModelArn"]: job["validationMetrics"][0]["validationLoss"] for job in jobs}
    assert len(set(losses.values())) == 4
    best = min(losses, key=losses.__getitem__)
    simulation.control("POST", "faults/x", [{"operation": "*", "kind": "throttle", "match": "model-c1", "last": 1}])
    with pytest.raises(ClientError, match="Throttling"):
        simulation.bedrock.delete_custom_model(modelIdentifier=jobs[0]["outputModelArn"])
    for arn in losses.keys() - {best}:
        simulation.bedrock.delete_custom_model(modelIdentifier=arn)
    [kept] = simulation.control("GET", "state")["custom_models"]
    assert kept["modelArn"] == best
    number = kept["modelName"].removeprefix("model-c")
    assert simulation.bedrock.list_tags_for_resource(resourceARN=best)["tags"] == [
        {"key": "sweep-candidate", "value": number}
    ]


@pytest.mark.assumption("job-can-stall")
def test_a_stalled_job_is_in_progress_and_never_begins_to_train(simulation: Simulation) -> None:
    """As jobs were seen on AWS for days, without a message; it can be stopped."""
    simulation.control("POST", "faults/x", [{"operation": "CreateModelCustomizationJob", "kind": "stalled"}])
    arn = simulation.create_job()
    simulation.clock.advance(100 * HOUR)
    job = simulation.bedrock.get_model_customization_job(jobIdentifier=arn)
    assert (job["status"], job["statusDetails"]["trainingDetails"]["status"]) == ("InProgress", "NotStarted")
    assert job["statusDetails"]["dataProcessingDetails"]["status"] == "Completed"
    simulation.bedrock.stop_model_customization_job(jobIdentifier=arn)
    simulation.clock.advance(HOUR)
    assert simulation.bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "Stopped"


@pytest.mark.assumption("job-create-returns-its-arn-alone")
def test_creation_returns_nothing_but_the_arn(simulation: Simulation) -> None:
    """The ARN of the model that is to come cannot be known before the job has ended."""
    answer = simulation.bedrock.create_model_customization_job(**JOB)
    assert answer.keys() - {"ResponseMetadata"} == {"jobArn"}


@pytest.mark.assumption("job-sum-of-records-is-limited")
def test_training_and_validation_records_together_are_limited(simulation: Simulation) -> None:
    """Each of the two files is within its own limits here."""
    simulation.upload("train.jsonl", rows(9_500))
    uri = simulation.upload("validation.jsonl", rows(501))
    job = simulation.complete_job(validationDataConfig={"validators": [{"s3Uri": uri}]})
    assert "sum of training and validation records, 10001" in job["failureMessage"]


@pytest.mark.assumption("custom-models-list-in-pages")
def test_custom_models_are_listed_filtered_and_in_pages(simulation: Simulation) -> None:
    """The preflight counts all of them, whatever the page size."""
    for number in range(3):
        simulation.complete_job(jobName=f"job-{number}", customModelName=f"model-{number}")
    pages = simulation.bedrock.get_paginator("list_custom_models").paginate(
        PaginationConfig={"PageSize": 2}, isOwned=True, sortBy="CreationTime", sortOrder="Ascending"
    )
    assert [model["modelName"] for page in pages for model in page["modelSummaries"]] == [
        "model-0",
        "model-1",
        "model-2",
    ]
    for filters in ({"nameContains": "1"}, {"nameContains": "1", "modelStatus": "Active"}):
        found = simulation.bedrock.list_custom_models(**filters)["modelSummaries"]
        assert [model["modelName"] for model in found] == ["model-1"]
    assert simulation.bedrock.list_custom_models(isOwned=False)["modelSummaries"] == []


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> SimulationSettings:
    return SimulationSettings(failing_jobs=int("setting" in request.node.name))


@pytest.mark.assumption("job-can-fail-internally")
@pytest.mark.parametrize("by", ["rule", "setting"])
def test_a_broken_job_fails_internally_after_minutes_of_training(
    simulation: Simulation, settings: SimulationSettings, by: str
) -> None:
    """Its data are checked and processed, and nothing is wrong with them."""
    if by == "rule":
        simulation.control("POST", "faults/x", [{"operation": "CreateModelCustomizationJob", "kind": "broken"}])
    arn = simulation.create_job()
    before = settings.job_queue_seconds + settings.job_validation_seconds + settings.job_data_processing_seconds
    simulation.clock.advance(before + settings.job_failure_seconds - 1)

    def ask() -> tuple[str, str, str]:
        job = simulation.bedrock.get_model_customization_job(jobIdentifier=arn)
        details = job["statusDetails"]
        return job["status"], details["dataProcessingDetails"]["status"], details["trainingDetails"]["status"]

    assert ask() == ("InProgress", "Completed", "InProgress")
    simulation.clock.advance(2)
    assert ask() == ("Failed", "Completed", "Failed")
    job = simulation.bedrock.get_model_customization_job(jobIdentifier=arn)
    assert "unexpected error" in job["failureMessage"]
    assert "outputModelArn" not in job
    # The next one is as any other.
    simulation.control("DELETE", "faults/x")
    assert simulation.complete_job(jobName="job-2")["status"] == "Completed"


class TestJobsThatStallForAWhile:
    """An account whose jobs stand still for three days."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(job_stall_seconds=72 * HOUR)

    @pytest.mark.assumption("job-can-stall")
    def test_a_job_trains_after_its_stall(self, simulation: Simulation) -> None:
        """What was seen on AWS did not last for ever."""
        arn = simulation.create_job()
        simulation.clock.advance(72 * HOUR)
        job = simulation.bedrock.get_model_customization_job(jobIdentifier=arn)
        assert (job["status"], job["statusDetails"]["trainingDetails"]["status"]) == ("InProgress", "NotStarted")
        simulation.clock.advance(2 * HOUR)
        assert simulation.bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "Completed"
