"""`make deploy`: what would fail on AWS is told first, in a sentence with its remedy; then the CDK CLI deploys."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.account import Account, NoAccountError, account_of
from cli.reservation import with_reservation
from cli.target import Model, Name, Region, RequestedEnvironment, run_cdk, target_of
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.timestamps import now
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.models.catalogue import UnknownBaseModelError, base_model
from lambdas.domain.preflight.checks import findings_of, has_failed
from lambdas.domain.preflight.model import ModelDetails, customizable, exists, lifecycle
from local.terminal import App, Console, failed
from stacks.settings import SettingsError

# What the templates ask for (CDK's DefaultStackSynthesizer).
OLDEST_BOOTSTRAP = 6


class NotDeployableError(Exception):
    """The environment cannot be deployed; the message says why, and what to do."""


def check(
    target: RequestedEnvironment,
    account: str,
    parameters: Any,
    describe: Callable[[str], ModelDetails | None],
    today: date,
) -> Iterator[str]:
    """Yields what is worth knowing; raises NotDeployableError before anything is created.

    `parameters` is a client of Systems Manager, `describe` asks Bedrock for a foundation model.
    """
    settings = target.settings
    yield f"{settings.deployment} in {settings.region} of the account {account}, tuning {settings.base_model}."
    yield from _model(target, describe, today)
    yield from check_bootstrap(target, account, parameters)


def _model(target: RequestedEnvironment, describe: Callable[[str], ModelDetails | None], today: date) -> Iterator[str]:
    """What each run's preflight would say of the base model."""
    entry, region = base_model(target.settings.base_model), target.settings.region
    other = f"Deploy with another model: make deploy MODEL={entry.successor}. docs/models.md lists them all."
    details: ModelDetails | Unknown | None
    try:
        details = describe(entry.customization_id)
    except (ServiceBusy, Refused) as error:
        details = Unknown(str(error), busy=isinstance(error, ServiceBusy))
        ended = entry.lifecycle.end_of_life
        if ended is not None and ended <= today:
            raise NotDeployableError(
                f"The end of life of {entry.customization_id} was on {ended}, and Bedrock does not say whether this "
                f"account may still tune it: {error}. {other}"
            ) from None
    checks = [
        exists(entry, details, region, today),
        customizable(entry, details, region),
        lifecycle(entry, details, region, today),
    ]
    messages = [finding.message for finding in findings_of(checks)]
    if has_failed(checks):
        raise NotDeployableError(" ".join([*messages, other]))
    yield from messages


def check_bootstrap(target: RequestedEnvironment, account: str, parameters: Any) -> Iterator[str]:
    """Yields why it cannot be told; raises NotDeployableError where the CDK is not bootstrapped, or too long ago."""
    where, name = f"{target.settings.region} of the account {account}", f"/cdk-bootstrap/{target.qualifier}/version"
    remedy = f"Run node_modules/.bin/cdk bootstrap aws://{account}/{target.settings.region} once, then repeat this."
    try:
        version = str(parameters.get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"].get("Code") == "ParameterNotFound":
            raise NotDeployableError(f"The CDK is not bootstrapped in {where}: {name} is missing. {remedy}") from None
        # The CDK CLI has roles of its own, which may read it.
        yield f"Whether the CDK is bootstrapped in {where} cannot be told: {error}"
        return
    if not version.isdecimal() or int(version) < OLDEST_BOOTSTRAP:
        raise NotDeployableError(
            f"The CDK's bootstrap stack in {where} is of version {version}, and {OLDEST_BOOTSTRAP} is needed. {remedy}"
        )


def check_account(target: RequestedEnvironment, account: Account) -> Iterator[str]:
    """The checks on the caller's account."""
    number = account.caller.split(":")[4]
    describe = account.adapters.foundation_models.describe_model
    return check(target, number, account.client("ssm"), describe, date.fromisoformat(now()[:10]))


def deploy(model: Model = None, region: Region = None, deployment: Name = None) -> None:
    """Check the account and the model, then let the CDK CLI deploy all stacks, and say how to run a data set."""
    console = Console()
    try:
        target = target_of(model, region, deployment)
        account = account_of(target.settings.region)
        for line in check_account(target, account):
            console.write_line(line)
        target, said = with_reservation(target, account)
        if said:
            console.write_line(said)
    except (SettingsError, UnknownBaseModelError, NoAccountError, NotDeployableError) as error:
        raise failed(error, 2) from None
    except BotoCoreError as error:
        raise failed(f"AWS cannot be asked: {error}", 2) from None
    status = run_cdk("deploy", target)
    if status == 0:
        console.write_line(f"Run a data set on it: {how_to_run(target)}")
    raise typer.Exit(status)


def how_to_run(target: RequestedEnvironment) -> str:
    """The command that means this environment, whatever cdk.json says."""
    settings = target.settings
    return f"fine-tune run my-questions.jsonl --deployment {settings.deployment} --region {settings.region}"


app = App(add_completion=False)
app.command()(deploy)

if __name__ == "__main__":
    app()
