"""The kinds of tasks. The kind decides which metric is the primary one; `task_detection.py` finds it."""

from typing import Literal

TaskKind = Literal["labels", "json", "numeric", "text"]

PRIMARY_METRIC: dict[TaskKind, str] = {
    "labels": "label_match",
    "json": "json_match",
    "numeric": "numeric_match",
    "text": "f1",
}
