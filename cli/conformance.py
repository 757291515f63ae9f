"""`fine-tune conformance`: the checks of Bedrock's API, on the simulated Bedrock or on the caller's account.

Nothing that it prints or writes tells whose account it was.
"""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import typer
from botocore.exceptions import ClientError
from rich.table import Table
from rich.text import Text

from cli.account import account_of
from cli.conformance_target import ConformanceTarget, simulation
from cli.folders import CONFORMANCE
from local.conformance.bad_input import NotPossibleError, require_permissions, require_quotas
from local.conformance.calls import AwsCaller
from local.conformance.check import DENIED, Outcome, Tier
from local.conformance.cost import most_usd
from local.conformance.lifecycle import Lifecycle, cheapest
from local.conformance.pace import RealTime
from local.conformance.place import Place, regions_of
from local.conformance.redaction import redacted_text
from local.conformance.report import AMAZON_BEDROCK, SIMULATED_BEDROCK, ConformanceResult, document, page
from local.conformance.suite import run_single_checks, single_checks
from local.output_folder import replaced
from local.session import stopping_on_sigterm
from local.terminal import Console

STYLES = {"as assumed": "green", "not checked": "yellow", "different": "bold red"}


class NotConfirmedError(Exception):
    """Nobody has agreed to the costs; the message says how to."""


@dataclass(frozen=True)
class ConformanceOptions:
    """What the caller has asked for."""

    is_aws: bool
    tier: Tier
    region: str | None
    confirmed: bool
    folder: Path


def check_conformance(options: ConformanceOptions, console: Console) -> bool:
    """Makes the checks and writes the report; whether everything is as assumed.

    Raises NoAccountError, NotPossibleError, WrongRegionError and NotConfirmedError, with nothing created.
    """
    regions = regions_of(options.region)
    with _account(regions) if options.is_aws else simulation(regions) as target, stopping_on_sigterm():
        result = _check(options, target, console)
    _save(result, options.folder)
    _tell(console, result)
    console.write_line(f"Report: {options.folder / 'report.html'}")
    return result.succeeded


def _check(options: ConformanceOptions, target: ConformanceTarget, console: Console) -> ConformanceResult:
    caller, checks = AwsCaller(target.maker), single_checks(target.place)
    life = _lifecycle(options, target, console) if options.tier is Tier.DOLLARS else None
    require_permissions(target.place, caller)
    if life is not None:
        require_quotas(life.entry, life.region, life.adapters)
    if options.is_aws:
        _confirm(options, most_usd(options.tier, checks, life.entry if life else None), console)
    outcomes = []
    for outcome in run_single_checks(checks, options.tier.included, caller):
        outcomes.append(outcome)
        if outcome.status != "as assumed":
            _tell_outcome(console, outcome)
    if life is not None:
        _live(life, console)
        outcomes += life.outcomes
    # Credentials and endpoints may lead to the embedded AWS, whatever was asked for.
    name = SIMULATED_BEDROCK if caller.is_simulated else AMAZON_BEDROCK
    return ConformanceResult(name, str(options.tier), target.place.regions, outcomes, life)


def _lifecycle(options: ConformanceOptions, target: ConformanceTarget, console: Console) -> Lifecycle:
    entry = cheapest(target.place)
    if entry is None:
        raise NotPossibleError("No model is served on demand in this Region at a known price: name another --region.")
    region = target.place.region_of(entry) or target.place.home
    return Lifecycle(target.place, region, entry, target.maker, console.write_line, target.time)


def _live(life: Lifecycle, console: Console) -> None:
    """The checks that cost dollars; Ctrl-C ends them, and waits for the clean-up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    # A terminal that is closed ends them, too.
    signal.signal(signal.SIGHUP, before[1])

    def wait(*_: object) -> None:
        console.write_line("What was created is being deleted: please wait.", "bold yellow")

    def uninterrupted() -> None:
        for number in numbers:
            signal.signal(number, wait)

    try:
        life.run(uninterrupted)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in DENIED:
            raise
        _tell_left(console, life)
        raise NotPossibleError(
            f"The caller may not {error.operation_name}, which the job of the tier dollars needs."
        ) from error
    except KeyboardInterrupt:
        _tell_left(console, life)
        raise
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _confirm(options: ConformanceOptions, usd: float, console: Console) -> None:
    """Tells the most that it can cost, and asks."""
    table = Table("tier", "what it does", "costs at most")
    does = {
        Tier.FREE: "asks what cannot be, and reads; creates nothing",
        Tier.CENTS: "asks each model of the catalogue and each judge a brief question",
        Tier.DOLLARS: "trains, deploys, asks and deletes one small model, which takes hours",
    }
    for tier in options.tier.included:
        table.add_row(tier, does[tier], f"{usd:.2f} USD in all" if tier is options.tier else "")
    console.print(table)
    if options.confirmed:
        return
    if not _is_terminal():
        raise NotConfirmedError(
            "Nobody can confirm here: repeat the command with --yes (make conformance … YES=1). Nothing was created."
        )
    if not typer.confirm(f"Make these checks on your account for at most {usd:.2f} USD?"):
        raise NotConfirmedError("Not confirmed: nothing was checked and nothing was created.")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _save(result: ConformanceResult, folder: Path) -> None:
    written = document(result)
    with replaced(folder, CONFORMANCE) as partial:
        (partial / "report.json").write_text(f"{json.dumps(written, indent=2, ensure_ascii=False)}\n")
        (partial / "report.html").write_text(page(written))


def _tell(console: Console, result: ConformanceResult) -> None:
    for state, seconds in (result.lifecycle.times if result.lifecycle else {}).items():
        console.write_line(f"{state}: {seconds:g} s")
    if result.lifecycle is not None:
        _tell_left(console, result.lifecycle)
    counts = ", ".join(f"{count} {status}" for status, count in result.counts.items())
    style = "bold green" if result.succeeded else "bold red"
    console.write_line(f"{len(result.outcomes)} checks on {result.target}: {counts}.", style)


def _tell_left(console: Console, life: Lifecycle) -> None:
    if life.stopped:
        console.write_line(redacted_text(life.stopped), "bold red")
    for thing in life.left:
        console.write_line(f"LEFT, and to be deleted by you: {redacted_text(thing)}", "bold red")
    if not life.left:
        console.write_line("Nothing that was created is left.")


def _tell_outcome(console: Console, outcome: Outcome) -> None:
    style = STYLES[outcome.status]
    console.print(Text(f"{outcome.check.id}: {outcome.status}. {redacted_text(outcome.text)}", style))


@contextmanager
def _account(regions: tuple[str, ...]) -> Iterator[ConformanceTarget]:
    """The caller's; raises NoAccountError."""
    number = account_of(regions[0]).caller.split(":")[4]
    session: Any = boto3.Session()
    yield ConformanceTarget(session, Place(number, regions), RealTime())
