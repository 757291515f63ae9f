"""What several commands take: the data set, the base model, and where a stack is."""

from pathlib import Path
from typing import Annotated

import typer

from local.checkout import CHECKOUT

EXAMPLE = CHECKOUT / "examples" / "financial-tables.jsonl"

Data = Annotated[
    Path | None,
    typer.Argument(metavar="DATA", help="A JSONL or CSV file, or a folder with train.jsonl or train.csv."),
]
DataOption = Annotated[Path | None, typer.Option("--data", metavar="DATA", help="The same as DATA.")]
Model = Annotated[str | None, typer.Option(help="The base model's id; default: run.json's or cdk.json's.")]
StackName = Annotated[str | None, typer.Option(help="The setting `deployment` of the stacks; default: cdk.json's.")]
Region = Annotated[str | None, typer.Option(help="The AWS Region; default: cdk.json's.")]


def given_data(argument: Path | None, option: Path | None) -> Path | None:
    """The data set that was named as an argument or as an option; raises typer.BadParameter if both name one."""
    if argument is not None and option is not None:
        raise typer.BadParameter("Name the data set once: as DATA or as --data.")
    return argument if option is None else option
