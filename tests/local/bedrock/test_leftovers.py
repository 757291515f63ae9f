"""The demo's last word: what a run has left in Bedrock."""

from io import StringIO

from local.leftovers import leftovers, tell_leftovers
from local.terminal import Console
from tests.local.bedrock.conftest import HAIKU, Simulation

LLAMA_3_3 = "meta.llama3-3-70b-instruct-v1:0:128k"


def test_what_still_serves_a_model_is_left(simulation: Simulation) -> None:
    """Both kinds keep costing or keep a quota, so both are asked for."""
    tuned, other = (simulation.complete_job_for(model)["outputModelArn"] for model in (HAIKU, LLAMA_3_3))
    throughput = simulation.bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="one", modelId=tuned
    )["provisionedModelArn"]
    deployment = simulation.bedrock.create_custom_model_deployment(modelDeploymentName="two", modelArn=other)[
        "customModelDeploymentArn"
    ]
    left = leftovers(simulation.bedrock, {})
    assert left["throughput"] == [throughput]
    assert left["custom model deployment"] == [deployment]


def test_a_job_that_trains_on_is_left(simulation: Simulation) -> None:
    """It is billed for what it trains."""
    arn = simulation.create_job()
    assert leftovers(simulation.bedrock, {})["unfinished customization job"] == [arn]
    simulation.clock.advance(20_000)
    assert not any(leftovers(simulation.bedrock, {}).values())


def test_of_a_sweep_only_the_chosen_and_kept_models_may_stay(simulation: Simulation) -> None:
    """Each model is billed by the month; one that Bedrock no longer has is not left."""
    names = ("chosen", "kept", "forgotten", "deleted")
    arns = [simulation.complete_job(jobName=name, customModelName=name)["outputModelArn"] for name in names]
    simulation.bedrock.delete_custom_model(modelIdentifier=arns[3])
    fates = (None, "kept", "left", "deleted")
    candidates = [
        {"number": number, "model_arn": arn, "model": fate}
        for number, (arn, fate) in enumerate(zip(arns, fates, strict=True), 1)
    ]
    left = leftovers(simulation.bedrock, {"jobs": {"candidates": candidates}, "model": {"number": 1}})
    assert left["model that was not chosen"] == [arns[2]]


def test_what_is_left_is_told_by_its_arn_and_the_rest_in_words() -> None:
    """A person deletes it by what is printed."""
    console = Console(file=StringIO(), width=40)
    tell_leftovers(console, {"throughput": [], "custom model deployment": ["arn:one", "arn:two"]})
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines() == [
        "Left, although the run is over: custom model deployment arn:one, arn:two",
        "No throughput is left.",
    ]
