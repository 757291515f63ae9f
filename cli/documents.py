"""Documents to write about, in a folder of this machine."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cli.data_set import documents_of
from lambdas.domain.curation.given_documents import MOST_FILE_BYTES, DocumentFile, TakenDocuments, take_all
from lambdas.domain.settings.run_settings import Choices


def documents_below(folder: Path, prefix: str) -> Iterator[DocumentFile]:
    """The text files of a folder whose path in it begins with the prefix, in the order in which a run reads them."""
    for path, place in documents_of(folder, prefix).items():
        yield DocumentFile(path, partial(_read_start, place))


def taken_documents(data: Path, choices: Choices) -> TakenDocuments | None:
    """What a run would find under the prefix in a data set's run.json; None where it reads no documents from files."""
    synthesis = choices.settings.synthesis
    if synthesis is None or synthesis.prefix is None:
        return None
    return take_all(synthesis.prefix, documents_below(data, synthesis.prefix), lambda line: None)


def _read_start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_FILE_BYTES + 1)
