"""`fine-tune logs`."""

from typing import Annotated

import typer

from cli.commands.options import Region, RunId, StackName, chosen_environment


def logs(
    run_id: RunId,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the run is over, or Ctrl-C.")] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Print what the functions have logged of a run, newest last.

    A line has its time, function, level and message, and what belongs to it. Your own credentials are used. Reading
    costs nothing. Lines show some seconds after they were written.

    Exit status: 0; 1 if AWS refuses to tell; 2 if there is no such run, no account or no such environment; 130 after
    Ctrl-C.
    """
    from cli.known_runs import UnknownRunError
    from cli.logs import NoLogsError, RunLogs, tell_line
    from local.terminal import Console, failed

    console = Console()
    try:
        found = RunLogs(chosen_environment(deployment, region), run_id)
        lines = found.follow() if follow else found.read()
        told = False
        for line in lines:
            tell_line(console, line)
            told = True
    except (UnknownRunError, NoLogsError) as error:
        raise failed(error, 2) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not told:
        console.write_line(f"No line names the run {run_id}: logs are kept for log_retention_days.")
