"""The smoke test: chosen and checked, deployed, run, looked at from outside, destroyed, and told."""

import json
import secrets
import string
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from cli import execution
from cli.data_set import upload_of
from cli.deploy import check_account as check_deployment
from cli.environment import Environment, environment_of
from cli.preflight import check_account as check_run
from cli.progress import Progress
from cli.run import SECONDS_TO_START, fetch, find, start
from cli.smoke.caller import check_caller
from cli.smoke.choice import PricedModel, cheapest
from cli.smoke.inbox import Inbox
from cli.smoke.outside import FinishedRun, SmokeCheck, cost_of
from cli.smoke.outside import check_run as check_outside
from cli.smoke.places import SmokePlace
from cli.smoke.removal import STAYING, remove
from cli.stack_outputs import outputs_of
from cli.target import RequestedEnvironment, target_of
from lambdas.domain.core.timestamps import now
from lambdas.domain.cost.price_file import default_prices
from local.checkout import CHECKOUT
from local.terminal import Console

EXAMPLE = CHECKOUT / "examples" / "financial-tables.jsonl"
_LETTERS = string.ascii_lowercase + string.digits
DEFAULT_CAP_USD = 10.0


class AccountNotReadyError(Exception):
    """The account cannot take the smoke test; the message says why, and nothing was created."""


class SmokeError(Exception):
    """The smoke test could not be run to its end; what it had created is deleted."""


def own_name() -> str:
    """The name of an environment that nobody has."""
    return f"smoke-{''.join(secrets.choice(_LETTERS) for _ in range(6))}"


def choose(region: str | None, cap_usd: float) -> tuple[RequestedEnvironment, PricedModel]:
    """The environment to deploy, with cdk.json's settings where they do not stand in the way, and its model.

    Raises NoModelError, SettingsError, and AccountNotReadyError where the run can cost more than the cap.
    """
    usual = target_of(None, region, None, any_model=True)
    today = date.fromisoformat(now()[:10])
    choice = cheapest(EXAMPLE, usual.settings.region, usual.settings, default_prices(), today)
    if choice.most_usd > cap_usd:
        raise AccountNotReadyError(
            f"A run of {choice.model.name}, the cheapest model in {usual.settings.region}, can cost up to "
            f"{choice.most_usd:.2f} USD, more than the cap of {cap_usd:.2f} USD: allow it with "
            f"CAP={choice.most_usd + 0.005:.2f} or more. Nothing was created."
        )
    target = target_of(choice.model.customization_id, usual.settings.region, own_name())
    return target.with_settings(
        {
            "keep_data": "false",
            "max_run_cost_usd": f"{cap_usd:g}",
            # Nobody is asked, and nobody but the smoke test hears of it.
            "approval_hours": "null",
            "notification_email": "null",
        },
    ), choice


def check(place: SmokePlace, target: RequestedEnvironment, choice: PricedModel) -> Iterator[str]:
    """Yields what is worth knowing; raises AccountNotReadyError, NotDeployableError and NotPermittedError."""
    yield from check_deployment(target, place.account)
    yield from check_caller(place.account, target)
    found = check_run(
        EXAMPLE,
        model=choice.model.customization_id,
        region=place.account.region,
        opener=lambda path: path.open("rb"),
        settings=target.settings,
        account=place.account,
    )
    if found.status != "passed":
        wrong = [f"{each.message} {each.remedy}" for each in found.findings if each.severity == "error"]
        raise AccountNotReadyError(f"{' '.join(wrong)} Nothing was created.")


def smoke(place: SmokePlace, target: RequestedEnvironment, choice: PricedModel, console: Console, folder: Path) -> bool:
    """Deploys, runs, looks and destroys; whether all was as promised and nothing is left.

    Raises SmokeError, and what the commands raise; what was created is deleted before, and the cost is told.
    """
    progress = Progress(console)
    with _cost_told(choice, console, folder), _removed(place, target, console) as problems:
        with progress.stage("Deploying with the CDK CLI", f"Deployed {target.settings.deployment}"):
            if place.cdk("deploy", target) != 0:
                raise SmokeError("The deployment has failed: the CDK CLI's words stand above, or in logs/.")
        environment = environment_of(place.account, target.settings.deployment)
        checks = _run(place, environment, progress, folder)
        for each in checks:
            mark, style = ("✗", "bold red") if each.problem else ("✓", "green")
            console.write_line(f"{mark} {each.what}{f': {each.problem}' if each.problem else ''}", style)
    return not problems and not any(each.problem for each in checks)


def _run(place: SmokePlace, environment: Environment, progress: Progress, folder: Path) -> list[SmokeCheck]:
    """The run of the example, fetched and looked at."""
    outputs = outputs_of(environment.account.client("cloudformation"), f"{environment.name}-pipeline") or {}
    inbox = Inbox(environment.account, environment.name, outputs["ResultTopic"])
    run_id = start(environment, upload_of(EXAMPLE), progress)
    arn = find(environment, run_id, progress, seconds=SECONDS_TO_START)
    progress.follow(execution.follow(environment, arn, patience_seconds=place.patience_seconds))
    fetch(environment, run_id, arn, folder)
    finished = FinishedRun(environment.name, run_id, arn, environment.output_bucket, list(inbox.messages()))
    return list(check_outside(environment.account.client, finished))


@contextmanager
def _cost_told(choice: PricedModel, console: Console, folder: Path) -> Iterator[None]:
    """Tells at the end, whatever that is, what is known of the cost."""
    try:
        yield
    finally:
        report = folder / "report.json"
        console.write_line(cost_of(json.loads(report.read_text()) if report.is_file() else {}, choice.most_usd))


@contextmanager
def _removed(place: SmokePlace, target: RequestedEnvironment, console: Console) -> Iterator[list[str]]:
    """Deletes everything at the end, whatever that is; gives what is left."""
    problems: list[str] = []
    name, region = target.settings.deployment, target.settings.region
    try:
        yield problems
    finally:
        console.write_line(f"Destroying {name}: this takes minutes on AWS. Do not interrupt it.")
        by_hand = f"`make destroy DEPLOYMENT={name} REGION={region}`"
        try:
            problems += remove(place, target, lambda text: console.write_line(text, "bold red"))
        except KeyboardInterrupt:
            console.write_line(f"Interrupted: {name} is NOT gone. Delete it with {by_hand}.", "bold red")
            raise
        if problems:
            console.write_line(f"{name} is NOT gone as a whole: {by_hand} tells more.", "bold red")
        else:
            console.write_line(f"{name} is gone: no stack, bucket, model, job, throughput or deployment. {STAYING}")
