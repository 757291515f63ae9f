"""The smallest data set that the pipeline takes, with a marker in each prompt: a fault rule knows the run by it."""

import json

# The least that Claude 3 Haiku's customization and a test set take.
TRAINING_RECORDS = 32
TEST_RECORDS = 10
SETTINGS = {"split": {"validation": 0}, "hyperparameters": {"epochCount": 1}}


def files(marker: str) -> dict[str, bytes]:
    """The input bucket's objects by key, in the order of upload: the last one starts the run."""
    folder = f"input/{marker}"
    return {
        f"{folder}/run.json": json.dumps(SETTINGS).encode(),
        f"{folder}/test.jsonl": _records(marker, range(100, 100 + TEST_RECORDS)),
        f"{folder}/train.jsonl": _records(marker, range(TRAINING_RECORDS)),
    }


def key(marker: str) -> str:
    """The object that starts the run."""
    return f"input/{marker}/train.jsonl"


def _records(marker: str, numbers: range) -> bytes:
    records = [
        {
            "messages": [
                {"role": "user", "content": f"[{marker}] What is {number} plus {number}?"},
                {"role": "assistant", "content": str(2 * number)},
            ]
        }
        for number in numbers
    ]
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)
