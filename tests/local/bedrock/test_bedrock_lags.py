"""Lists and tags that lag behind writes: a caller that rests on them misses what bills, or deletes what is gone."""

from typing import Any

import pytest

from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import HAIKU, Simulation

LAG = 60
TAGS = [{"key": "run-id", "value": "sales"}]
LLAMA_3_3 = "meta.llama3-3-70b-instruct-v1:0:128k"


@pytest.fixture
def settings() -> SimulationSettings:
    """Lists and tags of a minute ago."""
    return SimulationSettings(list_lag_seconds=LAG, tag_lag_seconds=LAG, model_lifecycle={})


def buy(simulation: Simulation) -> str:
    arn: str = simulation.bedrock.create_provisioned_model_throughput(
        provisionedModelName="sales", modelId=HAIKU, modelUnits=1, tags=TAGS
    )["provisionedModelArn"]
    return arn


def throughputs(simulation: Simulation) -> list[tuple[str, str]]:
    found = simulation.bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"]
    return [(one["provisionedModelArn"], one["status"]) for one in found]


def jobs(simulation: Simulation, status: str = "InProgress") -> list[str]:
    found = simulation.bedrock.list_model_customization_jobs(statusEquals=status)["modelCustomizationJobSummaries"]
    return [one["jobArn"] for one in found]


@pytest.mark.assumption("lists-may-lag", "get-is-current")
def test_a_list_shows_a_throughput_and_its_status_later_than_get(simulation: Simulation) -> None:
    arn = buy(simulation)
    assert simulation.bedrock.get_provisioned_model_throughput(provisionedModelId=arn)["status"] == "Creating"
    assert throughputs(simulation) == []
    simulation.clock.advance(LAG)
    assert throughputs(simulation) == [(arn, "Creating")]
    simulation.clock.advance(1200 - LAG)
    assert simulation.bedrock.get_provisioned_model_throughput(provisionedModelId=arn)["status"] == "InService"
    assert throughputs(simulation) == [(arn, "Creating")]
    simulation.clock.advance(LAG)
    assert throughputs(simulation) == [(arn, "InService")]


@pytest.mark.assumption("lists-may-lag", "get-is-current")
def test_a_list_shows_what_get_no_longer_finds(simulation: Simulation) -> None:
    arn = buy(simulation)
    simulation.clock.advance(3600)
    simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    simulation.clock.advance(60)
    with pytest.raises(simulation.bedrock.exceptions.ResourceNotFoundException):
        simulation.bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
    assert throughputs(simulation) == [(arn, "InService")]
    simulation.clock.advance(LAG)
    assert throughputs(simulation) == []


@pytest.mark.assumption("lists-may-lag")
def test_deployments_lag_as_throughputs_do(simulation: Simulation) -> None:
    model = simulation.complete_job_for(LLAMA_3_3)["outputModelArn"]
    arn = simulation.bedrock.create_custom_model_deployment(modelDeploymentName="sales", modelArn=model)[
        "customModelDeploymentArn"
    ]

    def listed() -> list[str]:
        found = simulation.bedrock.list_custom_model_deployments()["modelDeploymentSummaries"]
        return [one["customModelDeploymentArn"] for one in found]

    assert listed() == []
    simulation.clock.advance(600)
    assert listed() == [arn]


@pytest.mark.assumption("lists-may-lag", "get-is-current")
def test_a_job_is_listed_late_and_listed_as_in_progress_when_it_has_ended(simulation: Simulation) -> None:
    arn = simulation.create_job()
    assert jobs(simulation) == []
    simulation.clock.advance(LAG)
    assert jobs(simulation) == [arn]
    simulation.bedrock.stop_model_customization_job(jobIdentifier=arn)
    simulation.clock.advance(LAG - 1)
    assert jobs(simulation) == [arn]
    assert simulation.bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "Stopping"
    simulation.clock.advance(1)
    assert simulation.bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "Stopped"
    assert (jobs(simulation), jobs(simulation, "Stopping")) == ([], [arn])


@pytest.mark.assumption("lists-may-lag")
def test_a_custom_model_is_listed_late_and_beyond_its_deletion(simulation: Simulation) -> None:
    arn = simulation.complete_job()["outputModelArn"]

    def listed() -> list[str]:
        return [one["modelArn"] for one in simulation.bedrock.list_custom_models()["modelSummaries"]]

    assert listed() == [arn]
    simulation.bedrock.delete_custom_model(modelIdentifier=arn)
    assert listed() == [arn]
    simulation.clock.advance(LAG)
    assert listed() == []


@pytest.mark.assumption("tags-may-lag")
def test_tags_show_late_and_beyond_the_deletion(simulation: Simulation) -> None:
    """New tags are missing at first, which is harder on a caller than an error is."""
    arn = buy(simulation)

    def tags() -> Any:
        return simulation.bedrock.list_tags_for_resource(resourceARN=arn)["tags"]

    assert tags() == []
    simulation.clock.advance(LAG)
    assert tags() == TAGS
    simulation.bedrock.tag_resource(resourceARN=arn, tags=[{"key": "run-id", "value": "other"}])
    assert tags() == TAGS
    simulation.clock.advance(3600)
    assert tags() == [{"key": "run-id", "value": "other"}]
    simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    simulation.clock.advance(60)
    assert len(tags()) == 1
    simulation.clock.advance(LAG)
    with pytest.raises(simulation.bedrock.exceptions.ResourceNotFoundException):
        tags()


def test_a_rule_lets_what_has_a_certain_name_lag_more(simulation: Simulation) -> None:
    """`make faults` has one simulation for all runs: each of them can have a lag of its own."""
    simulation.control("POST", "faults", [{"operation": "*", "kind": "lagging", "match": "sale", "delay_seconds": 300}])
    arn = buy(simulation)
    simulation.clock.advance(LAG)
    assert throughputs(simulation) == []
    simulation.clock.advance(300 - LAG)
    assert throughputs(simulation) == [(arn, "Creating")]


def test_the_state_for_harnesses_never_lags(simulation: Simulation) -> None:
    """What `make faults` judges by must be the truth."""
    arn = buy(simulation)
    state = simulation.control("GET", "state")
    assert [one["provisionedModelArn"] for one in state["provisioned_throughputs"]] == [arn]
