"""The files of a data set's folder: which names are read, what a wrong name is close to, and what has changed."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from lambdas.domain.dataset.set_names import SETTINGS_FILE

TRAIN_FILE = "train.jsonl"
SIBLINGS = ("validation.jsonl", "test.jsonl", SETTINGS_FILE)
FILE_NAMES = (TRAIN_FILE, *SIBLINGS)
# The first part of a file's name, and which file people mean by it where spelling alone does not tell.
_MEANT = {
    **dict.fromkeys(("val", "valid", "dev", "validate"), "validation.jsonl"),
    **dict.fromkeys(("eval", "evaluation", "holdout", "testing", "tests"), "test.jsonl"),
    **dict.fromkeys(("tr", "training", "trainset"), TRAIN_FILE),
    **dict.fromkeys(("config", "configuration", "params", "settings"), SETTINGS_FILE),
}
_STEMS = {name.partition(".")[0]: name for name in FILE_NAMES}


def nearest_name(file_name: str) -> str | None:
    """The right name that a wrong one is close to: `val.jsonl` → `validation.jsonl`; None where it is close to none."""
    stem = re.sub(r"[^a-z]", "", file_name.partition(".")[0].lower())
    if stem in _MEANT:
        return _MEANT[stem]
    close = get_close_matches(stem, _STEMS, n=1, cutoff=0.7)
    return _STEMS[close[0]] if close else None


def unknown_files(file_names: Iterable[str], known: Iterable[str] = FILE_NAMES) -> list[str]:
    """The files that no run reads, hidden ones left out."""
    return sorted(name for name in {*file_names} - {*known} if not name.startswith("."))


def explain_unknown(file_name: str) -> str:
    """What to say of a file that no run reads."""
    nearest = nearest_name(file_name)
    return f"No run reads this file. Did you mean {nearest}?" if nearest else "No run reads this file."


def changed_siblings(read: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What became of the siblings of train.jsonl since they were read, in words; both are their ETags by name."""
    words = {(False, True): "has arrived", (True, True): "was replaced", (True, False): "was deleted"}
    return [f"{name} {words[name in read, name in now]}" for name in SIBLINGS if read.get(name) != now.get(name)]
