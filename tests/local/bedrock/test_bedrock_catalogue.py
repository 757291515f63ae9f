"""The catalogue and the simulation's own table of models, written apart: where they differ, one of them is wrong."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.domain.models.catalogue import BaseModelEntry, catalogue
from local.bedrock.custom_model_deployments import FIRST_DAY
from local.bedrock.foundation_models import FOUNDATION_MODELS, Customization
from local.bedrock.settings import SimulationSettings
from local.bedrock.training_data import BYTES_PER_GB
from tests.local.bedrock.conftest import BUCKET, Simulation, rows

ENTRIES = {entry.customization_id: entry for entry in catalogue()}
QUESTION = [{"role": "user", "content": [{"text": rows(1)[0]["messages"][0]["content"]}]}]


@pytest.fixture(params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> BaseModelEntry:
    return ENTRIES[request.param]


@pytest.fixture
def settings(entry: BaseModelEntry) -> SimulationSettings:
    return SimulationSettings(region=entry.customization_regions[0])


def customization_of(entry: BaseModelEntry) -> Customization:
    customization = FOUNDATION_MODELS[entry.customization_id].customization
    assert customization is not None
    return customization


def test_both_know_the_same_models() -> None:
    """A model in one of them only could not be tried, or not be chosen."""
    assert {model.model_id for model in FOUNDATION_MODELS.values() if model.customization} == ENTRIES.keys()


@pytest.mark.assumption(
    "data-limits-of-claude",
    "data-limits-of-nova",
    "data-limits-of-llama",
    "data-file-sizes",
    "data-tokens-of-a-record",
    "data-tokens-of-a-llama-record",
)
def test_both_know_the_same_limits(entry: BaseModelEntry) -> None:
    """A limit that is too wide here lets a job fail after hours of waiting."""
    ours, limits = customization_of(entry), entry.limits
    assert (limits.train.min_records, limits.train.max_records) == ours.train
    validation = limits.validation
    assert (None if validation is None else (validation.min_records, validation.max_records)) == ours.validation
    assert (limits.max_training_and_validation_records, limits.max_record_tokens) == (ours.total, ours.tokens)
    assert limits.train.max_bytes == 10 * BYTES_PER_GB
    assert validation is None or validation.max_bytes == BYTES_PER_GB


@pytest.mark.assumption(
    "base-model-hyperparameters-of-claude",
    "base-model-hyperparameters-of-nova",
    "base-model-hyperparameters-of-llama",
    "base-model-hyperparameters-of-llama-3-3",
    "data-further-reserved-words",
)
def test_both_know_the_same_format_words_and_hyperparameters(entry: BaseModelEntry) -> None:
    """The catalogue may reserve more words than a job is known to fail for."""
    ours = customization_of(entry)
    assert entry.record_format == ours.record_format
    assert set(ours.reserved) <= set(entry.reserved_words)
    assert {
        name: (known.type, known.default, known.minimum, known.maximum) for name, known in entry.hyperparameters.items()
    } == {
        name: ("integer" if known.number is int else "number", float(known.default), known.minimum, known.maximum)
        for name, known in ours.hyperparameters.items()
    }


@pytest.mark.assumption("base-model-ways-to-serve", "lifecycle-claude-3-haiku-has-ended")
def test_both_know_the_same_ways_to_serve_and_the_same_dates(entry: BaseModelEntry) -> None:
    """What bills differs by a factor of thousands between the two ways."""
    ours, model = customization_of(entry), FOUNDATION_MODELS[entry.customization_id]
    assert ("on_demand" in entry.serving, "provisioned_throughput" in entry.serving) == (
        ours.on_demand,
        ours.provisioned,
    )
    assert entry.on_demand_for_models_customized_after == (FIRST_DAY.date() if ours.on_demand else None)
    assert entry.customization_regions == ours.regions
    assert (entry.lifecycle.legacy_from, entry.lifecycle.end_of_life) == (
        model.legacy_from and model.legacy_from.date(),
        model.end_of_life and model.end_of_life.date(),
    )


@pytest.mark.assumption(
    "base-model-id-with-context-length",
    "base-model-region",
    "base-model-ways-to-serve",
    "converse-is-one-form-for-all",
    "data-llama-prompt-is-the-users-message",
)
def test_every_model_is_trained_served_and_asked_as_the_catalogue_says(
    simulation: Simulation, entry: BaseModelEntry
) -> None:
    """Ids, format, Region and ways to serve hold together: the base and the tuned model answer."""
    details = simulation.bedrock.get_foundation_model(modelIdentifier=entry.customization_id)["modelDetails"]
    assert details["customizationsSupported"] == ["FINE_TUNING"]
    base = simulation.runtime.converse(modelId=entry.inference_id, messages=QUESTION)
    assert base["stopReason"] == "end_turn"
    model_arn = simulation.complete_job_for(entry.customization_id)["outputModelArn"]
    for serving in entry.serving:
        if serving == "on_demand":
            made = simulation.bedrock.create_custom_model_deployment(modelDeploymentName="one", modelArn=model_arn)
            arn = made["customModelDeploymentArn"]
        else:
            made = simulation.bedrock.create_provisioned_model_throughput(
                modelUnits=1, provisionedModelName="one", modelId=model_arn
            )
            arn = made["provisionedModelArn"]
        simulation.clock.advance(3600)
        tuned = simulation.runtime.converse(modelId=arn, messages=QUESTION)
        assert "100" in tuned["output"]["message"]["content"][0]["text"]


@pytest.mark.assumption(
    "job-base-model-without-customization-is-refused",
    "base-model-elsewhere-tells-no-customization",
    "base-model-region",
)
class TestElsewhere:
    """A Region in which no model of the catalogue can be customized."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(region="eu-central-1")

    def test_no_model_can_be_customized(self, simulation: Simulation, entry: BaseModelEntry) -> None:
        """A deployment to the wrong Region must learn it before it uploads anything."""
        found: dict[str, Any] = simulation.bedrock.get_foundation_model(modelIdentifier=entry.customization_id)
        assert found["modelDetails"]["customizationsSupported"] == []
        with pytest.raises(ClientError, match="FINE_TUNING is not supported") as error:
            simulation.create_job(baseModelIdentifier=entry.customization_id)
        assert error.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.assumption("job-nova-2-lite-takes-no-validation-set")
class TestNova2Lite:
    """The one model that is trained without a validation set."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(region="us-east-1")

    def test_a_validation_set_is_refused(self, simulation: Simulation) -> None:
        """AWS's guide says that it is not supported; whoever sends one would wait for losses that never come."""
        uri = f"s3://{BUCKET}/conversations.jsonl"
        with pytest.raises(ClientError, match="does not support a validation dataset"):
            simulation.create_job(
                baseModelIdentifier="amazon.nova-2-lite-v1:0:256k",
                trainingDataConfig={"s3Uri": uri},
                validationDataConfig={"validators": [{"s3Uri": uri}]},
            )
