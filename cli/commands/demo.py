"""`fine-tune demo`."""

from typing import Annotated, Literal

import typer

from cli.commands.options import EXAMPLE, Completion, Data, DataOption, Model, Prompt, given_data, given_mapping
from cli.folders import DEMO, DEMO_FOLDER

LifeCycleStatus = Literal["ACTIVE", "LEGACY", "EOL"]


def demo(
    data_set: Data = None,
    data: DataOption = None,
    model: Model = None,
    lifecycle: Annotated[LifeCycleStatus, typer.Option(help="Its life cycle in the simulated Bedrock.")] = "ACTIVE",
    prompt: Prompt = None,
    completion: Completion = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the embedded AWS until Ctrl-C, for more runs.")] = False,
) -> None:
    """Run a data set (default: the shipped example) through the whole pipeline on this machine, into build/demo.

    It needs no AWS account and costs nothing: the data set is checked, and if a run would accept it, the app is
    deployed on an embedded AWS with a simulated Bedrock, which ends with the command. With --keep it stays after the
    run, and `fine-tune run` and `fine-tune runs` work on it. What the demo before has left is moved to build/demo-<n>.

    Exit status: 0 if the run has succeeded and nothing that bills is left in Bedrock; 1 if not, or if the data set is
    refused; 2 if the data set, the model or the folder cannot be used; 130 after Ctrl-C.
    """
    from cli.data_set import NoDataSetError, settings_of, upload_of
    from cli.demo import run_demo
    from cli.execution import NoExecutionError, NotFollowedError
    from cli.run import check
    from cli.validate import choose, with_mapping
    from lambdas.domain.models.catalogue import UnknownBaseModelError, base_model
    from local.deployment import DEMO_MODEL
    from local.output_folder import require_paths
    from local.process import ProcessFailedError
    from local.session import FolderInUseError
    from local.terminal import Console, failed

    given, mapping = given_data(data_set, data) or EXAMPLE, given_mapping(prompt, completion)
    require_paths(DEMO_FOLDER, DEMO, [given])
    try:
        upload = upload_of(given)
        if mapping:
            upload = upload.with_settings(with_mapping(settings_of(given), mapping))
        # What is wrong in run.json is told with all else.
        entry = base_model(model) if model else choose(settings_of(given), default=DEMO_MODEL)[0].model
    except (NoDataSetError, UnknownBaseModelError) as error:
        raise failed(error, 2) from None
    require_paths(DEMO_FOLDER, DEMO, [*upload.files.values()])
    console = Console()
    if not check(given, entry.customization_id, console, mapping):
        raise failed("Nothing was deployed: the run would refuse the data set.", 1)
    try:
        succeeded = run_demo(upload, model=entry, lifecycle=lifecycle, keep=keep, console=console)
    except (ProcessFailedError, NoExecutionError, NotFollowedError, FolderInUseError) as error:
        raise failed(error, 1) from None
    except KeyboardInterrupt:
        raise failed(
            f"Stopped: the embedded AWS with its run has ended, and nothing of it is left but logs in {DEMO_FOLDER}.",
            130,
        ) from None
    raise typer.Exit(0 if succeeded else 1)
