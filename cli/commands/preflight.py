"""`fine-tune preflight`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import Data, DataOption, Model, Region, given_data
from cli.folders import PREFLIGHT, PREFLIGHT_FOLDER


def preflight(
    data_set: Data = None,
    data: DataOption = None,
    model: Model = None,
    region: Region = None,
    out: Annotated[
        Path, typer.Option(help="Where preflight.json goes; default: build/preflight.", show_default=False)
    ] = PREFLIGHT_FOLDER,
) -> None:
    """Make a run's checks on your account, deployed or not, into build/preflight.

    With a data set, the checks include its run.json and what its run costs. The preflight itself costs less than a
    cent: it asks each model that the run needs for a few tokens.

    Exit status: 0 if all checks have passed; 1 if one has failed, or the data set or its run.json is refused; 2 if
    there is no account, or the data set, the model or the folder cannot be used.
    """
    from cli.account import NoAccountError
    from cli.data_set import NoDataSetError
    from cli.preflight import NotCheckedError, check_account, save, tell
    from lambdas.domain.models.catalogue import UnknownBaseModelError
    from local.deployment import setting
    from local.output_folder import require_paths
    from local.terminal import Console, failed

    console = Console()
    given = given_data(data_set, data)
    require_paths(out, PREFLIGHT, [given] if given else [])
    try:
        result = check_account(
            given,
            model=model,
            region=region or setting("region"),
            opener=lambda path: path.open("rb", buffering=0),
        )
    except (NoDataSetError, NoAccountError, UnknownBaseModelError) as error:
        raise failed(error, 2) from None
    except NotCheckedError as error:
        raise failed(error, 1) from None
    tell(console, result)
    console.write_line(f"Outcome: {save(result, out)}")
    raise typer.Exit(0 if result.status == "passed" else 1)
