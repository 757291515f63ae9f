"""`fine-tune compare`."""

from typing import Annotated

import typer

from cli.commands.options import Region, StackName, chosen_environment, print_json


def compare(
    first: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run that has succeeded.")],
    second: Annotated[str, typer.Argument(metavar="RUN", help="The id of the run that it is compared with.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Compare the tuned models of two runs by their stored answers, with intervals where the test sets agree.

    On the test records that both runs have, line for line, the answers are scored anew and compared pair by pair, as a
    run compares its model with the champion. Where they have none in common, both figures are shown, and no difference
    is claimed. It asks no model and costs nothing.

    Exit status: 0, whichever is better; 1 if AWS refuses to tell; 2 if a run is not known or has no figures, or there
    is no account or no such environment.
    """
    from cli.comparison import NotComparableError, compare_runs, tell_comparison
    from cli.known_runs import UnknownRunError
    from cli.stored_report import NoReportError
    from local.terminal import Console, failed

    if first == second:
        raise typer.BadParameter("Name two different runs.")
    environment = chosen_environment(deployment, region)
    try:
        compared = compare_runs(environment, first, second)
    except (UnknownRunError, NotComparableError, NoReportError) as error:
        raise failed(error, 2) from None
    if json:
        print_json(compared.dump())
    else:
        tell_comparison(Console(), compared)
