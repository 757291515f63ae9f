"""The sets of a run, in the order in which they are numbered, and the file of its settings."""

from typing import Literal

SetName = Literal["train", "validation", "test"]
SET_NAMES: tuple[SetName, ...] = ("train", "validation", "test")
SETTINGS_FILE = "run.json"
# What the check of a data set leaves for people, under a run's prefix: a page to look at, and all findings.
DATASET_PAGE = "dataset/report.html"
DATASET_FINDINGS = "dataset/issues.csv"


def part_name(records: int) -> str:
    """The name by which a part of the training set is stored, as other sets are by theirs."""
    return f"train-{records}"
