"""`fine-tune status`."""

from typing import Annotated

import typer

from cli.commands.options import Region, RunId, StackName, chosen_environment, print_json


def status(
    run_id: RunId,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with the ARN and the price of all that exists.")
    ] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Tell where a run is now, what it waits for, what of it is billed, and what it has cost so far.

    What it has cost so far is counted as in the report of a run that fails: what Bedrock has not counted yet is named,
    not guessed. Asking costs nothing.

    Exit status: 0; 1 if AWS refuses to tell; 2 if there is no account, no such environment or no such run.
    """
    from cli.known_runs import UnknownRunError
    from cli.run_status import status_of, tell_status
    from cli.settings import settings_of
    from local.terminal import Console, failed

    environment = chosen_environment(deployment, region)
    try:
        found = status_of(environment, run_id, settings_of(environment).model_unit_price_per_hour)
    except UnknownRunError as error:
        raise failed(error, 2) from None
    if json:
        print_json(found.dump())
    else:
        tell_status(Console(), found)
