"""`fine-tune conformance`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.folders import CONFORMANCE, CONFORMANCE_FOLDER


def conformance(
    target: Annotated[
        Literal["simulation", "aws"], typer.Option(help="What is checked: the simulated Bedrock, or your account.")
    ] = "simulation",
    tier: Annotated[
        Literal["free", "cents", "dollars"] | None,
        typer.Option(help="How much the checks may cost; default: free on aws, all on the simulation."),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="The AWS Region; default: all in which models of the catalogue are tuned.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    out: Annotated[
        Path, typer.Option(help="Where the report goes; default: build/conformance.", show_default=False)
    ] = CONFORMANCE_FOLDER,
) -> None:
    """Check what this project assumes of Bedrock's API, on the simulated Bedrock or on your account.

    The tier free creates nothing; cents asks each model a brief question, too; dollars trains, deploys, asks and
    deletes one small model, too. The most that it can cost is told first, and you are asked.

    Exit status: 0 if everything is as assumed; 1 if something differs, could not be checked, or is left; 2 if nothing
    was checked, since there is no account, no permission, no quota or no confirmation.
    """
    from cli.account import NoAccountError
    from cli.confirmation import NotConfirmedError
    from cli.conformance import ConformanceOptions, check_conformance
    from local.conformance.bad_input import NotPossibleError
    from local.conformance.check import Tier
    from local.conformance.place import WrongRegionError
    from local.conformance.redaction import redacted_text
    from local.output_folder import require_paths
    from local.process import ProcessFailedError
    from local.terminal import Console, failed

    require_paths(out, CONFORMANCE, [])
    is_aws = target == "aws"
    chosen = Tier(tier) if tier else Tier.FREE if is_aws else Tier.DOLLARS
    try:
        succeeded = check_conformance(ConformanceOptions(is_aws, chosen, region, yes, out), Console())
    except (NoAccountError, NotPossibleError, WrongRegionError, NotConfirmedError) as error:
        raise failed(redacted_text(str(error)), 2) from None
    except ProcessFailedError as error:
        raise failed(error, 1) from None
    raise typer.Exit(0 if succeeded else 1)
