"""`fine-tune synthesize`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import Data, DataOption, Region, given_data
from cli.folders import SYNTHESIZE, SYNTHESIZE_FOLDER
from lambdas.domain.core.counted import counted


def synthesize(
    teacher: Annotated[str, typer.Option(metavar="MODEL", help="The model that writes new records.")],
    checker: Annotated[str, typer.Option(metavar="MODEL", help="A model of another family, which checks them.")],
    data_set: Data = None,
    data: DataOption = None,
    pairs: Annotated[int, typer.Option(help="New records for each document.", min=1, max=10)] = 3,
    documents: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Text files (.txt, .md) to write about; default: the documents of the training records.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="The teacher's terms let you train a model on its answers.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask the models without a question, before the pilot and behind it.")
    ] = False,
    prices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A price file (fine-tune prices); default: the shipped prices.", exists=True),
    ] = None,
    region: Region = None,
    out: Annotated[
        Path, typer.Option(help="Where data set and report go; default: build/synthesize.", show_default=False)
    ] = SYNTHESIZE_FOLDER,
) -> None:
    """Let a larger model write new training records about the documents of a data set, with your credentials.

    The data set is checked and split as a run does it. Written about are the documents of training records, or those of
    a folder that tell nothing of a validation or test record. A checker must find each answer in the document, and
    answer the question alike. Nothing that resembles a validation or test record is kept. It tells what it costs before
    it asks; a pilot of 20 documents then shows what the rest costs. Replies are kept as they come: after an
    interruption the same command goes on where it stopped.

    Exit status: 0 if records were added; 1 if the data set is refused, a model stays busy, nobody says yes, or less
    than half of the records is kept; 2 if the data set, the settings, the account or the folder cannot be used.
    """
    from pydantic import ValidationError

    from cli.account import NoAccountError, account_of
    from cli.confirmation import NotConfirmedError
    from cli.curation import (
        CutOffError,
        DataRefusedError,
        PricesRefusedError,
        ReplyFile,
        amount,
        beside,
        read_prices,
        split_sets,
        telling_what_is_kept,
    )
    from cli.data_set import NoDataSetError, files_of, settings_of
    from cli.file_progress import reading
    from cli.synthesize import save, sources_of, write_pairs_about
    from lambdas.domain.core.errors import LeakFound
    from lambdas.domain.curation.settings import TRAINING_DOCUMENTS, SynthesisSettings, synthesis_findings
    from local.deployment import setting
    from local.output_folder import replaced, require_paths
    from local.terminal import Console, failed

    console = Console()
    given = given_data(data_set, data)
    if given is None:
        raise typer.BadParameter("Name the data set.")
    try:
        wanted = SynthesisSettings(
            teacher=teacher,
            checker=checker,
            pairs_per_document=pairs,
            documents=TRAINING_DOCUMENTS if documents is None else f"{documents.name}/",
            terms_accepted=accept_terms,
        )
        files = files_of(given)
        require_paths(out, SYNTHESIZE, [given, *files.values()])
        price_list = read_prices(prices)
        account = account_of(region or setting("region"))
    except ValidationError as error:
        raise failed(error.errors()[0]["msg"], 2) from None
    except (NoDataSetError, NoAccountError, PricesRefusedError) as error:
        raise failed(error, 2) from None
    for finding in synthesis_findings(wanted):
        remedy = (
            "Add --accept-terms where they allow it." if finding.check == "synthesis-terms" else "Name another one."
        )
        raise failed(f"{finding.message} {remedy}", 2)
    try:
        with telling_what_is_kept(out), reading(console) as opener, replaced(out, SYNTHESIZE) as partial:
            kept = ReplyFile(beside(out))
            choices = split_sets(files, settings_of(given), partial, opener("Checking"))
            sources = sources_of(partial, documents, choices)
            about = sources.documents
            if left_out := sources.counts.tell():
                console.write_line(f"Documents that are left out: {left_out}.")
            write_pairs_about(about, wanted, kept, price_list, account.adapters.runtime, console, yes=yes)
            report = save(partial, sources, wanted, kept, price_list, choices)
    except (DataRefusedError, CutOffError, NotConfirmedError, LeakFound) as error:
        raise failed(error, 1) from None
    funnel = report.synthesis
    console.write_line(
        f"{counted(len(about), 'document')}: asked for {funnel.asked}, parsed {funnel.parsed}, new "
        f"{funnel.new}, grounded "
        f"{funnel.grounded}, answerable {funnel.answerable}, kept {funnel.kept}. It cost {amount(report.cost_usd)}."
    )
    console.write_line(f"What became of each: {out / 'synthesis.jsonl'}")
    if report.stopped is not None:
        raise failed(f"{report.stopped} Nothing was added.", 1)
    console.write_line(f"Data set: {out}")
