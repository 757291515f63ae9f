"""`fine-tune`: the list of its commands. Each is a file in `cli/commands/`."""

from typing import Annotated

import typer

from cli.command_group import CommandGroup
from cli.commands.approval import approve, reject
from cli.commands.ask import ask
from cli.commands.cancel import cancel
from cli.commands.clean import clean
from cli.commands.compare import compare
from cli.commands.conformance import conformance
from cli.commands.convert import convert
from cli.commands.demo import demo
from cli.commands.export import export
from cli.commands.faults import faults
from cli.commands.init import init
from cli.commands.logs import logs
from cli.commands.models import delete_models, models
from cli.commands.open import open_page
from cli.commands.preflight import preflight
from cli.commands.prices import prices
from cli.commands.retry import retry
from cli.commands.review import review
from cli.commands.run import run
from cli.commands.runs import runs
from cli.commands.score import score
from cli.commands.serve import serve, unserve
from cli.commands.status import status
from cli.commands.synthesize import synthesize
from cli.commands.validate import validate
from lambdas import __version__
from local.terminal import App, Console

app = App(cls=CommandGroup, no_args_is_help=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        Console().write_line(f"fine-tune {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Fine-tunes Amazon Bedrock models and measures them against their base."""


def _unwrapped(text: str) -> str:
    """A docstring's paragraphs, a line each: the terminal breaks them where its own lines end."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


for command in (
    init,
    demo,
    validate,
    convert,
    clean,
    synthesize,
    preflight,
    prices,
    run,
    runs,
    status,
    logs,
    cancel,
    retry,
    serve,
    unserve,
    ask,
    compare,
    export,
    review,
    score,
    approve,
    reject,
    faults,
    conformance,
):
    app.command(help=_unwrapped(command.__doc__ or ""))(command)
_models = typer.Typer()
_models.callback(invoke_without_command=True)(models)
_models.command("delete", help=_unwrapped(delete_models.__doc__ or ""))(delete_models)
app.add_typer(_models, name="models", help=_unwrapped(models.__doc__ or ""))
app.command("open", help=_unwrapped(open_page.__doc__ or ""))(open_page)
