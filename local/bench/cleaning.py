"""Cleaning with simulated judges: how many swapped answers it finds, and how many sound records it removes.

python -m local.bench.cleaning FILE… [--share 0.1] [--seeds 2]

A seed chooses the records that get each other's answers. A file of planted errors of its own is judged with --share 0.
"""

import argparse
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lambdas.domain.curation.asks import StoredReply
from lambdas.domain.curation.cleaning import SetRecord, clean_asks, judge_records
from lambdas.domain.curation.settings import CleanSettings
from lambdas.domain.evaluation.questions import Question, parse_question
from local.bedrock.models.base import BaseModel
from local.bedrock.models.curator import curator_errors
from local.bedrock.settings import SimulationSettings
from local.terminal import Console

JUDGES = CleanSettings(judges=["amazon.nova-pro-v1:0", "us.anthropic.claude-sonnet-4-6"], mode="remove")
USUAL = curator_errors(SimulationSettings())


@dataclass(frozen=True)
class CleaningFigures:
    """Of the records with a swapped answer, and of the sound ones, how many there are and how many are removed."""

    swapped: int
    found: int
    sound: int
    removed: int


def read_questions(path: Path) -> list[Question]:
    """The records of a training file in the messages format."""
    return [parse_question(index, line) for index, line in enumerate(path.read_bytes().splitlines())]


def swap_answers(questions: Sequence[Question], share: float, seed: int) -> dict[int, str]:
    """By place, the answer of another record for a share of the records, where it is another answer."""
    # Chosen records need no secrecy, but the same ones each time.
    chosen = random.Random(seed).sample(range(len(questions)), k=round(share * len(questions)))  # noqa: S311
    swapped = {place: questions[chosen[at - 1]].reference for at, place in enumerate(chosen)}
    return {place: answer for place, answer in swapped.items() if answer != questions[place].reference}


def clean(questions: Sequence[Question]) -> list[bool]:
    """Which records leave the training set, as `fine-tune clean --mode remove` decides it."""
    records = [SetRecord("train", each) for each in questions]
    models = {name: BaseModel(0, name, USUAL) for name in JUDGES.judges}
    replies = dict[str, StoredReply]()
    while asks := list(clean_asks(records, JUDGES, replies)):
        for each in asks:
            text = models[each.model].answer(each.prompt.system, [("user", each.prompt.user)])
            reply = StoredReply(id=each.id, stage=each.stage, model=each.model, prompt=each.prompt.name, text=text)
            replies[each.id] = reply.after(replies.get(each.id))
    return [each.removed for each in judge_records(records, JUDGES, replies)]


def measure(questions: Sequence[Question], share: float, seed: int) -> CleaningFigures:
    """What cleaning does where a share of the records has the answer of another one."""
    swapped = swap_answers(questions, share, seed)
    removed = clean([replace(each, reference=swapped.get(n, each.reference)) for n, each in enumerate(questions)])
    found = sum(removed[place] for place in swapped)
    return CleaningFigures(len(swapped), found, len(questions) - len(swapped), sum(removed) - found)


def table(measured: Mapping[str, CleaningFigures]) -> Iterator[str]:
    """As a table of Markdown."""
    yield "| records | swapped answers found | sound records removed |"
    yield "| --- | --- | --- |"
    for name, each in measured.items():
        yield f"| {name} | {_of(each.found, each.swapped)} | {_of(each.removed, each.sound)} |"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.cleaning")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="training records in the messages format")
    parser.add_argument("--share", type=float, default=0.1, help="share of the records whose answers are swapped")
    parser.add_argument("--seeds", type=int, default=2)
    given, console = parser.parse_args(), Console()
    measured = {
        f"{path.name}, seed {seed}": measure(read_questions(path), given.share, seed)
        for path in given.files
        for seed in range(given.seeds)
    }
    for line in table(measured):
        console.write_line(line)


if __name__ == "__main__":
    main()
