"""`fine-tune score`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.folders import SCORE, SCORE_FOLDER


def score(
    tuned: Annotated[
        Path, typer.Option(metavar="FILE", help="The answers of the tuned model.", exists=True, dir_okay=False)
    ],
    base: Annotated[
        Path, typer.Option(metavar="FILE", help="The answers of its base model.", exists=True, dir_okay=False)
    ],
    arm: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="The answers of a further model; base-few-shot-3: base with examples."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A run.json: its evaluation.gate, evaluation.task_kind and system count.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where the report goes; default: build/score.", show_default=False)
    ] = SCORE_FOLDER,
) -> None:
    """Score answers from anywhere as a run does: metrics, intervals, the gate's verdict, report.json and report.html.

    A file has a line for each record, in the same order in all files: {"prompt", "reference", "response"}, with
    "group", "input_tokens", "output_tokens" and "latency_ms" where you know them, or {"index", "error"} where there is
    no answer. It needs no AWS account and costs nothing.

    Exit status: 0 if the verdict is promote; 3 if it is inconclusive; 4 if it is reject; 2 if the files, the settings
    or the folder cannot be used.
    """
    from cli.answer_files import AnswersRefusedError
    from cli.file_progress import reading
    from cli.result import tell_scores
    from cli.score import EXIT_STATUS, check, name_files, read_settings, save
    from cli.score import score as score_answers
    from lambdas.domain.report.success_message import headline
    from local.output_folder import require_paths
    from local.terminal import Console, failed

    console = Console()
    try:
        files = name_files(tuned, base, arm or [])
        require_paths(out, SCORE, [*(file.path for file in files.values()), *([settings] if settings else [])])
        chosen = read_settings(settings)
        with reading(console) as opener:
            checked = check(files, opener("Reading"), chosen.system)
        with console.status("Scoring"):
            report = score_answers(files, checked, chosen)
            save(report, files, out)
    except AnswersRefusedError as error:
        raise failed(error, 2) from None
    tell_scores(console, report, "Scores")
    console.write_line(headline(report))
    console.write_line(f"Report: {out / 'report.html'}")
    raise typer.Exit(EXIT_STATUS[report.decision.verdict])
