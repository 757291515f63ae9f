"""`fine-tune open`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import Region, StackName, chosen_environment
from cli.folders import OPEN, PAGES_FOLDER


def open_page(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="The run's id; without one the page of all runs.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in your browser; else print its place alone.")] = True,
    out: Annotated[
        Path, typer.Option(help="Where the pages go; default: build/pages.", show_default=False)
    ] = PAGES_FOLDER,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Fetch a run's page with the files that it names, or the page of all runs, and open it in your browser.

    The pages have no scripts and load nothing. It costs what S3 takes for the download.

    Exit status: 0; 1 if AWS refuses to tell; 2 if there is no such run, it has no page, the folder cannot be used, or
    there is no account or no such environment.
    """
    from cli.known_runs import UnknownRunError
    from cli.pages import NoPageError, fetch_index, fetch_run, show
    from local.output_folder import require_paths
    from local.terminal import Console, failed

    require_paths(out, OPEN, [])
    environment = chosen_environment(deployment, region)
    try:
        page = fetch_index(environment, out) if run_id is None else fetch_run(environment, run_id, out)
    except (UnknownRunError, NoPageError) as error:
        raise failed(error, 2) from None
    console = Console()
    console.write_line(f"Page: {page}")
    if browser and not show(page):
        console.write_line("There is no browser here: open the file on a machine that has one.")
