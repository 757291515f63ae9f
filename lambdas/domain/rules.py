"""The rules for data sets: each has an id, a severity and one line on what it asks for.

Where each is checked follows from its scope: `record` rules in `records.py`, `line` and `set` rules in `dataset.py`,
`run` rules, which see all that a run was given, in `prepared_dataset.py` and `run_settings.py`.
"""

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]
Scope = Literal["line", "record", "set", "run"]


class Rule(NamedTuple):
    """An error refuses the data set, a warning is reported and nothing more."""

    scope: Scope
    severity: Severity
    asks: str


class Finding(NamedTuple):
    """A rule that a record breaks, and where in the record: a JSON Pointer, empty for the record itself."""

    rule: str
    pointer: str
    message: str


RULES: dict[str, Rule] = {
    "byte-order-mark": Rule("line", "warning", "The file starts with its first record; a byte order mark is left out."),
    "blank-line": Rule("line", "warning", "Every line holds a record; blank lines are skipped."),
    "line-length": Rule("set", "error", "No line is longer than any record below the token limit can be."),
    "encoding": Rule("line", "error", "The file is UTF-8."),
    "json-syntax": Rule("line", "error", "Each line is one JSON value."),
    "record-type": Rule("record", "error", "Each record is a JSON object."),
    "duplicate-key": Rule("record", "error", "No object has the same key twice."),
    "missing-key": Rule(
        "record", "error", "A record has messages, or prompt and completion; a message has role and content."
    ),
    "unknown-key": Rule("record", "error", "Records and messages have no other keys than their format's."),
    "wrong-type": Rule("record", "error", "Texts are JSON strings and messages is a list of objects."),
    "message-count": Rule("record", "error", "A conversation has at least two messages."),
    "role": Rule("record", "error", "Every role is user or assistant."),
    "role-order": Rule("record", "error", "Roles alternate, from user first to assistant last."),
    "empty-text": Rule("record", "error", "No text is empty or only white space."),
    "reserved-word": Rule("record", "error", "No prompt has the words that separate turns in the model's own format."),
    "token-limit": Rule("record", "error", "A record has fewer tokens than the model's limit."),
    "token-estimate": Rule(
        "record", "warning", "A record is far enough below the token limit that no tokenizer can exceed it."
    ),
    "object-missing": Rule("set", "error", "The object that started the run still exists."),
    "no-records": Rule("set", "error", "The file has records."),
    "file-size": Rule("set", "error", "The file is within the model's size limit and what the pipeline can hold."),
    "too-few-records": Rule("set", "error", "A set has the model's least number of records, a test set at least 10."),
    "too-many-records": Rule("set", "error", "A set has at most the model's greatest number of records."),
    "mixed-formats": Rule("set", "warning", "All records of a file have the same format."),
    "too-many-records-in-total": Rule(
        "run", "error", "Training and validation together stay within the model's limit."
    ),
    "split": Rule("run", "error", "The records suffice for a training and a test set without a shared context."),
    "no-validation": Rule("run", "warning", "The records suffice for a validation set, which early stopping needs."),
    "prompt-overlap": Rule("run", "warning", "No prompt of the validation or test set is in the training set."),
    "context-overlap": Rule("run", "warning", "No context of the validation or test set is in the training set."),
    "unused-hyperparameter": Rule("run", "warning", "Early stopping is set only where there is a validation set."),
    "run-settings": Rule("run", "error", "run.json has only known settings with values in their ranges."),
}
