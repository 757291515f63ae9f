"""The two errors of grouping on generated data sets: what leaks into each other and stands apart, and the reverse.

python -m local.bench.grouping [--seeds 3]
"""

import argparse
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.preparation import group_sets
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.models.catalogue import base_model
from local.bench.grouping_corpus import Corpus, corpus
from local.terminal import Console

MODEL = base_model("amazon.nova-lite-v1:0:300k")


@dataclass
class Errors:
    """Of one kind of data set: pairs that must stand together, and records that must not stand with another's."""

    name: str
    asks: str
    pairs: int = 0
    missed: int = 0
    records: int = 0
    joined: int = 0

    def add(self, kind: Corpus, found: Sequence[int]) -> None:
        """Counts a data set's errors by the groups that were found."""
        pairs = kind.pairs()
        self.pairs += len(pairs)
        self.missed += sum(found[left] != found[right] for left, right in pairs)
        truths: dict[int, set[int]] = {}
        for group, truth in zip(found, kind.groups, strict=True):
            truths.setdefault(group, set()).add(truth)
        self.records += len(found)
        self.joined += sum(len(truths[group]) > 1 for group in found)


def groups_of(kind: Corpus) -> list[int]:
    """The groups that the data gate finds."""
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in kind.rows)
    report = DatasetReport()
    read = check_set(io.BytesIO(lines), "train.jsonl", MODEL, report)
    return group_sets({"train": read})["train"]


def measure(seeds: int) -> list[Errors]:
    """The errors of each kind over all seeds."""
    found: dict[str, Errors] = {}
    for seed in range(seeds):
        for kind in corpus(seed):
            found.setdefault(kind.name, Errors(kind.name, kind.asks)).add(kind, groups_of(kind))
    return list(found.values())


def table(errors: Iterable[Errors]) -> Iterator[str]:
    """As a table of Markdown."""
    yield "| data set | must stand | pairs left apart | records joined with others |"
    yield "| --- | --- | --- | --- |"
    for each in errors:
        missed = f"{each.missed} of {each.pairs}" if each.pairs else "none"
        yield f"| {each.name} | {each.asks} | {missed} | {each.joined} of {each.records} |"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.grouping")
    parser.add_argument("--seeds", type=int, default=3)
    console = Console()
    for line in table(measure(parser.parse_args().seeds)):
        console.write_line(line)


if __name__ == "__main__":
    main()
