"""The smallest data sets that the pipeline takes, with a marker in each prompt: a fault rule knows the run by it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

TEST_RECORDS = 10
PLAIN_SETTINGS = {"split": {"validation": 0}, "hyperparameters": {"epochCount": 1}}


@dataclass(frozen=True)
class DataSet:
    """What a run is started with: its run.json, and how many records its sets have.

    `is_endless`: its jobs train until they are stopped. No job ends by itself before everything about it is judged.
    `is_about_documents`: four training records each ask about the same one. `has_errors`: the answer to one of these
    four is a count that no document has.
    """

    settings: Mapping[str, Any]
    training_records: int = 32
    validation_records: int = 0
    test_records: int = TEST_RECORDS
    is_endless: bool = False
    is_about_documents: bool = False
    has_errors: bool = False

    def files(self, marker: str) -> dict[str, bytes]:
        """The input bucket's objects by key, in the order of upload: the last one starts the run."""
        folder = f"input/{marker}"
        test, validation = range(1000, 1000 + self.test_records), range(2000, 2000 + self.validation_records)
        records = _about_documents if self.is_about_documents else _records
        return {
            f"{folder}/run.json": json.dumps(self.settings).encode(),
            f"{folder}/test.jsonl": records(marker, test),
            **({f"{folder}/validation.jsonl": records(marker, validation)} if validation else {}),
            f"{folder}/train.jsonl": (_with_errors if self.has_errors else records)(
                marker, range(self.training_records)
            ),
        }


# The least that Claude 3 Haiku's customization and a test set take.
PLAIN = DataSet(PLAIN_SETTINGS)
LONG = replace(PLAIN, is_endless=True)
# The one model of the Region that is served on demand, and the least that it takes.
ON_DEMAND = DataSet({**PLAIN_SETTINGS, "base_model": "meta.llama3-3-70b-instruct-v1:0:128k"}, training_records=100)
SWEEP = DataSet({"hyperparameters": {"epochCount": 1}, "sweep": {"jobs": 3}}, validation_records=32)
ALL_SERVED = replace(SWEEP, settings={**SWEEP.settings, "serve": "all"})
ALL_SERVED_ON_DEMAND = replace(
    ALL_SERVED, settings={**ALL_SERVED.settings, "base_model": ON_DEMAND.settings["base_model"]}, training_records=100
)
JUDGE, TEACHER, CHECKER = (
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "us.anthropic.claude-sonnet-4-6",
    "us.amazon.nova-pro-v1:0",
)
CURATED = DataSet(
    {
        **PLAIN_SETTINGS,
        "clean": {"judges": [JUDGE], "mode": "remove"},
        "synthesis": {"teacher": TEACHER, "checker": CHECKER, "pairs_per_document": 2, "terms_accepted": True},
    },
    # What judges remove must leave enough to train on.
    training_records=40,
    is_about_documents=True,
)
# As many questions as a batch job takes at least; those of CURATED are too few.
BATCHED = DataSet(
    {**PLAIN_SETTINGS, "clean": {"judges": [JUDGE], "mode": "remove"}}, training_records=120, is_about_documents=True
)
# As many test records as a batch job takes at least, and a judge who is asked about as many pairs.
BATCHED_TEST = DataSet({**PLAIN_SETTINGS, "evaluation": {"judges": [JUDGE]}}, test_records=120)
# Judges call a quarter of it incorrect, which a person must allow; too few questions for a batch job.
DOUBTED = DataSet(
    {**PLAIN_SETTINGS, "clean": {"judges": [JUDGE], "mode": "remove"}},
    training_records=60,
    is_about_documents=True,
    has_errors=True,
)
LONG_SWEEP = replace(SWEEP, is_endless=True)


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


SOLD_NOWHERE = 7_000_000
FRUITS = ("apples", "pears", "plums", "cherries", "figs", "grapes")


def _with_errors(marker: str, numbers: range) -> bytes:
    return _about_documents(marker, numbers, wrong=frozenset({0}))


def _about_documents(marker: str, numbers: range, wrong: frozenset[int] = frozenset()) -> bytes:
    """Questions on documents, of which each has FRUITS that no record asks about; the `wrong` ones' answers are."""
    records = []
    for number in numbers:
        about, asked = number // 4, number % 4
        sold = [(101 + (about * 89 + at * 37) % 899, fruit) for at, fruit in enumerate(FRUITS)]
        text = " ".join(f"The stall sold {count} {fruit}." for count, fruit in sold)
        prompt = f"<document>\n[{marker}] Day {about}. {text}\n</document>\n\nHow many {sold[asked][1]} were sold?"
        count = sold[asked][0] + (SOLD_NOWHERE if asked in wrong else 0)
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": str(count)}]
        records.append({"messages": messages})
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)
