"""`make seeds`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.command_group import CommandGroup
from cli.commands.options import EXAMPLE
from cli.curation import DataRefusedError
from cli.data_set import NoDataSetError, upload_of
from cli.execution import NoExecutionError, NotFollowedError
from cli.folders import ARMS, ARMS_FOLDER, SEEDS, SEEDS_FOLDER
from cli.seeds.arms.page import read_table, tell_table, with_votes, write_table
from cli.seeds.arms.run import run_arms
from cli.seeds.arms.table import NotComparableArmsError
from cli.seeds.cited import read_cited
from cli.seeds.page import PAGE, write_page
from cli.seeds.run import default_data, make_run
from cli.stored_report import NoReportError
from lambdas.domain.report.human_review import VotesRejectedError
from local.output_folder import require_paths
from local.process import ProcessFailedError
from local.session import FolderInUseError
from local.terminal import App, Console, failed

_FAILURES = (ProcessFailedError, NoExecutionError, NotFollowedError, FolderInUseError, NoReportError)
Data = Annotated[
    Path | None,
    typer.Option(help="The data set; default: ../shared/data/tatqa where it is there, otherwise the shipped example."),
]


class Post(StrEnum):
    """What is made again: both posts on Claude 3 Haiku, or the one on synthetic data."""

    HAIKU = "000"
    SYNTHETIC = "002"


ThePost = Annotated[Post, typer.Option(help="000: both posts on Claude 3 Haiku. 002: the four arms of synthetic data.")]
Votes = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A person's votes on one of the pages of 002; no run is made."),
]
_STOPPED = "Stopped: the embedded AWS has ended, with every run on it."


def main(data: Data = None, post: ThePost = Post.HAIKU, votes: Votes = None) -> None:
    """Make the tables and pictures of AWS's posts again: of two on tuning Claude 3 Haiku, or of one on synthetic data.

    Runs on the embedded AWS train and compare models, all of them simulated, and our own code computes what the posts
    compute. In build/seeds `index.html` has the posts' figures beside ours, `seeds.json` the same for programs; the
    post on synthetic data has its four arms in build/seeds-002, with `arms.json` and pages for people.

    Exit status: 0 if the runs have succeeded and nothing that bills is left; 1 if not; 2 if the data set, the votes or
    the folder cannot be used.
    """
    if post is Post.SYNTHETIC:
        raise typer.Exit(0 if _make_arms(data or EXAMPLE, votes) else 1)
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
    except _FAILURES as error:
        raise failed(error, 1) from None
    except KeyboardInterrupt:
        raise failed(_STOPPED, 130) from None
    console.write_line(f"The posts' tables: {SEEDS_FOLDER / PAGE}")
    raise typer.Exit(0 if succeeded else 1)


def _make_arms(data: Path, votes: Path | None) -> bool:
    """The four arms, into build/seeds-002; with votes only the table that is there is made anew."""
    cited, console = read_cited(), Console()
    require_paths(ARMS_FOLDER, ARMS, [data])
    try:
        if votes is None:
            done = run_arms(data, cited, console, ARMS_FOLDER)
        else:
            table = with_votes(read_table(ARMS_FOLDER), votes.read_bytes())
            write_table(ARMS_FOLDER, table, cited)
            tell_table(console, table)
            done = True
    except (NoDataSetError, DataRefusedError, VotesRejectedError) as error:
        raise failed(error, 2) from None
    except (*_FAILURES, NotComparableArmsError) as error:
        raise failed(error, 1) from None
    except KeyboardInterrupt:
        raise failed(_STOPPED, 130) from None
    console.write_line(f"The four arms: {ARMS_FOLDER / PAGE}")
    return done


app = App(cls=CommandGroup, add_completion=False)
# The only command, so that it needs no name.
app.callback(invoke_without_command=True)(main)

if __name__ == "__main__":
    app()
