"""`fine-tune convert`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import Completion, Prompt, given_mapping
from cli.folders import CONVERT, CONVERT_FOLDER


def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of records in any format that is read.")],
    model: Annotated[
        str | None, typer.Option(help="Write the format of this base model; default: the messages format.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="A system text for records that are no conversations.")] = None,
    context_tag: Annotated[str | None, typer.Option(help="The XML tag around documents.")] = None,
    prompt: Prompt = None,
    completion: Completion = None,
    out: Annotated[
        Path | None, typer.Option(help="The new file; default: build/convert/<name>.jsonl.", show_default=False)
    ] = None,
) -> None:
    """Write a file's records as JSON Lines in the messages format, or in that of a base model.

    What has one meaning is mended: byte order marks, blank lines, encodings, records in Python's notation, commas
    behind records. What was changed is listed. Records keep their `group`. It needs no AWS account and costs nothing.

    Exit status: 0 if the file was written; 1 if a record breaks a rule, and nothing was written; 2 if the file, the
    model or an option cannot be used.
    """
    from cli.dataset_summary import tell_dataset
    from cli.file_progress import reading
    from cli.repair import check_file, convert_file, for_any_model, new_file, stem_of
    from cli.validate import choose
    from lambdas.domain.models.catalogue import UnknownBaseModelError, catalogue
    from lambdas.domain.settings.run_settings import conversion
    from local.output_folder import replaced, require_apart, require_paths
    from local.terminal import Console, failed

    if not file.is_file():
        raise failed(f"There is no file {file}.", 2)
    mapping = given_mapping(prompt, completion)
    if out is None:
        require_paths(CONVERT_FOLDER, CONVERT, [file])
    else:
        require_apart(out, [file])
    default = next(entry for entry in catalogue() if entry.record_format == "messages")
    try:
        choices, found = choose(
            None,
            base_model=model,
            default=default.customization_id,
            system=system,
            context_tag=context_tag,
            mapping=mapping,
        )
    except UnknownBaseModelError as error:
        raise failed(error, 2) from None
    if found:
        raise failed("\n".join(f"{each.pointer}: {each.message}" for each in found), 2)
    if model is None:
        choices = choices._replace(model=for_any_model(choices.model))
    console = Console()
    how = conversion(choices.settings)
    with reading(console) as opener:
        document = check_file(file, choices, opener("Checking"))
        if document.accepted and out is not None:
            with new_file(out) as target:
                convert_file(file, target, choices.model, how, opener("Writing"))
        elif document.accepted:
            with (
                replaced(CONVERT_FOLDER, CONVERT) as partial,
                (partial / f"{stem_of(file)}.jsonl").open("wb") as target,
            ):
                convert_file(file, target, choices.model, how, opener("Writing"))
    tell_dataset(console, document)
    if not document.accepted:
        raise failed(
            "Nothing was written: correct the records above, or see what `fine-tune validate --fix` can do.", 1
        )
    written = out or CONVERT_FOLDER / f"{stem_of(file)}.jsonl"
    console.write_line(f"Written: {written}")
