"""What several commands take: the data set, the base model, and where a stack is."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.checkout import CHECKOUT

if TYPE_CHECKING:
    from cli.environment import Environment

EXAMPLE = CHECKOUT / "examples" / "financial-tables.jsonl"

Data = Annotated[
    Path | None,
    typer.Argument(
        metavar="DATA", help="A JSON Lines, JSON or CSV file, or a folder with train.jsonl, train.json or train.csv."
    ),
]
DataOption = Annotated[Path | None, typer.Option("--data", metavar="DATA", help="The same as DATA.")]
Model = Annotated[str | None, typer.Option(help="The base model's id; default: run.json's or cdk.json's.")]
StackName = Annotated[str | None, typer.Option(help="The setting `deployment` of the stacks; default: cdk.json's.")]
Region = Annotated[str | None, typer.Option(help="The AWS Region; default: cdk.json's.")]

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id; `fine-tune runs` lists them.")]

Prompt = Annotated[
    str | None,
    typer.Option(help="The prompt's column, or a text with columns in braces, such as '{subject}\\n\\n{body}'."),
]
Completion = Annotated[str | None, typer.Option(help="The answer's column, or a text with columns in braces.")]
_ESCAPES = {r"\n": "\n", r"\t": "\t", "\\\\": "\\"}


def given_mapping(prompt: str | None, completion: str | None) -> dict[str, str] | None:
    """The mapping of columns that was given, with line feeds and tabs for their escapes.

    Raises typer.BadParameter for one without the other, and for what is no template.
    """
    from lambdas.domain.dataset.formats.mapping import parse_template

    if prompt is None and completion is None:
        return None
    if prompt is None or completion is None:
        raise typer.BadParameter("Name both columns: --prompt and --completion.")
    mapping = {"prompt": _unescaped(prompt), "completion": _unescaped(completion)}
    for option, text in mapping.items():
        try:
            parse_template(text)
        except ValueError as error:
            raise typer.BadParameter(f"--{option}: {error}.") from None
    return mapping


def _unescaped(text: str) -> str:
    """A shell hands on escapes as they were typed."""
    return re.sub(r"\\[nt\\]", lambda found: _ESCAPES[found[0]], text)


def given_data(argument: Path | None, option: Path | None) -> Path | None:
    """The data set that was named as an argument or as an option; raises typer.BadParameter if both name one."""
    if argument is not None and option is not None:
        raise typer.BadParameter("Name the data set once: as DATA or as --data.")
    return argument if option is None else option


def chosen_environment(deployment: str | None, region: str | None) -> "Environment":
    """The environment that these options name, else cdk.json's. Says what is wrong, and raises typer.Exit(2)."""
    from cli.account import NoAccountError, account_of
    from cli.environment import NoEnvironmentError, environment_of
    from local.deployment import setting
    from local.terminal import failed

    try:
        return environment_of(account_of(region or setting("region")), deployment or setting("deployment"))
    except (NoAccountError, NoEnvironmentError) as error:
        raise failed(error, 2) from None


def print_json(document: object, indent: int | None = 2) -> None:
    """Prints a document, in one line without an indent, in ASCII: nothing is left for the console to spell out."""
    from json import dumps

    from local.terminal import Console

    console = Console()
    for line in dumps(document, indent=indent).splitlines():
        console.write_line(line)
