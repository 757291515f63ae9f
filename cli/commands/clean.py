"""`fine-tune clean`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.commands.options import Data, DataOption, Region, given_data
from cli.folders import CLEAN, CLEAN_FOLDER
from lambdas.domain.core.counted import counted


def clean(
    judge: Annotated[
        list[str], typer.Option(metavar="MODEL", help="A model that judges; name it twice for two, of two families.")
    ],
    data_set: Data = None,
    data: DataOption = None,
    mode: Annotated[
        Literal["report", "remove"], typer.Option(help="remove leaves out what all judges call incorrect.")
    ] = "report",
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask the models, and remove any share, without a question.")
    ] = False,
    prices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A price file (fine-tune prices); default: the shipped prices.", exists=True),
    ] = None,
    region: Region = None,
    out: Annotated[
        Path, typer.Option(help="Where data set and report go; default: build/clean.", show_default=False)
    ] = CLEAN_FOLDER,
) -> None:
    """Let one or two models judge each record of a data set as correct or incorrect, with your credentials.

    It costs the judges' tokens, and tells how much before it asks. The data set is checked and split as a run does it.
    Records of validation.jsonl and test.jsonl are judged and never removed. Replies are kept as they come: after an
    interruption the same command goes on where it stopped.

    Exit status: 0 if the records are judged; 1 if the data set is refused, a model stays busy, or more than 20 % would
    be removed without your yes; 2 if the data set, the settings, the account or the folder cannot be used.
    """
    from pydantic import ValidationError

    from cli.account import NoAccountError, account_of
    from cli.clean import expected_cost, list_asks, save
    from cli.confirmation import NotConfirmedError, confirm
    from cli.curation import (
        CutOffError,
        DataRefusedError,
        PricesRefusedError,
        ReplyFile,
        amount,
        ask_all,
        beside,
        read_prices,
        split_sets,
        telling_what_is_kept,
    )
    from cli.data_set import NoDataSetError, files_of, settings_of
    from cli.file_progress import reading
    from lambdas.domain.curation.settings import CleanSettings, clean_findings
    from local.deployment import setting
    from local.output_folder import replaced, require_paths
    from local.terminal import Console, failed

    console = Console()
    given = given_data(data_set, data)
    if given is None:
        raise typer.BadParameter("Name the data set.")
    try:
        wanted = CleanSettings(judges=judge, mode=mode)
        files = files_of(given)
        require_paths(out, CLEAN, [given, *files.values()])
        price_list = read_prices(prices)
        account = account_of(region or setting("region"))
    except ValidationError as error:
        raise failed(error.errors()[0]["msg"], 2) from None
    except (NoDataSetError, NoAccountError, PricesRefusedError) as error:
        raise failed(error, 2) from None
    for finding in clean_findings(wanted):
        raise failed(f"{finding.message} {finding.remedy}", 2)
    try:
        with telling_what_is_kept(out), reading(console) as opener, replaced(out, CLEAN) as partial:
            kept, samples = ReplyFile(beside(out)), out.with_name(f"{out.name}.removal.txt")
            split_sets(files, settings_of(given), partial, opener("Checking"))
            number, usd = expected_cost(partial, wanted, kept, price_list)
            console.write_line(f"{counted(number, 'question')} left to ask, about {amount(usd)}.")
            if number:
                confirm("Ask them?", yes=yes, undone="No model was asked.")
            ask_all(
                lambda replies: list_asks(partial, wanted, replies), kept, account.adapters.runtime, console, "Judging"
            )
            report = save(partial, wanted, kept, price_list, samples)
            counts = report.cleaning
            if counts.needs_approval:
                console.write_line(f"Some of the records that would be removed, with the reasons: {samples}")
                confirm(
                    f"{counts.removed} of {counts.judged} training records would be removed, "
                    f"{counts.removed_share:.0%}. So many errors are often the judge's. Remove them?",
                    yes=yes,
                    undone=f"Nothing was removed; all replies are kept in {kept.path}. --mode report lists them.",
                )
    except (DataRefusedError, CutOffError, NotConfirmedError) as error:
        raise failed(error, 1) from None
    console.write_line(
        f"Of {counts.judged} training records {counts.incorrect} are called incorrect by all judges, "
        f"{counts.unreadable} were left open, {counts.removed} removed. Of {counts.held_out_judged} validation and "
        f"test records {counts.held_out_incorrect} are called incorrect; they stay."
    )
    console.write_line(
        f"It cost {amount(report.cost_usd)}. Data set: {out}; what was said of each: cleaning.jsonl there"
    )
