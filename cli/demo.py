"""The main job on this machine: start AWS, deploy, drop the data set, follow the run, tell its result."""

import shlex
import signal
from dataclasses import replace
from pathlib import Path

from cli import execution
from cli.account import Account
from cli.data_set import Upload
from cli.environment import Environment, environment_of
from cli.folders import DEMO, DEMO_FOLDER
from cli.progress import Progress
from cli.run import SECONDS_TO_START, fetch, find, start, tell
from lambdas.domain.models.catalogue import BaseModelEntry
from local.bedrock.settings import LifeCycleStatus
from local.deployment import deploy, setting
from local.embedded_aws import EmbeddedAws
from local.permissions.denials import denials
from local.session import emptied, save_logs, stopping_on_full_disk, stopping_on_sigterm
from local.terminal import Console

# Beside what is fetched of the run.
WRITTEN = ("logs/", "tmp/", "bedrock-calls.jsonl", "permissions.jsonl", "execution.json")


def run_demo(
    upload: Upload,
    *,
    model: BaseModelEntry,
    lifecycle: LifeCycleStatus,
    keep: bool = False,
    console: Console,
    folder: Path = DEMO_FOLDER,
    command: str = DEMO,
) -> bool:
    """Run the data set to its end on an environment for the model; whether it succeeded and left nothing that bills.

    The Region is the first one where the model can be customized; the simulated Bedrock has it in that `lifecycle`. The
    folder is that of the `command`.
    """
    progress = Progress(console)
    with (
        emptied(folder, command, WRITTEN, set_aside_with="execution.json" if command == DEMO else None) as earlier,
        stopping_on_sigterm(),
        stopping_on_full_disk(folder),
        embedded_aws_for(model, lifecycle, folder) as aws,
    ):
        if earlier is not None:
            console.write_line(f"The demo before this one is in {earlier}.")
        console.print(f"The simulated clock: a minute on AWS passes in {60 * aws.time_scale:g} s.")
        with progress.stage("Deploying with the CDK CLI", f"Deployed on {aws.endpoint}"):
            deploy(aws, base_model=model.customization_id)
        try:
            succeeded = run(aws, upload, progress=progress, console=console)
            if keep:
                wait_for_interrupt(aws, console)
            missing = denials(aws.decisions)
            for each in missing:
                console.print(f"A permission is missing: {each}", style="bold red", soft_wrap=True)
            return succeeded and not missing
        finally:
            save_logs(aws)


def wait_for_interrupt(aws: EmbeddedAws, console: Console) -> None:
    """Keeps the embedded AWS running, and says how to use it."""
    command = environment_on(aws).command("run <file or folder>")
    console.write_line(f"The embedded AWS stays until Ctrl-C. In another terminal: {command}")
    try:
        while True:
            # Returns with each look at the disk.
            signal.pause()
    except KeyboardInterrupt:
        console.write_line("The embedded AWS ends.")


def embedded_aws_for(model: BaseModelEntry, lifecycle: LifeCycleStatus, folder: Path) -> EmbeddedAws:
    """An embedded AWS where the model can be customized."""
    settings = {} if lifecycle == "ACTIVE" else {"model_lifecycle": {model.foundation_model_id: lifecycle}}
    return EmbeddedAws(folder, region=model.customization_regions[0], bedrock_settings=settings)


def run(aws: EmbeddedAws, upload: Upload, *, progress: Progress, console: Console) -> bool:
    """Drop the data set, follow the execution that it starts, keep and tell its result."""
    environment = environment_on(aws)
    run_id = start(environment, upload, progress)
    arn = find(environment, run_id, progress, seconds=SECONDS_TO_START)
    # An embedded AWS that does not answer has ended.
    end = progress.follow(execution.follow(environment, arn, patience_seconds=0))
    fetch(environment, run_id, arn, aws.directory)
    return tell(environment, run_id, end, console, aws.directory)


def environment_on(aws: EmbeddedAws) -> Environment:
    """The environment that was deployed there, with what a person's shell needs before it can call it."""
    environment = environment_of(Account(aws, aws.region, caller="the embedded AWS"), setting("deployment"))
    return replace(environment, preamble=f". {shlex.quote(str(aws.credentials.resolve()))}")
