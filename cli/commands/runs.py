"""`fine-tune runs`."""

from typing import Annotated

import typer

from cli.commands.options import Region, StackName


def runs(
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with the ARN and the price of all that is left.")
    ] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """List the runs of the environment of your AWS account, newest first, and what is left of them that costs.

    Each has its model, status, verdict, gain over the base model and cost. A custom model costs a price a month until
    you delete it, a throughput costs by the hour. Listing costs nothing.

    Exit status: 0; 1 if AWS refuses to tell; 2 if there is no account or no such environment.
    """
    from json import dumps

    from cli.account import NoAccountError, account_of
    from cli.environment import NoEnvironmentError, environment_of
    from cli.run_table import tell_runs
    from cli.runs import list_runs
    from cli.settings import settings_here
    from local.deployment import setting
    from local.terminal import Console, failed

    try:
        environment = environment_of(account_of(region or setting("region")), deployment or setting("deployment"))
    except (NoAccountError, NoEnvironmentError) as error:
        raise failed(error, 2) from None
    console = Console()
    listed = list_runs(environment, settings_here().model_unit_price_per_hour)
    if json:
        # In ASCII nothing is left for the console to spell out.
        for line in dumps(listed.dump(), indent=2).splitlines():
            console.write_line(line)
    else:
        tell_runs(console, listed)
