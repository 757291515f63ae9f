"""`fine-tune export`."""

from typing import Annotated

import typer

from cli.commands.options import Region, StackName, chosen_environment


def export(
    mlflow: Annotated[
        str, typer.Option("--mlflow", metavar="URI", help="MLflow's tracking server, such as https://mlflow.example.")
    ],
    run_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN…]", help="Runs; without any all of them.")
    ] = None,
    experiment: Annotated[
        str | None, typer.Option(help="The experiment in MLflow; default: the environment's name.", show_default=False)
    ] = None,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Write the runs of the environment to MLflow, which you have installed: figures, settings, losses, cost, the page.

    A run that is there already is left as it is, so that the command can be repeated. It costs nothing.

    Exit status: 0; 1 if MLflow or AWS refuses; 2 if MLflow is not installed, or there is no such run, no account or no
    such environment.
    """
    from cli.known_runs import UnknownRunError
    from cli.mlflow_export import NoMlflowError, NotExportedError, client_of, export_runs
    from local.terminal import Console, failed

    console = Console()
    try:
        client = client_of(mlflow)
        environment = chosen_environment(deployment, region)
        for run_id, outcome in export_runs(environment, client, experiment or environment.name, run_ids or ()):
            console.write_line(f"{run_id}: {outcome}")
    except (NoMlflowError, UnknownRunError) as error:
        raise failed(error, 2) from None
    except NotExportedError as error:
        raise failed(error, 1) from None
    except KeyboardInterrupt:
        raise failed(
            "Stopped. The runs named above are exported; the same command goes on with the others.", 130
        ) from None
