"""Data sets written anew on this machine: converted to one format, or without what can be repaired by itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from cli.folders import FIX
from cli.validate import Opener
from lambdas.domain.core.run import data_stem
from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.dataset.figures import dataset_document
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.reading.unreadable import UnreadableFileError
from lambdas.domain.dataset.repair import check_mended, repaired
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.set_names import SETTINGS_FILE, SetName
from lambdas.domain.models.catalogue import BaseModelEntry
from lambdas.domain.settings.run_settings import Choices, conversion
from local.output_folder import PathRefusedError, replaced, require_apart, require_utf8, shown

# What conversion has put into the records already.
_CONVERTED = ("mapping", "system", "context_tag")


class Repaired(NamedTuple):
    """A file that was written, with how many records; None of a file that cannot be read."""

    source: Path
    target: Path | None
    records: int
    document: DatasetDocument


def for_any_model(model: BaseModelEntry) -> BaseModelEntry:
    """The model without what it alone asks of texts: whoever only converts has chosen none."""
    limits = model.limits.model_copy(update={"max_record_tokens": 1 << 30})
    return model.model_copy(update={"reserved_words": (), "further_reserved_words": (), "limits": limits})


def stem_of(path: Path) -> str:
    """`train` for `train.csv.gz`: what a new file is called after."""
    return data_stem(path.name) or path.stem


def check_file(path: Path, choices: Choices, opener: Opener) -> DatasetDocument:
    """Checks a file's records, mended where they have one meaning."""
    report = DatasetReport()
    with opener(path) as stream:
        read = check_mended(stream, path.name, choices.model, report, conversion(choices.settings))
    return dataset_document(report, {"train": read}, choices.wanted)


def convert_file(path: Path, target: BinaryIO, model: BaseModelEntry, how: Conversion, opener: Opener) -> int:
    """Writes a file's records in the model's format; returns how many."""
    count = 0
    with opener(path) as stream:
        for count, line in enumerate(repaired(stream, path.name, model, how), start=1):  # noqa: B007 - the last one
            target.write(line + b"\n")
    return count


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that nobody has yet, which is there whole or not at all. Raises PathRefusedError."""
    require_utf8([path])
    try:
        file = path.open("xb")
    except FileExistsError:
        raise PathRefusedError(f"{shown(path)} is there already: choose another name.") from None
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def fix(
    given: Path, files: Mapping[SetName, Path], settings: Path | None, choices: Choices, out: Path, opener: Opener
) -> list[Repaired]:
    """Writes all files of a data set, and its run.json without what the records have now.

    A single file goes to `out` where that has an ending, else everything goes into the folder `out`. Raises
    PathRefusedError.
    """
    require_apart(out, [given, *files.values()])
    if given.is_file() and out.suffix:
        with new_file(out) as file:
            single = _fix(given, out, file, choices, opener)
        if single.target is None:
            out.unlink()
        return [single]
    with replaced(out, FIX) as partial:
        written = []
        for name, path in files.items():
            file_name = f"{stem_of(given)}.jsonl" if given.is_file() else f"{name}.jsonl"
            with (partial / file_name).open("wb") as file:
                written.append(_fix(path, out / file_name, file, choices, opener))
            if written[-1].target is None:
                (partial / file_name).unlink()
        if settings is not None:
            document = orjson.loads(settings.read_bytes())
            kept = {key: value for key, value in document.items() if key not in _CONVERTED}
            (partial / SETTINGS_FILE).write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2) + b"\n")
    return written


def _fix(path: Path, target: Path, file: BinaryIO, choices: Choices, opener: Opener) -> Repaired:
    document = check_file(path, choices, opener)
    try:
        count = convert_file(path, file, choices.model, conversion(choices.settings), opener)
    except UnreadableFileError:
        # Its finding is in the document.
        count = 0
    return Repaired(path, target if count else None, count, document)
