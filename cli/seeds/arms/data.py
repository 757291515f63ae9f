"""The data sets of the two runs: one on few originals and one on many, with the same held-out records."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cli.curation import DataRefusedError, split_sets
from cli.data_set import files_of
from cli.file_progress import reading
from lambdas.domain.dataset.set_names import SETTINGS_FILE
from local.terminal import Console

# A post's student is a small model, and its teacher a larger one; its own models can no longer be tuned or asked.
STUDENT = "amazon.nova-lite-v1:0"
TEACHER = "us.anthropic.claude-sonnet-4-6"
CHECKER = "us.meta.llama3-3-70b-instruct-v1:0"
# Of the post's two families.
JUDGES = ("us.anthropic.claude-sonnet-4-6", "us.meta.llama3-3-70b-instruct-v1:0")
# As the post has it: 500 of 2,000 originals, and three new pairs a document.
FEW = 0.25
PAIRS = 3
FEW_RUN, MANY_RUN = "few", "many"
SPLIT: Mapping[str, float] = {"validation": 0.1, "test": 0.3}
_HELD_OUT = ("validation.jsonl", "test.jsonl")


class ArmsData(NamedTuple):
    """The folders that are uploaded, and how many originals each trains on."""

    few: Path
    many: Path
    originals: Mapping[str, int]


def run_settings(*, synthesizes: bool) -> dict[str, object]:
    """The run.json of a run: that on few originals has a teacher write more, and compares both."""
    settings: dict[str, object] = {"base_model": STUDENT}
    if synthesizes:
        settings["synthesis"] = {
            "teacher": TEACHER,
            "checker": CHECKER,
            "pairs_per_document": PAIRS,
            # Simulated models have no provider whose terms could forbid it.
            "terms_accepted": True,
        }
        settings["compare"] = ["original", "synthetic"]
    return settings


def make_data(data: Path, folder: Path, console: Console) -> ArmsData:
    """Splits the data set once, and makes both folders of it. Raises NoDataSetError and DataRefusedError."""
    sets = folder / "sets"
    sets.mkdir(mode=0o700, parents=True)
    plan = folder / "split.json"
    # A part of the training set is made of whole documents, as those of a learning curve are.
    plan.write_text(
        json.dumps({"base_model": STUDENT, "split": SPLIT, "learning_curve": {"fractions": [FEW]}}), encoding="utf-8"
    )
    with reading(console) as opener:
        split_sets(files_of(data), plan, sets, opener("Splitting"))
    parts = list(sets.glob("train-*.jsonl"))
    if not parts or not all((sets / name).is_file() for name in _HELD_OUT):
        raise DataRefusedError(
            f"{data} is too small: {FEW:.0%} of its training records are fewer than a job takes. Give more records."
        )
    training = {FEW_RUN: parts[0], MANY_RUN: sets / "train.jsonl"}
    folders = {name: _make_folder(folder / f"arms-{name}", path, sets) for name, path in training.items()}
    for name, made in folders.items():
        settings = run_settings(synthesizes=name == FEW_RUN)
        (made / SETTINGS_FILE).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    originals = {name: sum(1 for _ in path.open("rb")) for name, path in training.items()}
    return ArmsData(folders[FEW_RUN], folders[MANY_RUN], originals)


def _make_folder(folder: Path, training: Path, sets: Path) -> Path:
    folder.mkdir(mode=0o700)
    shutil.copyfile(training, folder / "train.jsonl")
    for name in _HELD_OUT:
        shutil.copyfile(sets / name, folder / name)
    return folder
