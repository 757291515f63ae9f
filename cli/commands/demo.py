"""`fine-tune demo`."""

from typing import Annotated, Literal

import typer

from cli.commands.options import EXAMPLE, Data, DataOption, Model, given_data
from cli.folders import DEMO, DEMO_FOLDER

LifeCycleStatus = Literal["ACTIVE", "LEGACY", "EOL"]


def demo(
    data_set: Data = None,
    data: DataOption = None,
    model: Model = None,
    lifecycle: Annotated[LifeCycleStatus, typer.Option(help="Its life cycle in the simulated Bedrock.")] = "ACTIVE",
) -> None:
    """Run a data set (default: the shipped example) through the whole pipeline on this machine, into build/demo."""
    from cli.data_set import NoDataSetError, settings_of, upload_of
    from cli.demo import run_demo
    from cli.execution import NoExecutionError, NotFollowedError
    from cli.validate import choose
    from lambdas.domain.models.catalogue import UnknownBaseModelError, base_model
    from local.deployment import DEMO_MODEL
    from local.output_folder import require_paths
    from local.process import ProcessFailedError
    from local.session import FolderInUseError
    from local.terminal import Console, failed

    given = given_data(data_set, data) or EXAMPLE
    require_paths(DEMO_FOLDER, DEMO, [given])
    try:
        upload = upload_of(given)
        # A run.json that is refused is left to the run to tell.
        entry = base_model(model) if model else choose(settings_of(given), default=DEMO_MODEL)[0].model
    except (NoDataSetError, UnknownBaseModelError) as error:
        raise failed(error, 2) from None
    require_paths(DEMO_FOLDER, DEMO, [*upload.files.values()])
    try:
        succeeded = run_demo(upload, model=entry, lifecycle=lifecycle, console=Console())
    except (ProcessFailedError, NoExecutionError, NotFollowedError, FolderInUseError) as error:
        raise failed(error, 1) from None
    raise typer.Exit(0 if succeeded else 1)
