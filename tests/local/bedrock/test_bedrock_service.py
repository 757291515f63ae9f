"""The service around the operations: routes and checks from botocore's models, call log, faults, control routes."""

import json
import urllib.error
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from local.bedrock import validation
from local.bedrock.contract import Contract
from local.bedrock.errors import ValidationError
from tests.local.bedrock.conftest import Simulation

SHAPES = get_session().get_service_model("bedrock")


@pytest.mark.assumption("request-unknown-operation")
def test_every_operation_of_both_models_is_known() -> None:
    """A new botocore may not bring operations that the routing cannot take."""
    names = {
        name
        for service in ("bedrock", "bedrock-runtime")
        for name in get_session().get_service_model(service).operation_names
    }
    assert Contract().operation_names == names


def test_unsupported_operation_says_so(simulation: Simulation) -> None:
    """A known operation that is not simulated must not look like a wrong request."""
    with pytest.raises(ClientError, match="no operation ListGuardrails") as error:
        simulation.bedrock.list_guardrails()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.assumption("request-answers-name-no-simulation")
def test_every_answer_names_the_simulation(simulation: Simulation) -> None:
    """Reports must be able to say that they come from a simulation."""
    headers = simulation.bedrock.list_custom_models()["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-simulated-service"] == "bedrock"
    with pytest.raises(ClientError) as error:
        simulation.bedrock.get_custom_model(modelIdentifier="none")
    assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["x-simulated-service"] == "bedrock"


@pytest.mark.assumption("request-checked-against-the-service-model")
@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"modelUnits": 1, "provisionedModelName": "a b", "modelId": "m"},
         "1 validation error detected: Value 'a b' at 'provisionedModelName' failed to satisfy constraint: "
         "Member must satisfy regular expression pattern: ([0-9a-zA-Z][_-]?)+"),
        ({"modelUnits": 0, "provisionedModelName": "a", "modelId": "m"},
         "Value '0' at 'modelUnits' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        ({"modelUnits": 1, "provisionedModelName": "a" * 64, "modelId": "m"},
         "Member must have length less than or equal to 63"),
        ({"modelUnits": 1, "provisionedModelName": "a"},
         "Value null at 'modelId' failed to satisfy constraint: Member must not be null"),
        ({"modelUnits": "1", "provisionedModelName": "a", "modelId": "m"}, "Member must be of type integer"),
        ({"modelUnits": True, "provisionedModelName": "a", "modelId": "m"}, "Member must be of type integer"),
        ({"modelUnits": 1, "provisionedModelName": "a", "modelId": "m", "commitmentDuration": "OneDay"},
         "Member must satisfy enum value set: [OneMonth, SixMonths]"),
        ({"modelUnits": 1, "provisionedModelName": "a", "modelId": "m", "units": 1}, "'units' failed to satisfy"),
        ({"modelUnits": 1, "provisionedModelName": "a", "modelId": "m", "tags": [{"key": "k"}]},
         "'tags.1.member.value'"),
        ({"modelUnits": 0, "provisionedModelName": "!", "modelId": "m"}, "2 validation errors detected"),
    ],
)  # fmt: skip
def test_requests_are_checked_as_bedrock_does(params: dict[str, Any], expected: str) -> None:
    """The client lets patterns, enums and upper bounds pass: the service has to find them."""
    shape = SHAPES.operation_model("CreateProvisionedModelThroughput").input_shape
    assert shape
    with pytest.raises(ValidationError) as error:
        validation.check(shape, params)
    assert expected in error.value.message


def test_client_sees_a_validation_exception(simulation: Simulation) -> None:
    """Code, status and text arrive through the wire."""
    with pytest.raises(ClientError, match="at 'jobIdentifier' failed to satisfy constraint") as error:
        simulation.bedrock.get_model_customization_job(jobIdentifier="not/a/job")
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError, match="'maxResults'"):
        simulation.bedrock.list_custom_models(maxResults=0)


@given(st.from_regex(r"\A[a-zA-Z0-9](-*[a-zA-Z0-9+\-.]){0,40}\Z"))
def test_names_of_the_models_pattern_pass(name: str) -> None:
    """The pattern is applied in an equal form that cannot take exponential time."""
    shape = SHAPES.shape_for("JobName")
    assert (list(validation._violations(shape, name, "jobName")) == []) == (len(name) <= 63)


def test_a_row_of_hyphens_is_refused_at_once() -> None:
    """The model's own pattern needs exponential time for it."""
    shape = SHAPES.shape_for("JobName")
    assert list(validation._violations(shape, "a" + "-" * 60 + "_", "jobName"))


