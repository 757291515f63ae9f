"""A run on the embedded AWS whose training set judges clean and a teacher adds to, in the state machine."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cli import demo
from cli.account import Account
from cli.approval import NotAnsweredError, answer
from cli.data_set import upload_of
from cli.execution import APPROVALS, Snapshot
from cli.progress import Progress
from local.deployment import deploy, setting
from local.embedded_aws import EmbeddedAws
from local.permissions.denials import denials
from local.terminal import Console

pytestmark = pytest.mark.xdist_group("embedded-aws")

JUDGES = ["us.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-pro-v1:0"]
TEACHER, CHECKER = "us.anthropic.claude-sonnet-4-6", "amazon.nova-pro-v1:0"
# More wrong answers than judges may remove without a person.
SHOPS, WRONG = 60, 15
FRUITS = ("Apples", "Pears", "Plums", "Cherries", "Figs", "Grapes")


def name_of(number: int) -> str:
    words = ("brook", "dale", "ford", "wick", "ham", "ton")
    return " ".join(f"{chr(97 + number % 26)}{chr(97 + number // 26)}{part}" for part in words)


def sold(number: int, row: int, year: int) -> int:
    return 1_000 + number * 37 + row * 211 + year * 53


def record(number: int) -> dict[str, Any]:
    """A question about a shop's table; the answers of the first shops are wrong."""
    rows = [f"| {fruit} | {sold(number, row, 0)} | {sold(number, row, 1)} |" for row, fruit in enumerate(FRUITS)]
    table = "\n".join(["| Sold | 2022 | 2023 |", "| --- | --- | --- |", *rows])
    document = f"{name_of(number).title()} sells fruit.\n\n{table}"
    answer = sold(number, number % len(FRUITS), 0) if number >= WRONG else 77_777_777
    asked = f"<document>\n{document}\n</document>\n\nWhat was {FRUITS[number % len(FRUITS)]} in 2022?"
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": str(answer)}]
    return {"system": "Reply with the figure alone.", "messages": messages}


class Approver(Progress):
    """Follows a run as the command does, and says yes whenever it asks; `answered` has the facts at each answer."""

    def __init__(self, console: Console, aws: EmbeddedAws) -> None:
        super().__init__(console)
        self._account = Account(aws, aws.region, caller="arn:a-person")
        self.answered: dict[str, dict[str, Any]] = {}

    def follow(self, snapshots: Iterator[Snapshot]) -> Snapshot:
        return super().follow(self._answering(snapshots))

    def _answering(self, snapshots: Iterator[Snapshot]) -> Iterator[Snapshot]:
        for snapshot in snapshots:
            for name in APPROVALS:
                step = snapshot.steps.get(name)
                if step is not None and step.exited_at is None and name not in self.answered:
                    # The state is entered before its request is stored.
                    with suppress(NotAnsweredError):
                        answer(self._account, setting("deployment"), snapshot.facts["run"]["id"], "approved")
                        self.answered[name] = dict(snapshot.facts)
            yield snapshot


@dataclass
class CuratedRun:
    """What a run has left."""

    succeeded: bool
    report: dict[str, Any]
    folder: Path
    calls: list[dict[str, Any]]
    denied: list[str]
    answered: dict[str, dict[str, Any]]

    def lines(self, name: str) -> list[Any]:
        return [json.loads(line) for line in (self.folder / "dataset" / f"{name}.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CuratedRun]:
    """Wrong answers stand in training records alone: the test set is given."""
    folder = tmp_path_factory.mktemp("data") / "shops"
    folder.mkdir()
    for name, numbers in (("train", range(SHOPS)), ("test", range(SHOPS, SHOPS + 30))):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(record(each)) + "\n" for each in numbers))
    settings = {
        "split": {"validation": 0.0},
        "clean": {"judges": JUDGES, "mode": "remove"},
        "synthesis": {"teacher": TEACHER, "checker": CHECKER, "terms_accepted": True},
    }
    (folder / "run.json").write_text(json.dumps(settings))
    console = Console(file=StringIO(), width=120)
    with EmbeddedAws(tmp_path_factory.mktemp("aws")) as aws:
        deploy(aws, further={"approval_hours": "1"})
        approver = Approver(console, aws)
        succeeded = demo.run(aws, upload_of(folder), progress=approver, console=console)
        yield CuratedRun(
            succeeded,
            json.loads((aws.directory / "report.json").read_text()),
            aws.directory,
            [json.loads(line) for line in aws.bedrock_calls.read_text().splitlines()],
            denials(aws.decisions),
            approver.answered,
        )


def test_a_curated_run_trains_on_what_judges_left_and_a_teacher_added(curated: CuratedRun) -> None:
    """The whole way: split, clean, write, check, assemble, train."""
    assert curated.succeeded, curated.report
    assert curated.denied == []
    original, cleaned, synthetic = (curated.lines(name) for name in ("train", "train-cleaned", "train-synthetic"))
    assert len(original) == SHOPS
    assert WRONG - 3 <= len(original) - len(cleaned) <= WRONG
    assert all(line in original for line in cleaned)
    assert synthetic[: len(cleaned)] == cleaned
    assert len(synthetic) >= len(cleaned) * 2
    [created] = [call for call in curated.calls if call["operation"] == "CreateModelCustomizationJob"]
    assert created["error"] is None
    assert curated.report["training"]["records"] == len(synthetic)


def test_what_was_said_of_each_record_is_left_for_people_and_nothing_of_it_in_training(curated: CuratedRun) -> None:
    """A line for each record that was judged, and for each pair that was asked for."""
    cleaning, synthesis = curated.lines("cleaning"), curated.lines("synthesis")
    assert [(each["set"], each["index"]) for each in cleaning] == [
        *(("train", index) for index in range(SHOPS)),
        *(("test", index) for index in range(30)),
    ]
    assert sum(each["removed"] for each in cleaning) == SHOPS - len(curated.lines("train-cleaned"))
    assert len(synthesis) == 3 * len(curated.lines("train-cleaned"))
    kept = [each for each in synthesis if each["reached"] == "kept"]
    assert len(kept) == len(curated.lines("train-synthetic")) - len(curated.lines("train-cleaned"))
    assert {frozenset(each) for each in curated.lines("train-synthetic")} == {frozenset({"system", "messages"})}
    objects = {each["key"] for each in curated.report["lineage"]["objects"]}
    assert {"dataset/train-synthetic.jsonl", "dataset/cleaning.jsonl", "dataset/synthesis.jsonl"} <= objects


def test_a_person_says_yes_to_the_removal_and_once_more_to_the_purchase(curated: CuratedRun) -> None:
    """One yes is not two, and the report tells both."""
    assert list(curated.answered) == ["RequestCurationApproval", "RequestApproval"]
    before = curated.answered["RequestCurationApproval"]
    assert "jobs" not in before
    assert before["plan"]["curation"]["cleaning"]["removed"] == SHOPS - len(curated.lines("train-cleaned"))
    told = curated.report["approval"]
    assert (told["decision"], told["removal"]["decision"], told["removal"]["by"]) == (
        "approved",
        "approved",
        "arn:a-person",
    )


def test_no_model_is_asked_anything_twice(curated: CuratedRun) -> None:
    """Each question costs tokens."""
    replies = [
        json.loads(line)
        for path in (curated.folder / "curation" / "replies").rglob("*.jsonl")
        for line in path.read_text().splitlines()
    ]
    asked = [each["id"] for each in replies]
    # What could not be read is asked once more, in a later turn.
    assert len(asked) - len(set(asked)) <= 6
    assert {each["model"] for each in replies} == {*JUDGES, TEACHER}
