"""`fine-tune review`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.folders import DEMO_FOLDER


def review(
    votes: Annotated[Path, typer.Argument(help="The file that human_review.html saves.", exists=True, dir_okay=False)],
    report: Annotated[
        Path, typer.Option(help="The folder with the run's report.json; default: build/demo.", show_default=False)
    ] = DEMO_FOLDER,
) -> None:
    """Add a person's votes, and their agreement with the judges, to a run's report.json and report.html.

    It needs no AWS account and costs nothing. `fine-tune run` leaves such folders in build/runs.

    Exit status: 0 if the votes are in the report; 1 if the report or the votes cannot be used.
    """
    from cli.result import tell_judging
    from cli.review import add_votes
    from cli.stored_report import NoReportError
    from lambdas.domain.report.human_review import VotesRejectedError
    from local.terminal import Console, failed

    console = Console()
    try:
        judging = add_votes(report, votes)
    except (NoReportError, VotesRejectedError) as error:
        raise failed(error, 1) from None
    tell_judging(console, judging)
    console.write_line(f"Report: {report / 'report.html'}")
