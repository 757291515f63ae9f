"""The kinds of tasks. The kind decides which metric is the primary one; `task_detection.py` finds it."""

from typing import Literal

TaskKind = Literal["labels", "json", "tool_calls", "numeric", "mixed", "code", "multiple_choice", "text"]

PRIMARY_METRIC: dict[TaskKind, str] = {
    "labels": "label_match",
    "json": "json_fields",
    "tool_calls": "call_match",
    "numeric": "numeric_match",
    "mixed": "mixed_match",
    "code": "code_match",
    "multiple_choice": "choice_match",
    "text": "f1",
}
