"""The command line: `fine-tune demo`, `validate`, `preflight`, `review`, `approve`, `reject`, `faults`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from cli.approval import NotAnsweredError, answer, clients_of
from cli.command_group import CommandGroup
from cli.dataset_summary import tell_dataset
from cli.demo import COMMAND as DEMO_COMMAND
from cli.demo import FOLDER as DEMO_FOLDER
from cli.demo import LifeCycleStatus, run_demo
from cli.preflight import COMMAND as PREFLIGHT_COMMAND
from cli.preflight import FOLDER as PREFLIGHT_FOLDER
from cli.preflight import NoAccountError, NotCheckedError, check_account, tell
from cli.preflight import save as save_preflight
from cli.result import tell_judging
from cli.review import NoReportError, add_votes
from cli.validate import COMMAND as VALIDATE_COMMAND
from cli.validate import FOLDER as VALIDATE_FOLDER
from cli.validate import Opener, choose, files_of, save, settings_of
from cli.validate import validate as validate_files
from lambdas.domain.core.outside_text import visible
from lambdas.domain.dataset.record_set import Rules
from lambdas.domain.models.catalogue import UnknownBaseModelError, base_model
from lambdas.domain.report.approval import Decision
from lambdas.domain.report.human_review import VotesRejectedError
from local.deployment import setting
from local.embedded_aws import CHECKOUT
from local.execution import NoExecutionError
from local.faults.cases import chosen
from local.faults.command import run_faults
from local.output_folder import require_paths
from local.process import ProcessFailedError
from local.session import FolderInUseError
from local.terminal import App, Console, failed
from local.upload import NoDataSetError, upload_of

EXAMPLE = CHECKOUT / "examples" / "financial-tables.jsonl"
DEPLOYMENT, REGION = setting("deployment"), setting("region")

app = App(cls=CommandGroup, add_completion=False, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Fine-tunes Amazon Bedrock models and measures them against their base."""


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="A JSONL file, or a folder with train.jsonl.")] = EXAMPLE,
    model: Annotated[str | None, typer.Option(help="The base model's id; default: run.json's or cdk.json's.")] = None,
    lifecycle: Annotated[LifeCycleStatus, typer.Option(help="The life cycle that Bedrock tells of it.")] = "ACTIVE",
) -> None:
    """Run a data set through the whole pipeline on this machine; what it leaves is in build/demo."""
    console = Console()
    require_paths(DEMO_FOLDER, DEMO_COMMAND, [data])
    try:
        upload = upload_of(data)
        # A run.json that is refused is left to the run to tell.
        entry = base_model(model) if model else choose(settings_of(data))[0].model
    except (NoDataSetError, UnknownBaseModelError) as error:
        raise failed(error, 2) from None
    require_paths(DEMO_FOLDER, DEMO_COMMAND, [*upload.files.values()])
    try:
        succeeded = run_demo(upload, model=entry, lifecycle=lifecycle, console=console)
    except (ProcessFailedError, NoExecutionError, FolderInUseError) as error:
        raise failed(error, 1) from None
    raise typer.Exit(0 if succeeded else 1)


@app.command()
def validate(
    data: Annotated[
        Path, typer.Option(help="A JSONL or CSV file, or a folder with train.jsonl or train.csv.")
    ] = EXAMPLE,
    model: Annotated[str | None, typer.Option(help="The base model's id; default: run.json's or cdk.json's.")] = None,
    rules: Annotated[Rules, typer.Option(help="structure is fast; only all splits the data and writes it.")] = "all",
    system: Annotated[str | None, typer.Option(help="A system text for records that are no conversations.")] = None,
    context_tag: Annotated[str | None, typer.Option(help="The XML tag around documents.")] = None,
    out: Annotated[Path, typer.Option(help="Where report and data set are written.")] = VALIDATE_FOLDER,
) -> None:
    """Check, convert and split a data set without AWS; what it leaves is in build/validate."""
    console = Console()
    require_paths(out, VALIDATE_COMMAND, [data])
    try:
        files = files_of(data)
        choices, faults = choose(settings_of(data), base_model=model, system=system, context_tag=context_tag)
    except (NoDataSetError, UnknownBaseModelError) as error:
        raise failed(error, 2) from None
    require_paths(out, VALIDATE_COMMAND, [*files.values()])
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:

        def opener(action: str) -> Opener:
            return lambda path: progress.open(path, "rb", buffering=0, description=visible(f"{action} {path.name}"))

        validation = validate_files(files, choices, faults, rules=rules, opener=opener("Checking"))
        save(validation, files, opener("Writing"), out)
    tell_dataset(console, validation.document)
    console.write_line(f"Report: {out / 'report.json'}")
    raise typer.Exit(0 if validation.accepted else 1)


