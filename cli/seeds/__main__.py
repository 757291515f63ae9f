"""`make seeds`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.command_group import CommandGroup
from cli.data_set import NoDataSetError, upload_of
from cli.execution import NoExecutionError, NotFollowedError
from cli.folders import SEEDS, SEEDS_FOLDER
from cli.seeds.cited import read_cited
from cli.seeds.page import PAGE, write_page
from cli.seeds.run import default_data, make_run
from cli.stored_report import NoReportError
from local.output_folder import require_paths
from local.process import ProcessFailedError
from local.session import FolderInUseError
from local.terminal import App, Console, failed

Data = Annotated[
    Path | None,
    typer.Option(help="The data set; default: ../shared/data/tatqa where it is there, otherwise the shipped example."),
]


def main(data: Data = None) -> None:
    """Make the tables and pictures of AWS's two posts on tuning Claude 3 Haiku again, into build/seeds.

    A run on the embedded AWS trains and compares the posts' models, all of them simulated, and our own code computes
    what the posts compute. `index.html` has the posts' figures beside ours, `seeds.json` the same for programs.

    Exit status: 0 if the run has succeeded and nothing that bills is left; 1 if not; 2 if the data set or the folder
    cannot be used.
    """
    given, cited, console = data or default_data(), read_cited(), Console()
    require_paths(SEEDS_FOLDER, SEEDS, [given])
    try:
        require_paths(SEEDS_FOLDER, SEEDS, [*upload_of(given).files.values()])
    except NoDataSetError as error:
        raise failed(error, 2) from None
    console.write_line(f"Data: {given}")
    try:
        succeeded = make_run(given, cited, console, SEEDS_FOLDER)
        write_page(SEEDS_FOLDER, cited)
    except (ProcessFailedError, NoExecutionError, NotFollowedError, FolderInUseError, NoReportError) as error:
        raise failed(error, 1) from None
    console.write_line(f"The posts' tables: {SEEDS_FOLDER / PAGE}")
    raise typer.Exit(0 if succeeded else 1)


app = App(cls=CommandGroup, add_completion=False)
# The only command, so that it needs no name.
app.callback(invoke_without_command=True)(main)

if __name__ == "__main__":
    app()
