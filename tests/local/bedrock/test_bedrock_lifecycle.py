"""The life cycle of base models through boto3: what a legacy model still does, and what one past its end answers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.bedrock.foundation_models import SimulatedFoundationModels
from local.bedrock.server import serve
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import HAIKU, NOVA_MICRO, SESSION, TOKEN, Simulation, rows

ON_DEMAND = "anthropic.claude-3-haiku-20240307-v1:0"
QUESTION = [{"role": "user", "content": [{"text": rows(1)[0]["messages"][0]["content"]}]}]


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def lifecycle(simulation: Simulation, model_id: str) -> dict[str, Any]:
    answer = simulation.bedrock.get_foundation_model(modelIdentifier=model_id)
    details: dict[str, Any] = answer["modelDetails"]["modelLifecycle"]
    return details


@pytest.mark.assumption("lifecycle-told-by-get-foundation-model", "lifecycle-claude-3-haiku-has-ended")
def test_models_are_active_unless_set_otherwise_and_haiku_tells_its_dates(simulation: Simulation) -> None:
    """The default model can be tried, and whoever reads the dates learns that AWS has ended it."""
    assert lifecycle(simulation, NOVA_MICRO) == {"status": "ACTIVE"}
    assert lifecycle(simulation, HAIKU) == {
        "status": "ACTIVE",
        "legacyTime": datetime(2026, 3, 10, tzinfo=UTC),
        "endOfLifeTime": datetime(2026, 9, 10, tzinfo=UTC),
    }


class TestLegacy:
    """A base model near its end of life, named without the context length."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(model_lifecycle={ON_DEMAND: "LEGACY"})

    @pytest.mark.assumption(
        "lifecycle-told-by-get-foundation-model",
        "lifecycle-legacy-takes-no-job-and-no-throughput",
        "lifecycle-legacy-refusal-is-validation",
    )
    def test_a_legacy_model_says_so_takes_no_job_and_no_throughput(self, simulation: Simulation) -> None:
        """Whoever checks the life cycle first saves a failed run."""
        assert lifecycle(simulation, HAIKU)["status"] == lifecycle(simulation, ON_DEMAND)["status"] == "LEGACY"
        with pytest.raises(ClientError, match="LEGACY") as error:
            simulation.create_job()
        assert code_of(error) == "ValidationException"
        with pytest.raises(ClientError, match="LEGACY") as error:
            simulation.bedrock.create_provisioned_model_throughput(
                modelUnits=1, provisionedModelName="throughput-1", modelId=HAIKU
            )
        assert code_of(error) == "ValidationException"

    @pytest.mark.assumption("lifecycle-legacy-unused-does-not-answer")
    def test_a_legacy_model_is_not_asked_for_the_first_time(self, simulation: Simulation) -> None:
        """An account that has not used it lately is refused, in AWS's own words: so would baselines and judges be."""
        for model_id in (ON_DEMAND, f"us.{ON_DEMAND}"):
            with pytest.raises(ClientError, match="marked by provider as Legacy and you have not been") as error:
                simulation.runtime.converse(modelId=model_id, messages=QUESTION)
            assert code_of(error) == "ResourceNotFoundException"


@pytest.mark.assumption(
    "lifecycle-ended-model-is-not-found", "lifecycle-ended-model-takes-nothing", "lifecycle-ended-model-is-in-no-list"
)
class TestEndOfLife:
    """A base model past its end of life, named with the context length, and one named by its inference profile."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(model_lifecycle={HAIKU: "EOL", "us.amazon.nova-2-lite-v1:0": "EOL"})

    def test_a_model_past_its_end_answers_nothing_any_more(self, simulation: Simulation) -> None:
        """AWS answers ResourceNotFoundException, with words that tell it from a wrong id."""
        calls = (
            lambda: lifecycle(simulation, ON_DEMAND),
            simulation.create_job,
            lambda: simulation.runtime.converse(modelId=ON_DEMAND, messages=QUESTION),
            lambda: simulation.runtime.converse(modelId=f"us.{ON_DEMAND}", messages=QUESTION),
            lambda: simulation.runtime.count_tokens(modelId=ON_DEMAND, input={"converse": {"messages": QUESTION}}),
            lambda: simulation.bedrock.create_provisioned_model_throughput(
                modelUnits=1, provisionedModelName="throughput-1", modelId=HAIKU
            ),
        )
        for call in calls:
            with pytest.raises(ClientError, match="This model version has reached the end of its life") as error:
                call()
            assert code_of(error) == "ResourceNotFoundException"
        listed = [model["modelId"] for model in simulation.bedrock.list_foundation_models()["modelSummaries"]]
        assert not [model for model in listed if "claude-3-haiku" in model or "nova-2" in model]
        assert NOVA_MICRO in listed


@mock_aws
def test_a_life_cycle_of_a_model_that_does_not_exist_is_no_setting() -> None:
    """A misspelt id must not pass as a model that is ACTIVE."""
    settings = SimulationSettings(model_lifecycle={"anthropic.claude-3-haikku-v1:0": "EOL"})
    with (
        pytest.raises(ValueError, match="haikku"),
        serve(settings, SESSION.client("s3", region_name="us-west-2"), token=TOKEN),
    ):
        pass


@pytest.mark.assumption("base-model-profile-only", "base-model-without-profile-is-refused")
def test_models_that_need_an_inference_profile_refuse_their_own_id(simulation: Simulation) -> None:
    """Nova 2 Lite and Llama 3.3 answer as `us.…` only: a catalogue with the plain id would fail on AWS."""
    for model_id in ("amazon.nova-2-lite-v1:0", "meta.llama3-3-70b-instruct-v1:0"):
        with pytest.raises(ClientError, match="with on-demand throughput isn\u2019t supported") as error:
            simulation.runtime.converse(modelId=model_id, messages=QUESTION)
        assert code_of(error) == "ValidationException"
        assert simulation.runtime.converse(modelId=f"us.{model_id}", messages=QUESTION)["stopReason"] == "end_turn"


@pytest.mark.assumption("lifecycle-legacy-tuned-model-still-answers")
def test_a_tuned_model_answers_after_its_base_became_legacy(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What serves before stays, and an earlier model can still be deployed on demand; throughput is sold no more."""
    llama = "meta.llama3-3-70b-instruct-v1:0:128k"
    tuned = {base: simulation.complete_job_for(base)["outputModelArn"] for base in (HAIKU, llama)}
    throughput = simulation.bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="one", modelId=tuned[HAIKU]
    )["provisionedModelArn"]
    monkeypatch.setattr(SimulatedFoundationModels, "lifecycle", lambda self, model: "LEGACY")
    deployment = simulation.bedrock.create_custom_model_deployment(modelDeploymentName="one", modelArn=tuned[llama])
    simulation.clock.advance(3600)
    for arn in (throughput, deployment["customModelDeploymentArn"]):
        assert simulation.runtime.converse(modelId=arn, messages=QUESTION)["stopReason"] == "end_turn"
    with pytest.raises(ClientError, match="LEGACY"):
        simulation.bedrock.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="two", modelId=tuned[HAIKU]
        )
