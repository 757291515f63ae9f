"""`fine-tune validate`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.commands.options import EXAMPLE, Completion, Data, DataOption, Model, Prompt, given_data, given_mapping
from cli.folders import VALIDATE, VALIDATE_FOLDER

Rules = Literal["structure", "content", "all"]


def validate(
    data_set: Data = None,
    data: DataOption = None,
    model: Model = None,
    rules: Annotated[Rules, typer.Option(help="structure is fast; only all splits the data and writes it.")] = "all",
    system: Annotated[str | None, typer.Option(help="A system text for records that are no conversations.")] = None,
    context_tag: Annotated[str | None, typer.Option(help="The XML tag around documents.")] = None,
    prompt: Prompt = None,
    completion: Completion = None,
    fix: Annotated[
        Path | None,
        typer.Option(help="Write the data set here without what can be repaired by itself: a new folder or file."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print report.json instead of a summary.")] = False,
    out: Annotated[
        Path, typer.Option(help="Where report and data set go; default: build/validate.", show_default=False)
    ] = VALIDATE_FOLDER,
) -> None:
    """Check, convert and split a data set (default: the shipped example) without AWS, into build/validate.

    It shows the findings, the first records as they will be trained on, and how each was converted.
    It needs no AWS account and costs nothing.

    Exit status: 0 if a run would accept the data set; 1 if it would refuse it; 2 if the data set, the model or the
    folder cannot be used.
    """
    from json import dumps

    from cli.data_set import NoDataSetError, files_of, settings_of, unknown_files_of
    from cli.dataset_summary import tell_dataset, tell_repaired
    from cli.documents import taken_documents
    from cli.file_progress import reading
    from cli.repair import fix as fix_files
    from cli.validate import choose, output
    from cli.validate import validate as validate_files
    from lambdas.domain.models.catalogue import UnknownBaseModelError
    from local.output_folder import require_paths
    from local.terminal import Console, failed

    # Bars and messages stand apart from what a program reads.
    console = Console(stderr=json)
    given, mapping = given_data(data_set, data) or EXAMPLE, given_mapping(prompt, completion)
    require_paths(out, VALIDATE, [given])
    try:
        files = files_of(given)
        choices, found = choose(
            settings_of(given), base_model=model, system=system, context_tag=context_tag, mapping=mapping
        )
    except (NoDataSetError, UnknownBaseModelError) as error:
        raise failed(error, 2) from None
    require_paths(out, VALIDATE, [*files.values()])
    if fix and found:
        raise failed("Correct run.json first: how records are converted depends on it.", 2)
    with reading(console) as opener, output(out) as written:
        unknown = unknown_files_of(given)
        checked = validate_files(
            files,
            choices,
            found,
            rules=rules,
            opener=opener("Checking"),
            unknown=unknown,
            documents=taken_documents(given, choices),
            refuse_job_settings=True,
            log=written.log,
        )
        written.save(checked, files, opener("Writing"))
        repaired = fix_files(given, files, settings_of(given), choices, fix, opener("Fixing")) if fix else []
    if json:
        tell_repaired(console, repaired)
        # In ASCII nothing is left for the console to spell out.
        for line in dumps(checked.document.dump(), indent=2).splitlines():
            Console().write_line(line)
        raise typer.Exit(0 if checked.document.accepted else 1)
    tell_dataset(console, checked.document)
    tell_repaired(console, repaired)
    console.write_line(
        f"Report: {out / 'report.html'}, {out / 'report.json'}; all findings: {out / 'dataset' / 'issues.csv'}"
    )
    raise typer.Exit(0 if checked.document.accepted else 1)
