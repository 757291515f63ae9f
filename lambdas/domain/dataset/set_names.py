"""The sets of a run, in the order in which they are numbered."""

from typing import Literal

SetName = Literal["train", "validation", "test"]
SET_NAMES: tuple[SetName, ...] = ("train", "validation", "test")
