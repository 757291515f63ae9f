"""`make smoke`: a whole run on an environment of its own, which is destroyed again."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.account import NoAccountError, account_of
from cli.deploy import NotDeployableError
from cli.environment import NoEnvironmentError
from cli.execution import NoExecutionError, NotFollowedError
from cli.folders import SMOKE, SMOKE_FOLDER
from cli.preflight import NotCheckedError
from cli.run import InterruptedRunError, NotUploadedError
from cli.smoke.caller import NotPermittedError
from cli.smoke.choice import NoModelError, PricedModel
from cli.smoke.places import CallersAccount, Embedded, SmokePlace
from cli.smoke.run import DEFAULT_CAP_USD, AccountNotReadyError, SmokeError, check, choose, smoke
from cli.target import Region, RequestedEnvironment
from local.deployment import bootstrap
from local.embedded_aws import EmbeddedAws
from local.process import ProcessFailedError
from local.session import FolderInUseError, emptied, save_logs, stopping_on_sigterm
from local.terminal import App, Console, failed
from stacks.settings import SettingsError

WRITTEN = ("logs/", "tmp/", "bedrock-calls.jsonl", "permissions.jsonl", "execution.json")
Target = Annotated[Literal["embedded", "aws"], typer.Option(help="An AWS on this machine, or the caller's account.")]
Cap = Annotated[float, typer.Option(min=0.01, help="The most that the run may cost, in USD.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before anything is created.")]
Out = Annotated[Path, typer.Option(help="Where the result goes; default: build/smoke.", show_default=False)]

# Nothing is created when these are raised.
REFUSALS = (
    NoAccountError,
    NoModelError,
    NotCheckedError,
    NotDeployableError,
    NotPermittedError,
    AccountNotReadyError,
    SettingsError,
)
FAILURES = (
    FolderInUseError,
    NoEnvironmentError,
    NoExecutionError,
    NotFollowedError,
    NotUploadedError,
    ProcessFailedError,
    SmokeError,
)


def main(
    target: Target = "embedded",
    region: Region = None,
    cap: Cap = DEFAULT_CAP_USD,
    yes: Yes = False,
    out: Out = SMOKE_FOLDER,
) -> None:
    """Deploy an environment of its own, run the shipped example on the cheapest model, check all of it, destroy it.

    Exit status: 0 if all was as promised and nothing is left; 1 if not; 2 if nothing was created; 130 after Ctrl-C,
    when what was created has been destroyed.
    """
    console, out = Console(), out.absolute()
    try:
        requested, choice = choose(region, cap)
        with emptied(out, SMOKE, WRITTEN), stopping_on_sigterm(), ExitStack() as running:
            if target == "aws":
                place: SmokePlace = CallersAccount(account_of(requested.settings.region))
            else:
                place = _embedded(running, out, requested.settings.region)
                requested = requested.with_settings(place.settings)
            for line in check(place, requested, choice):
                console.write_line(line)
            if target == "aws" and not yes:
                _confirm(requested, choice)
            succeeded = smoke(place, requested, choice, console, out)
    except REFUSALS as error:
        raise failed(error, 2) from None
    except FAILURES as error:
        raise failed(error, 1) from None
    except (KeyboardInterrupt, InterruptedRunError):
        raise failed("Interrupted.", 130) from None
    except (BotoCoreError, ClientError) as error:
        raise failed(f"AWS, or the embedded AWS, has failed: {error}", 1) from None
    raise typer.Exit(0 if succeeded else 1)


def _embedded(running: ExitStack, folder: Path, region: str) -> Embedded:
    aws = running.enter_context(EmbeddedAws(folder, region=region))
    running.callback(save_logs, aws)
    bootstrap(aws)
    return Embedded(aws)


def _confirm(requested: RequestedEnvironment, choice: PricedModel) -> None:
    """Raises typer.Abort, and AccountNotReadyError, unless a person says yes."""
    try:
        wanted = typer.confirm(
            f"This deploys {requested.settings.deployment} in {requested.settings.region}, tunes {choice.model.name} "
            f"and destroys all of it. It can cost up to {choice.most_usd:.2f} USD. Go on?"
        )
    except typer.Abort:
        wanted = False
    if not wanted:
        raise AccountNotReadyError("Nothing was created: answer yes, or give YES=1 (--yes).")


app = App(add_completion=False)
app.command()(main)

if __name__ == "__main__":
    # Only the owner reads and writes what is made; children inherit it.
    os.umask(0o077)
    app()
