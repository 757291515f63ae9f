"""Writes learning-curve/train.jsonl: tickets as those of generate_labels.py, other ones.

    python examples/generate_learning_curve.py > examples/learning-curve/train.jsonl

The same seed gives the same bytes. With six of the twelve categories the parts of the training set reach from hardly
better than the base model to few errors. All sizes are compared on one test set, so that run.json asks for a larger one
than usual. It leaves fewer than 500 records to train on: above that fewer epochs are recommended, and the sizes would
differ in two things.
"""

import json
import sys

from generate_labels import CATEGORIES, records

SEED = 20261129
TICKETS = 720
LABELS = tuple(CATEGORIES)[:6]


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr] # a console's stream has it
    for record in records(SEED, TICKETS, LABELS):
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
