"""`fine-tune init`."""

from typing import Annotated

import typer


def init(
    region: Annotated[str | None, typer.Option(help="The AWS Region.")] = None,
    model: Annotated[str | None, typer.Option(help="The base model's id.")] = None,
    email: Annotated[str | None, typer.Option(help="Who gets results, failures and alarms, or none.")] = None,
    max_run_cost_usd: Annotated[
        str | None, typer.Option(metavar="USD", help="A run that is estimated dearer is refused; or none.")
    ] = None,
    vpc: Annotated[
        str | None,
        typer.Option(metavar="IDS", help="Ids of subnets and security groups for training jobs, in one text, or none."),
    ] = None,
    deployment: Annotated[str | None, typer.Option(help="The environment's name.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write cdk.json without asking.")] = False,
    even_if_failed: Annotated[
        bool, typer.Option("--even-if-failed", help="Go on where a check of the account fails.")
    ] = False,
) -> None:
    """Set up a first deployment: answer a few questions, check your account, write the settings into cdk.json.

    Each option answers a question. Without a terminal --region, --model, --email, --max-run-cost-usd and --yes are
    needed; what the others answer stays as it is in cdk.json. The difference is shown before it is written, and the
    rest of cdk.json stays. With AWS credentials the checks of `fine-tune preflight` are made, each finding with what
    to do. They cost less than a cent: the models are asked for a few tokens.

    Exit status: 0; 1 if a check fails and nobody says to go on; 2 if an answer is missing or not allowed, nobody
    confirms, or cdk.json cannot be used. With 1 and 2 nothing is written.
    """
    from cli.cdk_json import UnreadableCdkJsonError, read_cdk_json
    from cli.confirmation import NotConfirmedError
    from cli.init import FailedChecksError, MissingAnswersError, RefusedAnswerError, Setup, initialize
    from local.terminal import Console, failed
    from stacks.settings import SettingsError

    console = Console()
    options = {
        "--region": region,
        "--model": model,
        "--email": email,
        "--max-run-cost-usd": max_run_cost_usd,
        "--vpc": vpc,
        "--deployment": deployment,
    }
    try:
        setup = Setup(read_cdk_json(), options, console)
        initialize(setup, console, yes=yes, even_if_failed=even_if_failed)
    except FailedChecksError as error:
        raise failed(error, 1) from None
    except (
        MissingAnswersError,
        NotConfirmedError,
        RefusedAnswerError,
        SettingsError,
        UnreadableCdkJsonError,
    ) as error:
        raise failed(error, 2) from None
