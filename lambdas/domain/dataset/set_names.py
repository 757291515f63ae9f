"""The sets of a run, in the order in which they are numbered, and the file of its settings."""

from typing import Literal

SetName = Literal["train", "validation", "test"]
SET_NAMES: tuple[SetName, ...] = ("train", "validation", "test")
SETTINGS_FILE = "run.json"
