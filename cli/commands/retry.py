"""`fine-tune retry`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import Region, RunId, StackName, chosen_environment
from cli.folders import RUN, RUNS_FOLDER


def retry(
    run_id: RunId,
    wait: Annotated[bool, typer.Option(help="Follow the new run; else print its id and leave it.")] = True,
    out: Annotated[
        Path | None, typer.Option(help="Where the result goes; default: build/runs/<run id>.", show_default=False)
    ] = None,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Start a run that has failed again, from where it failed: a model that it has trained is not trained again.

    The files that it has read are copied, at their versions, into a folder of their own in the input bucket, with its
    run.json, in which custom_model names the trained model. It costs what is left to do: serving the model, and all
    answers; training, too, where the run has trained nothing.

    Exit status: 0 if the new run has succeeded and left nothing that bills by the hour (with --no-wait: if it was
    started); 1 if it has failed, or cannot be followed; 2 if nothing could be started; 130 after Ctrl-C.
    """
    from cli.execution import NoExecutionError, NotFollowedError
    from cli.known_runs import UnknownRunError
    from cli.progress import Progress
    from cli.retry import NotRetriedError, plan_retry, upload
    from cli.run import SECONDS_TO_START, InterruptedRunError, find, finish, how_to_follow, watch
    from local.output_folder import require_paths
    from local.terminal import Console, failed

    environment, console = chosen_environment(deployment, region), Console()
    progress = Progress(console)
    try:
        planned = plan_retry(environment, run_id)
        if planned.model_arn:
            console.write_line(f"Goes on from the trained model {planned.model_arn}.")
        else:
            console.write_line("No trained model is there: the new run trains.")
        with progress.stage(f"Copying the data to {planned.key}", f"Copied the data to {planned.key}"):
            fresh = upload(environment, planned)
    except (UnknownRunError, NotRetriedError) as error:
        raise failed(error, 2) from None
    console.write_line(f"The run {fresh} starts. {how_to_follow(environment, fresh)}")
    if not wait:
        return
    folder = out or RUNS_FOLDER / fresh
    require_paths(folder, RUN, [])
    try:
        arn = find(environment, fresh, progress, seconds=SECONDS_TO_START)
        end = watch(environment, fresh, arn, progress)
        succeeded = finish(environment, fresh, arn, end, console, folder)
    except (NoExecutionError, NotFollowedError) as error:
        raise failed(error, 1) from None
    except InterruptedRunError as error:
        raise failed(error, 130) from None
    raise typer.Exit(0 if succeeded else 1)
