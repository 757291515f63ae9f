"""The demo's last word: what a run has left in Bedrock."""

from collections.abc import Mapping
from io import StringIO
from typing import Any
from unittest.mock import Mock

import pytest

from cli.leftovers import Leftovers, leftovers, tell_leftovers
from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from local.bedrock.settings import SimulationSettings
from local.terminal import Console
from tests.local.bedrock.conftest import BUCKET, HAIKU, ROLE_ARN, Simulation

RUN = "sales-0123456789ab"
LLAMA_3_3 = "meta.llama3-3-70b-instruct-v1:0:128k"


def left_of(simulation: Simulation, facts: Mapping[str, Any] | None = None) -> Leftovers:
    """What the run `RUN` of the environment `team` has left."""
    bedrock = Mock(client=lambda *_, **__: simulation.bedrock)
    return leftovers("team", RUN, facts or {}, Adapters(Clients(bedrock)))


def test_what_still_serves_a_model_is_left(simulation: Simulation) -> None:
    """Both kinds keep costing or keep a quota, so both are asked for."""
    tuned, other = (simulation.complete_job_for(model)["outputModelArn"] for model in (HAIKU, LLAMA_3_3))
    throughput = simulation.bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName=f"team-{RUN}", modelId=tuned
    )["provisionedModelArn"]
    deployment = simulation.bedrock.create_custom_model_deployment(modelDeploymentName=f"team-{RUN}", modelArn=other)[
        "customModelDeploymentArn"
    ]
    left = left_of(simulation)
    assert left["throughput"] == [throughput]
    assert left["custom model deployment"] == [deployment]


def test_what_others_have_in_the_account_is_not_left(simulation: Simulation) -> None:
    """A run that went well must not be said to bill for a colleague's throughput."""
    tuned = simulation.complete_job_for(HAIKU)["outputModelArn"]
    simulation.bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="team-sales-ffffffffffff", modelId=tuned
    )
    simulation.create_job(jobName="theirs", customModelName="theirs")
    assert not any(left_of(simulation).values())


def test_a_job_that_trains_on_is_left(simulation: Simulation) -> None:
    """It is billed for what it trains."""
    arn = simulation.create_job(jobName=f"team-{RUN}-c1", customModelName=f"team-{RUN}-c1")
    assert left_of(simulation)["unfinished customization job"] == [arn]
    simulation.clock.advance(20_000)
    assert not any(left_of(simulation).values())


def test_a_batch_job_of_a_run_with_curation_is_left(simulation: Simulation) -> None:
    """It asks models for nobody. Other runs have none: nobody needs the permission to look for them."""
    uri = simulation.upload("asks.jsonl", b"{}")
    arn = simulation.bedrock.create_model_invocation_job(
        jobName=f"team-{RUN}-b1",
        roleArn=ROLE_ARN,
        modelId="amazon.nova-lite-v1:0",
        modelInvocationType="Converse",
        inputDataConfig={"s3InputDataConfig": {"s3Uri": uri}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://{BUCKET}/out"}},
    )["jobArn"]
    curated: dict[str, Any] = {"plan": {"curation": {"clean": {}}}}
    assert left_of(simulation, curated)["unfinished batch job"] == [arn]
    simulation.bedrock.stop_model_invocation_job(jobIdentifier=arn)
    assert left_of(simulation, curated)["unfinished batch job"] == []
    assert "unfinished batch job" not in left_of(simulation, {"plan": {"curation": None}})


def test_of_a_sweep_only_the_chosen_and_kept_models_may_stay(simulation: Simulation) -> None:
    """Each model is billed by the month; one that Bedrock no longer has is not left."""
    names = ("chosen", "kept", "forgotten", "deleted")
    arns = [simulation.complete_job(jobName=name, customModelName=name)["outputModelArn"] for name in names]
    simulation.bedrock.delete_custom_model(modelIdentifier=arns[3])
    fates = (None, "kept", "left", "deleted")
    candidates = [
        {"name": f"team-{RUN}-c{number}", "number": number, "model_arn": arn, "model": fate}
        for number, (arn, fate) in enumerate(zip(arns, fates, strict=True), 1)
    ]
    left = left_of(simulation, {"jobs": {"candidates": candidates}, "model": {"number": 1}})
    assert left["model that was not chosen"] == [arns[2]]
    assert left_of(simulation, {"jobs": {"candidates": candidates}})["model that was not chosen"] == []


class TestLaggingLists:
    """Lists of a minute ago."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        """Bedrock's lists lag behind, Get does not."""
        return SimulationSettings(list_lag_seconds=60)

    def test_what_no_list_shows_yet_is_left(self, simulation: Simulation) -> None:
        """The last word must not be that nothing is left."""
        tuned = simulation.complete_job_for(HAIKU)["outputModelArn"]
        arn = simulation.bedrock.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName=f"team-{RUN}", modelId=tuned
        )["provisionedModelArn"]
        name = f"team-{RUN}-c1"
        job = simulation.create_job(jobName=name, customModelName=name)
        candidate = {"name": name, "number": 1, "model_arn": None}
        left = left_of(simulation, {"jobs": {"candidates": [candidate]}})
        assert (left["throughput"], left["unfinished customization job"]) == ([arn], [job])

    def test_what_is_gone_and_still_listed_is_not_left(self, simulation: Simulation) -> None:
        """A run that has cleaned up must not be said to bill."""
        tuned = simulation.complete_job_for(HAIKU)["outputModelArn"]
        simulation.bedrock.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName=f"team-{RUN}", modelId=tuned
        )
        simulation.create_job(jobName=f"team-{RUN}-c1", customModelName=f"team-{RUN}-c1")
        simulation.clock.advance(1200)
        simulation.bedrock.stop_model_customization_job(jobIdentifier=f"team-{RUN}-c1")
        simulation.clock.advance(30)
        simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=f"team-{RUN}")
        simulation.clock.advance(60)
        assert not any(left_of(simulation).values())


def test_what_is_left_is_told_by_its_arn_and_the_rest_in_words() -> None:
    """A person deletes it by what is printed."""
    console = Console(file=StringIO(), width=40)
    tell_leftovers(console, {"throughput": [], "custom model deployment": ["arn:one", "arn:two"]})
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines() == [
        "Left, although the run is over: custom model deployment arn:one, arn:two",
        "No throughput is left.",
    ]