@pytest.mark.assumption("custom-model-unknown-is-not-found")
def test_call_log_has_a_line_for_every_call_refused_ones_too(simulation: Simulation) -> None:
    """The log is the proof that a throughput was created once and deleted."""
    arn = simulation.create_job()
    simulation.bedrock.get_model_customization_job(jobIdentifier="job-1")
    with pytest.raises(ClientError):
        simulation.bedrock.delete_custom_model(modelIdentifier="none")
    assert simulation.calls() == [
        {"time": simulation.clock.now(), "operation": operation, "status": status, "resource": resource, "error": error}
        for operation, status, resource, error in (
            ("CreateModelCustomizationJob", 201, arn, None),
            ("GetModelCustomizationJob", 200, arn, None),
            ("DeleteCustomModel", 404, "none", "ResourceNotFoundException"),
        )
    ]


@pytest.mark.assumption(
    "request-throttled-is-repeated", "request-denied-is-access-denied", "converse-model-errors-heal"
)
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttle", "ThrottlingException"),
        ("access_denied", "AccessDeniedException"),
        ("validation", "ValidationException"),
        ("quota", "ServiceQuotaExceededException"),
        ("internal", "InternalServerException"),
    ],
)
def test_fault_hits_the_chosen_call_before_its_effect(simulation: Simulation, kind: str, code: str) -> None:
    """A harness aims at one call of one operation."""
    simulation.control(
        "POST", "faults", [{"operation": "CreateModelCustomizationJob", "kind": kind, "first": 2, "last": 2}]
    )
    simulation.create_job()
    with pytest.raises(ClientError) as error:
        simulation.create_job(jobName="job-2", customModelName="model-2")
    assert error.value.response["Error"]["Code"] == code
    assert simulation.calls()[-1]["error"] == code
    assert len(simulation.control("GET", "state")["jobs"]) == 1
    simulation.create_job(jobName="job-2", customModelName="model-2")


@pytest.mark.assumption("request-internal-error-says-nothing-of-its-effect")
@pytest.mark.parametrize(("kind", "jobs"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connection_before_or_after_the_effect(simulation: Simulation, kind: str, jobs: int) -> None:
    """The caller cannot tell the two apart; the state can."""
    simulation.control("POST", "faults", [{"operation": "CreateModelCustomizationJob", "kind": kind, "last": 1}])
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        simulation.create_job(clientRequestToken="run-1")
    assert len(simulation.control("GET", "state")["jobs"]) == jobs
    assert simulation.calls()[-1]["status"] is None
    simulation.create_job(clientRequestToken="run-1")
    assert len(simulation.control("GET", "state")["jobs"]) == 1


def test_fault_for_a_time_ends_by_the_clock(simulation: Simulation) -> None:
    """Throttling that lasts a minute."""
    simulation.control("POST", "faults", [{"operation": "*", "kind": "throttle", "duration_seconds": 60}])
    for _ in range(3):
        with pytest.raises(ClientError, match="Throttling"):
            simulation.bedrock.list_custom_models()
    simulation.clock.advance(60)
    simulation.bedrock.list_custom_models()


def test_faults_are_listed_deleted_and_checked(simulation: Simulation) -> None:
    """A misspelt rule must not pass as no rule."""
    simulation.control("POST", "faults", [{"operation": "InvokeModel", "kind": "throttle"}])
    assert simulation.control("GET", "faults")[0]["operation"] == "InvokeModel"
    simulation.control("DELETE", "faults")
    assert simulation.control("GET", "faults") == []
    with pytest.raises(urllib.error.HTTPError) as error:
        simulation.control("POST", "faults", [{"operation": "InvokeModel", "kind": "explode"}])
    assert error.value.code == 400
    assert "explode" in json.load(error.value)["message"]


@pytest.mark.assumption("tags-at-most-50", "tags-of-what-is-gone-are-not-found")
def test_tags_are_limited_and_go_with_their_resource(simulation: Simulation) -> None:
    """A run's own tags and those of run.json share the room."""
    arn = simulation.complete_job()["outputModelArn"]
    tags = [{"key": f"key-{number}", "value": "a"} for number in range(51)]
    simulation.bedrock.tag_resource(resourceARN=arn, tags=tags[:50])
    assert len(simulation.bedrock.list_tags_for_resource(resourceARN=arn)["tags"]) == 50
    with pytest.raises(ClientError) as error:
        simulation.bedrock.tag_resource(resourceARN=arn, tags=tags[50:])
    assert error.value.response["Error"]["Code"] == "TooManyTagsException"
    simulation.bedrock.delete_custom_model(modelIdentifier=arn)
    with pytest.raises(ClientError) as error:
        simulation.bedrock.list_tags_for_resource(resourceARN=arn)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
