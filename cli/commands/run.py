"""`fine-tune run`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import (
    Completion,
    Data,
    DataOption,
    Prompt,
    Region,
    StackName,
    given_data,
    given_mapping,
)
from cli.folders import RUN, RUNS_FOLDER


def run(
    data_set: Data = None,
    data: DataOption = None,
    prompt: Prompt = None,
    completion: Completion = None,
    follow: Annotated[
        str | None, typer.Option(metavar="RUN_ID", help="Upload nothing: follow this run, or tell how it has ended.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow the run; else print its id and leave it.")] = True,
    out: Annotated[
        Path | None, typer.Option(help="Where the result goes; default: build/runs/<run id>.", show_default=False)
    ] = None,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Run a data set on the environment of your AWS account: check it here, upload it, follow the run, tell the result.

    It costs what the run costs: training, what serves the model while it answers, answers, and the custom model by the
    month (docs/cost.md; `fine-tune preflight DATA` estimates it). A data set that is refused is not uploaded and costs
    nothing. Ctrl-C leaves the run running.

    Exit status: 0 if the run has succeeded and left nothing that bills by the hour (with --no-wait: if it was
    uploaded); 1 if the data set is refused, or the run has failed or cannot be followed; 2 if nothing could be started;
    130 after Ctrl-C.
    """
    from cli.account import NoAccountError
    from cli.data_set import NoDataSetError
    from cli.environment import NoEnvironmentError
    from cli.execution import NoExecutionError, NotFollowedError
    from cli.known_runs import UnknownRunError
    from cli.run import InterruptedRunError, NotUploadedError
    from local.terminal import failed

    given, mapping = given_data(data_set, data), given_mapping(prompt, completion)
    _require_one(given, follow, wait=wait)
    try:
        succeeded = _run(given, follow, mapping=mapping, wait=wait, out=out, deployment=deployment, region=region)
    except (NoDataSetError, NoAccountError, NoEnvironmentError) as error:
        raise failed(error, 2) from None
    except (NoExecutionError, NotFollowedError, NotUploadedError, UnknownRunError) as error:
        raise failed(error, 1) from None
    except InterruptedRunError as error:
        raise failed(error, 130) from None
    raise typer.Exit(0 if succeeded else 1)


def _require_one(given: Path | None, follow: str | None, *, wait: bool) -> None:
    """Raises typer.BadParameter unless there is either a data set or a run to follow."""
    if (given is None) == (follow is None):
        raise typer.BadParameter("Name a data set to run, or a run to --follow.")
    if follow is not None and not wait:
        raise typer.BadParameter("--no-wait does not go with --follow.")


def _run(
    given: Path | None,
    follow: str | None,
    *,
    mapping: dict[str, str] | None,
    wait: bool,
    out: Path | None,
    deployment: str | None,
    region: str | None,
) -> bool:
    from cli.account import account_of
    from cli.data_set import files_of, settings_of, upload_of
    from cli.environment import environment_of
    from cli.progress import Progress
    from cli.run import SECONDS_TO_START, check, find, find_named, finish, how_to_follow, start, watch
    from cli.validate import with_mapping
    from local.deployment import setting
    from local.output_folder import require_paths
    from local.terminal import Console

    console = Console()
    progress = Progress(console)
    if given is not None:
        require_paths(out or RUNS_FOLDER, RUN, [given, *files_of(given).values()])
    environment = environment_of(account_of(region or setting("region")), deployment or setting("deployment"))
    if given is not None:
        if not check(given, environment.base_model, console, mapping):
            console.print("Nothing was uploaded.", style="bold red")
            return False
        upload = upload_of(given)
        if mapping:
            upload = upload.with_settings(with_mapping(settings_of(given), mapping))
        follow = start(environment, upload, progress)
        if not wait:
            console.write_line(f"The run {follow} starts. {how_to_follow(environment, follow)}")
            return True
        arn = find(environment, follow, progress, seconds=SECONDS_TO_START)
    else:
        arn = find_named(environment, str(follow), progress)
    run_id = str(follow)
    folder = out or RUNS_FOLDER / run_id
    require_paths(folder, RUN, [])
    end = watch(environment, run_id, arn, progress)
    return finish(environment, run_id, arn, end, console, folder)
