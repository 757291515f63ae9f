"""`fine-tune ask`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.options import Region, StackName, chosen_environment, print_json

if TYPE_CHECKING:
    from cli.ask import AskedModel, QuestionForm
    from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime


def ask(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The run's id, or `champion`; `fine-tune runs` lists the runs.")
    ],
    question: Annotated[
        str | None, typer.Argument(help="Without one, questions are read line by line until an empty line.")
    ] = None,
    document: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The document that the question is about.", exists=True, dir_okay=False),
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME=TEXT", help="A further field of the prompt's template.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="The system text, where the training set had several of them.")
    ] = None,
    base: Annotated[bool, typer.Option(help="Ask the base model, too.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, a line for each question.")] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Ask a run's tuned model, in exactly the format that it was trained on, and its base model beside it.

    Each answer is told with its tokens, its latency and its cost, which is all that asking costs. Every question stands
    for itself. Something must serve the model: `fine-tune serve`.

    Exit status: 0 if every model has answered; 1 if one has not, or nothing serves the tuned one; 2 if there is no such
    run, the question cannot be made, or there is no account or no such environment; 130 after Ctrl-C.
    """
    from cli.ask import NotAskableError, NothingServesError, find_models, make_form
    from cli.known_runs import UnknownRunError
    from cli.settings import settings_of
    from cli.tuned_run import NoTunedModelError, find_tuned_run
    from lambdas.domain.serving.standing import NotServedError
    from local.terminal import failed

    fields, text = _fields(field or []), _text(document)
    environment = chosen_environment(deployment, region)
    try:
        tuned = find_tuned_run(environment, run)
        form = make_form(tuned.format, fields, text, system)
        if question is not None and form.open_field is None:
            raise NotAskableError("Every field of the prompt is given: leave out the question, or a field.")
        models = find_models(environment, tuned, settings_of(environment), base=base)
    except (UnknownRunError, NoTunedModelError, NotAskableError) as error:
        raise failed(error, 2) from None
    except (NothingServesError, NotServedError) as error:
        raise failed(error, 1) from None
    questions = _read_lines(prompted=not json) if question is None and form.open_field else [question or ""]
    try:
        answered = _ask(environment.adapters.runtime, form, models, questions, as_json=json)
    except KeyboardInterrupt:
        raise failed("Stopped. What serves the model goes on to serve it.", 130) from None
    raise typer.Exit(0 if answered else 1)


def _ask(
    runtime: "BedrockRuntime",
    form: "QuestionForm",
    models: list["AskedModel"],
    questions: Iterable[str],
    *,
    as_json: bool,
) -> bool:
    """Asks every question of every model; whether all were answered."""
    from cli.ask import ask, tell_answer
    from local.terminal import Console

    console, complete = Console(), True
    for text in questions:
        answers = []
        for model in models:
            answers.append(ask(runtime, model, form.question(text), form.settings))
            complete = complete and answers[-1].error is None
            if not as_json:
                tell_answer(console, answers[-1])
        if as_json:
            print_json({"question": text, "answers": [one.dump() for one in answers]}, indent=None)
    return complete


def _read_lines(*, prompted: bool) -> Iterator[str]:
    """Questions from the terminal or a pipe, until an empty line or the end."""
    import sys
    from contextlib import suppress

    with suppress(ImportError):
        import readline  # noqa: F401 - arrows and earlier questions at the prompt
    prompt = "Question (an empty line ends): " if prompted and sys.stdin.isatty() else ""
    with suppress(EOFError):
        while line := input(prompt).strip():
            yield line


def _fields(given: list[str]) -> dict[str, str]:
    fields = dict(each.split("=", 1) for each in given if "=" in each)
    if len(fields) != len(given):
        raise typer.BadParameter("Give each field once, as --field <name>=<text>.")
    return fields


def _text(document: Path | None) -> str | None:
    try:
        return document.read_text("utf-8-sig") if document else None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{document} is no text in UTF-8.") from None
