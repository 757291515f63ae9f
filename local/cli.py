"""The command line: `fine-tune demo`, `fine-tune faults`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from local.demo import DemoRunningError, run_demo
from local.embedded_aws import CHECKOUT
from local.execution import NoExecutionError
from local.faults.cases import chosen
from local.faults.command import run_faults
from local.process import ProcessFailedError
from local.upload import NoDataSetError, upload_of

EXAMPLE = CHECKOUT / "examples" / "financial-tables.jsonl"

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Fine-tunes Amazon Bedrock models and measures them against their base."""


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="A JSONL file, or a folder with train.jsonl.")] = EXAMPLE,
    model: Annotated[str | None, typer.Option(help="The base model's id; default: the deployment's.")] = None,
) -> None:
    """Run a data set through the whole pipeline on this machine; what it leaves is in build/demo."""
    console = Console()
    try:
        upload = upload_of(data)
    except NoDataSetError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    try:
        succeeded = run_demo(upload, base_model=model, console=console)
    except (ProcessFailedError, NoExecutionError, DemoRunningError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if succeeded else 1)


@app.command()
def faults(
    only: Annotated[str | None, typer.Option(help="Cases whose name has this text; * stands for anything.")] = None,
    parallel: Annotated[int, typer.Option(min=1, max=32, help="Cases at a time.")] = 12,
) -> None:
    """Inject faults into runs on this machine and follow each until nothing bills; the report is in build/faults."""
    cases = chosen(only)
    if not cases:
        typer.echo(f"No case has {only!r} in its name.", err=True)
        raise typer.Exit(2)
    try:
        succeeded = run_faults(cases, parallel=parallel, console=Console())
    except (ProcessFailedError, DemoRunningError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if succeeded else 1)
