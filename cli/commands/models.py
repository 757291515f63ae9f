"""`fine-tune models`."""

from typing import Annotated

import typer

from cli.commands.options import Region, StackName, chosen_environment, print_json


def models(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """List the custom models that runs of the environment have made, or delete some.

    Each has its run, age, price a month and what uses it: whether it is the champion, and what serves it. A custom
    model costs its price each month, used or not, until it is deleted. Listing costs nothing.

    Exit status: 0; 1 if AWS refuses to tell; 2 if there is no account or no such environment.
    """
    from cli.models import list_models, tell_models
    from cli.settings import settings_of
    from lambdas.domain.evaluation.champion import UnreadableChampionError
    from local.terminal import Console, failed

    if context.invoked_subcommand:
        return
    try:
        environment = chosen_environment(deployment, region)
        listed = list_models(environment, settings_of(environment).model_unit_price_per_hour)
    except UnreadableChampionError as error:
        raise failed(error, 1) from None
    if json:
        print_json(listed.dump())
    else:
        tell_models(Console(), listed)


def delete_models(
    which: Annotated[list[str], typer.Argument(metavar="MODEL…", help="Names or ARNs of models, or ids of runs.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    even_if_used: Annotated[
        bool, typer.Option("--even-if-used", help="Delete the champion, and what is served, too.")
    ] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Delete custom models of the environment: they cost nothing any more, and can only be trained again.

    Only models whose tags say that a run of the environment has made them are deleted; the champion and what is served
    only with --even-if-used. Bedrock itself refuses to delete a model that a throughput or a deployment serves.

    Exit status: 0 if all are deleted; 1 if AWS refuses one; 2 if a model is not known or used, nobody has confirmed, or
    there is no account or no such environment.
    """
    from cli.confirmation import NotConfirmedError, confirm
    from cli.models import (
        ModelInUseError,
        UnknownModelError,
        chosen_models,
        delete,
        list_models,
        month_text,
        require_unused,
    )
    from lambdas.domain.evaluation.champion import UnreadableChampionError
    from local.terminal import Console, failed

    environment, console = chosen_environment(deployment, region), Console()
    try:
        meant = chosen_models(list_models(environment), which)
        if not even_if_used:
            require_unused(meant)
        for one in meant:
            console.write_line(f"{one.name}, made {one.created_at[:10]}{', the champion' if one.champion else ''}")
        confirm(f"Delete for good: {month_text(meant)}?", yes=yes, undone="Nothing was deleted.")
    except (UnknownModelError, ModelInUseError, NotConfirmedError) as error:
        raise failed(error, 2) from None
    except UnreadableChampionError as error:
        raise failed(error, 1) from None
    delete(environment, meant, console)
