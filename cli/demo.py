"""The main job on this machine: start AWS, deploy, drop the data set, follow the run, tell its result."""

from pathlib import Path

from cli import result
from cli.folders import DEMO, DEMO_FOLDER
from cli.progress import Progress
from lambdas.domain.models.catalogue import BaseModelEntry
from local import execution
from local.bedrock.settings import LifeCycleStatus
from local.deployment import DeployedEnvironment, deploy
from local.embedded_aws import EmbeddedAws
from local.leftovers import leftovers, tell_leftovers
from local.session import emptied, save_logs, stopping_on_full_disk, stopping_on_sigterm
from local.terminal import Console
from local.upload import Upload

# Beside what is fetched of the run.
WRITTEN = ("logs/", "tmp/", "bedrock-calls.jsonl", "execution.json")


def run_demo(
    upload: Upload, *, model: BaseModelEntry, lifecycle: LifeCycleStatus, console: Console, folder: Path = DEMO_FOLDER
) -> bool:
    """Run the data set to its end on a deployment for the model; whether it succeeded and left nothing that bills.

    The Region is the first one where the model can be customized; the simulated Bedrock has it in that `lifecycle`.
    """
    progress = Progress(console)
    with (
        emptied(folder, DEMO, WRITTEN),
        stopping_on_sigterm(),
        stopping_on_full_disk(folder),
        embedded_aws_for(model, lifecycle, folder) as aws,
    ):
        console.print(f"The simulated clock: a minute on AWS passes in {60 * aws.time_scale:g} s.")
        with progress.stage("Deploying with the CDK CLI", f"Deployed on {aws.endpoint}"):
            deployment = deploy(aws, base_model=model.customization_id)
        try:
            return run(aws, deployment, upload, progress=progress, console=console)
        finally:
            save_logs(aws)


def embedded_aws_for(model: BaseModelEntry, lifecycle: LifeCycleStatus, folder: Path) -> EmbeddedAws:
    """An embedded AWS where the model can be customized."""
    settings = {} if lifecycle == "ACTIVE" else {"model_lifecycle": {model.foundation_model_id: lifecycle}}
    return EmbeddedAws(folder, region=model.customization_regions[0], bedrock_settings=settings)


def run(
    aws: EmbeddedAws, deployment: DeployedEnvironment, upload: Upload, *, progress: Progress, console: Console
) -> bool:
    """Drop the data set, follow the execution that it starts, keep and tell its result."""
    with progress.stage(f"Dropping {upload.key}", f"Dropped {upload.key}"):
        upload.drop(aws, deployment)
        arn = execution.find_execution(aws, deployment.state_machine, upload.key)
    end = progress.follow(execution.follow(aws, arn))
    execution.save(aws, arn, aws.directory / "execution.json")
    if prefix := end.facts.get("run", {}).get("prefix"):
        result.fetch(aws, deployment.output_bucket, prefix, aws.directory)
    result.tell(console, aws.directory, end)
    left = leftovers(aws.client("bedrock"), end.facts)
    tell_leftovers(console, left)
    return end.status == "SUCCEEDED" and not any(left.values())
