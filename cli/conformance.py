"""`fine-tune conformance`: the checks of Bedrock's API, on the simulated Bedrock or on the caller's account.

Nothing that it prints or writes tells whose account it was.
"""

import json
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import typer
from botocore.exceptions import ClientError
from rich.table import Column, Table
from rich.text import Text

from cli.account import account_of
from cli.confirmation import NotConfirmedError
from cli.conformance_target import ConformanceTarget, simulation
from cli.folders import CONFORMANCE
from lambdas.domain.core.counted import counted
from local.conformance.bad_input import NotPossibleError, require_permissions, require_quotas
from local.conformance.calls import AwsCaller
from local.conformance.check import Outcome, Tier
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
        entry = life.entry if life else None
        _confirm(options, {tier: most_usd(tier, checks, entry) for tier in options.tier.included}, console)
    outcomes: list[Outcome] = []

    def result(cut_short: str | None = None) -> ConformanceResult:
        # Credentials and endpoints may lead to the embedded AWS, whatever was asked for.
        name = SIMULATED_BEDROCK if caller.is_simulated else AMAZON_BEDROCK
        seen = [*outcomes, *(life.outcomes if life else [])]
        return ConformanceResult(name, str(options.tier), target.place.regions, seen, life, cut_short)

    try:
        for outcome in run_single_checks(checks, options.tier.included, caller):
            outcomes.append(outcome)
            if outcome.status != "as assumed":
                _tell_outcome(console, outcome)
        if life is not None:
            _live(life, console)
    except BaseException:
        # Ctrl-C, too, keeps what was seen.
        _save(result("The checks were ended before all were made."), options.folder)
        console.write_line(f"Report of the checks that were made: {options.folder / 'report.html'}")
        raise
    return result()


def _lifecycle(options: ConformanceOptions, target: ConformanceTarget, console: Console) -> Lifecycle:
    entry = cheapest(target.place)
    if entry is None:
        raise NotPossibleError("No model is served on demand in this Region at a known price: name another --region.")
    region = target.place.region_of(entry) or target.place.home
    return Lifecycle(target.place, region, entry, target.maker, console.write_line, target.time)


def _live(life: Lifecycle, console: Console) -> None:
    """The checks that cost dollars; Ctrl-C, SIGTERM or a closed terminal ends them, and waits for the clean-up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    is_waited_for = False

    def end(number: int, _frame: object) -> None:
        nonlocal is_waited_for
        if is_waited_for:
            # A terminal that is closed takes no text.
            with suppress(OSError, SystemExit):
                console.write_line("What was created is being deleted: please wait.", "bold yellow")
            return
        # Only the first one raises: a second one would skip the clean-up.
        is_waited_for = True
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    def uninterrupted() -> None:
        nonlocal is_waited_for
        is_waited_for = True

    before = [signal.signal(number, end) for number in numbers]
    try:
        life.run(uninterrupted)
    except ClientError as error:
        raise NotPossibleError(
            f"The caller may not {error.operation_name}, which the job of the tier dollars needs."
        ) from error
    finally:
        try:
            _tell_left(console, life)
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)


def _confirm(options: ConformanceOptions, most: Mapping[Tier, float], console: Console) -> None:
    """Tells the most that each tier can cost with those before it, and asks."""
    table = Table("tier", "what it does", Column("costs at most", no_wrap=True))
    does = {
        Tier.FREE: "asks what cannot be, and reads; creates nothing",
        Tier.CENTS: "asks each model of the catalogue and each judge a brief question",
        Tier.DOLLARS: "trains, deploys, asks and deletes one small model, which takes hours",
    }
    for tier, usd in most.items():
        table.add_row(tier, does[tier], f"{usd:.2f} USD in all")
    console.print(table)
    if options.confirmed:
        return
    if not _is_terminal():
        raise NotConfirmedError(
            "Nobody can confirm here: repeat the command with --yes (make conformance … YES=1). Nothing was created."
        )
    if not typer.confirm(f"Make these checks on your account for at most {most[options.tier]:.2f} USD?"):
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
    counts = ", ".join(f"{count} {status}" for status, count in result.counts.items())
    style = "bold green" if result.succeeded else "bold red"
    console.write_line(f"{counted(len(result.outcomes), 'check')} on {result.target}: {counts}.", style)


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
