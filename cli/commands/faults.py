"""`fine-tune faults`."""

from typing import Annotated, Literal

import typer


def faults(
    only: Annotated[str | None, typer.Option(help="Cases whose name has this text; * stands for anything.")] = None,
    refusals: Annotated[
        Literal["specific", "validation"] | None,
        typer.Option(help="The one code of undocumented refusals for all cases; without it each case has its own."),
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=32, help="Cases at a time.")] = 12,
) -> None:
    """Inject faults into runs on this machine and follow each until nothing bills, into build/faults.

    It needs no AWS account and costs nothing.

    Exit status: 0 if nothing is left of any run and every control is seen to leak; 1 if not; 2 if no case is chosen.
    """
    from local.faults.cases import chosen
    from local.faults.command import run_faults
    from local.process import ProcessFailedError
    from local.session import FolderInUseError
    from local.terminal import Console, failed

    cases = chosen(only, refusals)
    if not cases:
        under = f" among those under the code {refusals}" if refusals else ""
        raise failed(f"No case has {only!r} in its name{under}.", 2)
    try:
        succeeded = run_faults(cases, parallel=parallel, console=Console())
    except (ProcessFailedError, FolderInUseError) as error:
        raise failed(error, 1) from None
    except KeyboardInterrupt:
        raise failed("Stopped: the embedded AWS has ended, with every run on it.", 130) from None
    raise typer.Exit(0 if succeeded else 1)
