"""The kinds of tasks. The kind decides which metric is the primary one; `task_detection.py` finds it."""

from collections.abc import Mapping
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
# Every kind's metrics that records have, and those of one kind alone.
METRICS_OF_ALL_KINDS = frozenset({"f1", "f1_seed", "exact_match", "rouge_l", "numeric_match"})
METRICS_OF_KIND: Mapping[TaskKind, frozenset[str]] = {
    "labels": frozenset({"label_match"}),
    "mixed": frozenset({"mixed_match"}),
    "code": frozenset({"code_match"}),
    "multiple_choice": frozenset({"choice_match"}),
    "tool_calls": frozenset({"call_match", "call_name", "call_arguments"}),
    "json": frozenset({"valid_json", "json_match", "schema_match", "json_fields"}),
}
