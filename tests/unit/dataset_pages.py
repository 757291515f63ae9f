"""The page of a data set, for tests."""

import json
from collections.abc import Sequence
from pathlib import Path

from cli import validate
from lambdas.domain.dataset.record_set import Rules
from lambdas.domain.report.dataset_page import render_dataset_page
from lambdas.steps.data_gate import CheckedDataset


def checked(
    folder: Path, lines: Sequence[dict[str, str] | str], name: str = "tickets.jsonl", rules: Rules = "all"
) -> CheckedDataset:
    """A file as the data gate checks it."""
    path = folder / name
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in lines))
    choices, found = validate.choose(None)
    return validate.validate({"train": path}, choices, found, rules=rules, opener=lambda each: each.open("rb"))


def page_of(made: CheckedDataset) -> str:
    """What `dataset/report.html` has."""
    return render_dataset_page(made.document, made.given, made.prepared)


def tickets(count: int) -> list[dict[str, str]]:
    """Two tickets of each customer, with one of three labels."""
    labels = ("billing", "delivery", "returns")
    return [
        {
            "prompt": f"Name billing, delivery or returns. Customer{n // 2 * 7919} order{n // 2 * 104729} "
            f"item{n // 2 * 1299709} shelf{n // 2 * 15485863} street{n // 2 * 32452843} asks for the {n % 2}. time",
            "completion": labels[n % 3],
        }
        for n in range(count)
    ]
