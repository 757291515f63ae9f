"""`fine-tune cancel`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.options import Region, RunId, StackName, chosen_environment

if TYPE_CHECKING:
    from cli.cancel import Cleaned, RunningRun
    from local.terminal import Console


def cancel(
    run_id: RunId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Stop a run, and wait until nothing of it is billed any more.

    The reconciler deletes what serves a model, and stops the jobs, unless run.json says keep_job; what a job has
    trained until then costs, and is lost. A model that is trained already stays: `fine-tune retry` goes on from it.

    Exit status: 0 if the run is stopped, or was over, and nothing of it bills by the hour; 1 if something of it is
    still there; 2 if there is no such run, nobody has confirmed, or there is no account or no such environment; 130
    after Ctrl-C.
    """
    from cli.cancel import NotCancelledError, StillThereError, look, stop, wait_for_clean_up
    from cli.confirmation import NotConfirmedError, confirm
    from cli.known_runs import UnknownRunError
    from cli.progress import Progress
    from local.terminal import Console, failed

    environment, console = chosen_environment(deployment, region), Console()
    try:
        run = look(environment, run_id)
        if run.is_over:
            console.write_line(f"The run {run_id} is over already: it has ended as {run.snapshot.status}.")
            raise typer.Exit(_tell_what_exists(console, run))
        confirm(f"Stop the run {run_id}?", yes=yes, undone="The run goes on.")
        stop(environment, run)
        console.write_line(f"The run {run_id} is stopped.")
    except (UnknownRunError, NotCancelledError, NotConfirmedError) as error:
        raise failed(error, 2) from None
    try:
        with Progress(console).stage("Waiting for the reconciler's clean-up", "Nothing of the run bills by the hour"):
            cleaned = wait_for_clean_up(environment, run)
    except StillThereError as error:
        raise failed(error, 1) from None
    except KeyboardInterrupt:
        told = f"`{environment.command(f'status {run_id}')}` tells what is left."
        raise failed(f"The run {run_id} is stopped. The reconciler goes on cleaning up; {told}", 130) from None
    _tell(console, cleaned, environment.command(f"retry {run_id}"), environment.command(f"models delete {run_id}"))


def _tell_what_exists(console: "Console", run: "RunningRun") -> int:
    """Of a run that is over; the exit status."""
    left = {kind: arns for kind, arns in run.had.items() if arns}
    for kind, arns in left.items():
        console.write_line(f"Exists: {kind} {', '.join(arns)}", "bold red")
    if left:
        console.write_line("What nothing keeps, the reconciler deletes within minutes.")
        return 1
    console.write_line("There is nothing of it that bills by the hour.")
    return 0


def _tell(console: "Console", cleaned: "Cleaned", retry: str, delete: str) -> None:
    for kind, arns in cleaned.gone.items():
        verb = "Stopped" if kind.endswith("job") else "Deleted"
        for arn in arns:
            console.write_line(f"{verb}: {kind.removeprefix('unfinished ')} {arn}")
    if not cleaned.gone:
        console.write_line("There was nothing to clean up.")
    for arn in cleaned.kept_jobs:
        console.write_line(f"Trains on, since run.json says keep_job: {arn}", "yellow")
    for arn in cleaned.models:
        console.write_line(
            f"Stays, and costs each month: custom model {arn}. `{retry}` goes on from it, `{delete}` deletes it."
        )