@app.command()
def preflight(
    data: Annotated[Path | None, typer.Option(help="A data set: checks its run.json and cost, too.")] = None,
    model: Annotated[str | None, typer.Option(help="The base model's id; default: run.json's or cdk.json's.")] = None,
    region: Annotated[str, typer.Option(help="The AWS Region; default: cdk.json's.")] = REGION,
    out: Annotated[Path, typer.Option(help="Where preflight.json is written.")] = PREFLIGHT_FOLDER,
) -> None:
    """Make a run's checks on the caller's account, deployed or not; the outcome is in build/preflight."""
    console = Console()
    require_paths(out, PREFLIGHT_COMMAND, [data] if data else [])
    try:
        result = check_account(data, model=model, region=region, opener=lambda path: path.open("rb", buffering=0))
    except (NoDataSetError, NoAccountError, UnknownBaseModelError) as error:
        raise failed(error, 2) from None
    except NotCheckedError as error:
        raise failed(error, 1) from None
    tell(console, result)
    console.write_line(f"Outcome: {save_preflight(result, out)}")
    raise typer.Exit(0 if result["status"] == "passed" else 1)


@app.command()
def review(
    votes: Annotated[Path, typer.Argument(help="The file that human_review.html saves.", exists=True, dir_okay=False)],
    report: Annotated[Path, typer.Option(help="The folder with the run's report.json.")] = DEMO_FOLDER,
) -> None:
    """Add a person's votes, and their agreement with the judges, to a run's report.json and report.html."""
    console = Console()
    try:
        judging = add_votes(report, votes)
    except (NoReportError, VotesRejectedError) as error:
        raise failed(error, 1) from None
    tell_judging(console, judging)
    console.write_line(f"Report: {report / 'report.html'}")


RunId = Annotated[str, typer.Argument(help="The run's id, as in the message that asks.")]
Reason = Annotated[str | None, typer.Option(help="Why; the run's report tells it.")]
DeploymentName = Annotated[str, typer.Option(help="The deployment's name; the default is cdk.json's.")]
Region = Annotated[str, typer.Option(help="The deployment's Region; the default is cdk.json's.")]


@app.command()
def approve(
    run_id: RunId,
    reason: Reason = None,
    deployment: DeploymentName = DEPLOYMENT,
    region: Region = REGION,
) -> None:
    """Let a run that waits for it make its purchase, on the account of your AWS credentials."""
    _answer(run_id, "approved", reason, deployment, region)


@app.command()
def reject(
    run_id: RunId,
    reason: Reason = None,
    deployment: DeploymentName = DEPLOYMENT,
    region: Region = REGION,
) -> None:
    """End a run that waits for its purchase: nothing is bought, the tuned model is kept."""
    _answer(run_id, "rejected", reason, deployment, region)


def _answer(run_id: str, decision: Decision, reason: str | None, deployment: str, region: str) -> None:
    try:
        answered = answer(clients_of(region), deployment, run_id, decision, reason)
    except NotAnsweredError as error:
        raise failed(error, 1) from None
    Console().write_line(f"The run {run_id} is {decision} by {answered.by}.")


@app.command()
def faults(
    only: Annotated[str | None, typer.Option(help="Cases whose name has this text; * stands for anything.")] = None,
    parallel: Annotated[int, typer.Option(min=1, max=32, help="Cases at a time.")] = 12,
) -> None:
    """Inject faults into runs on this machine and follow each until nothing bills; the report is in build/faults."""
    cases = chosen(only)
    if not cases:
        raise failed(f"No case has {only!r} in its name.", 2)
    try:
        succeeded = run_faults(cases, parallel=parallel, console=Console())
    except (ProcessFailedError, FolderInUseError) as error:
        raise failed(error, 1) from None
    raise typer.Exit(0 if succeeded else 1)
