"""`fine-tune runs`."""

from typing import Annotated

import typer

from cli.commands.options import Region, StackName, chosen_environment, print_json


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
    from cli.run_table import tell_runs
    from cli.runs import list_runs
    from cli.settings import settings_of
    from local.terminal import Console

    environment = chosen_environment(deployment, region)
    listed = list_runs(environment, settings_of(environment).model_unit_price_per_hour)
    if json:
        print_json(listed.dump())
    else:
        tell_runs(Console(), listed)
