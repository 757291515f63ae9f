"""`fine-tune prices`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import Region, StackName
from cli.folders import BUILD


def prices(
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Where the price file goes; default: build/prices.json.", show_default=False),
    ] = BUILD / "prices.json",
    upload: Annotated[
        bool,
        typer.Option(
            "--upload", help="Put it into the input bucket, over the one that is there, whose other prices stay."
        ),
    ] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Make a price file from AWS's Price List, which is asked with your AWS credentials.

    What the Price List lacks stays as it is shipped, with --upload as it is in the input bucket. It costs nothing.

    Exit status: 0 if the file is written, and uploaded where you asked for it; 1 if not, with the reason; 2 if
    something else stands under its name.
    """
    from datetime import date

    from cli import prices as made
    from cli.account import NoAccountError, account_of
    from cli.environment import NoEnvironmentError, environment_of
    from cli.price_list import PRICE_LIST_REGION, NoPricesError, read_price_list
    from lambdas.domain.core.timestamps import now
    from lambdas.domain.cost.price_file import FILE_NAME, Prices, default_prices
    from local.deployment import setting
    from local.terminal import Console, failed

    console = Console()
    where = region or setting("region")
    try:
        regions = made.asked_regions(where)
        listed = read_price_list(account_of(PRICE_LIST_REGION).client("pricing"), regions)
        today = date.fromisoformat(now()[:10])

        def written(earlier: Prices) -> made.Merged:
            merged = made.merge(earlier, listed, where, today)
            made.write(out, made.text_of(merged.prices))
            return merged

        merged, earlier, environment = written(default_prices()), "shipped", None
        if upload:
            environment = environment_of(account_of(where), deployment or setting("deployment"))
            merged, earlier = written(made.own_prices(environment)), "earlier"
        for change in merged.changes:
            console.write_line(f"{change.place}: {_amount(change.before)}, now {_amount(change.after)}")
        console.write_line(f"Changed: {len(merged.changes)} of the {earlier} prices.")
        console.write_line(f"Not in the Price List, as {earlier}: {', '.join(merged.kept) or 'none'}.")
        console.write_line(f"Price file: {out}")
        if environment:
            uri = made.upload(environment, made.text_of(merged.prices))
            console.write_line(f"Uploaded to {uri}: the next run counts with it.")
        else:
            console.write_line(
                f"Runs read it at the root of the input bucket: repeat the command with --upload, which keeps prices "
                f"that you have filled in there, or `aws s3 cp {out} s3://<input bucket>/{FILE_NAME}`, which does not."
            )
    except (NoAccountError, NoEnvironmentError, NoPricesError) as error:
        raise failed(error, 1) from None


def _amount(usd: float | None) -> str:
    return "not known" if usd is None else f"{usd:g} USD"
