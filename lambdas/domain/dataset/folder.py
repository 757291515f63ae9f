"""The files of a data set's folder: which set each is, what a wrong name is close to, and what has changed."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from lambdas.domain.core.run import FILE_ENDINGS, data_stem
from lambdas.domain.dataset.set_names import SET_NAMES, SETTINGS_FILE, SetName

TRAIN_FILE = "train.jsonl"
# The names of sets' files before their ending. Tools and people have several for the validation set.
_SETS: Mapping[str, SetName] = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "eval": "validation",
    "test": "test",
}
# Texts without form, about which a teacher may write records.
DOCUMENT_ENDINGS = (".txt", ".md")
# The usual names of a folder's files.
FILE_NAMES = (*(f"{name}{ending}" for name in SET_NAMES for ending in FILE_ENDINGS), SETTINGS_FILE)
# The first part of a file's name, and which file people mean by it where spelling alone does not tell.
_MEANT: Mapping[str, str] = {
    "validate": "validation.jsonl",
    "development": "validation.jsonl",
    **dict.fromkeys(("evaluation", "holdout", "testing", "tests"), "test.jsonl"),
    **dict.fromkeys(("tr", "training", "trainset"), TRAIN_FILE),
    **dict.fromkeys(("config", "configuration", "params", "settings"), SETTINGS_FILE),
}
_STEMS: dict[str, str] = {"run": SETTINGS_FILE} | {name: f"{name}.jsonl" for name in SET_NAMES}


def set_of(file_name: str) -> SetName | None:
    """The set that a file of a folder is, by its name; None for any other file."""
    return _SETS.get(data_stem(file_name) or "")


def files_by_set(file_names: Iterable[str]) -> dict[SetName, list[str]]:
    """The files of each set that is there, by name; a set has one file, or it is refused."""
    found: dict[SetName, list[str]] = {}
    for file_name in sorted(file_names):
        if name := set_of(file_name):
            found.setdefault(name, []).append(file_name)
    return {name: found[name] for name in SET_NAMES if name in found}


def doubled_files(file_names: Iterable[str]) -> list[list[str]]:
    """The files of each set that has several."""
    return [names for names in files_by_set(file_names).values() if len(names) > 1]


def is_sibling(file_name: str) -> bool:
    """Whether a run reads a file beside its training file."""
    return file_name == SETTINGS_FILE or set_of(file_name) in ("validation", "test")


def nearest_name(file_name: str) -> str | None:
    """The right name that a wrong one is close to: `validate.jsonl` → `validation.jsonl`; None if it is close to none.

    A name that is right but for its ending has the right one, too.
    """
    if set_of(lowered := file_name.lower()):
        return lowered
    stem = re.sub(r"[^a-z]", "", file_name.partition(".")[0].lower())
    if stem in _SETS:
        return f"{stem}.jsonl"
    if stem in _MEANT:
        return _MEANT[stem]
    close = get_close_matches(stem, _STEMS, n=1, cutoff=0.7)
    return _STEMS[close[0]] if close else None


def is_document(path: str) -> bool:
    """Whether a file, by its path in the folder, may be a document to write about; hidden ones are not."""
    return path.lower().endswith(DOCUMENT_ENDINGS) and not any(part.startswith(".") for part in path.split("/"))


def unknown_files(file_names: Iterable[str], documents: str | None = None) -> list[str]:
    """The files that no run reads, hidden ones left out; `documents` is the prefix of documents to write about."""
    return sorted(
        name
        for name in file_names
        if name != SETTINGS_FILE
        and not set_of(name)
        and not name.startswith(".")
        and not (documents is not None and name.startswith(documents) and is_document(name))
    )


def explain_unknown(file_name: str) -> str:
    """What to say of a file that no run reads."""
    nearest = nearest_name(file_name)
    return f"No run reads this file. Did you mean {nearest}?" if nearest else "No run reads this file."


def changed_siblings(read: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What became of the siblings of the training file since they were read, in words; both are their ETags by name."""
    words = {(False, True): "has arrived", (True, True): "was replaced", (True, False): "was deleted"}
    names = sorted({*read, *now})
    return [f"{name} {words[name in read, name in now]}" for name in names if read.get(name) != now.get(name)]
