"""A run on the embedded AWS that trains on three data sets, tests a candidate of each, and says which data won."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cli import demo
from cli.data_set import upload_of
from cli.progress import Progress
from local.deployment import deploy
from local.embedded_aws import EmbeddedAws
from local.permissions.denials import denials
from local.terminal import Console
from tests.local.test_curation import CHECKER, JUDGES, SHOPS, TEACHER, WRONG, record

pytestmark = pytest.mark.xdist_group("embedded-aws")

DATA = ["original", "cleaned", "synthetic"]
HELD_OUT = 40
# Not so many that a person would have to say yes to their removal.
FEW_WRONG = 5


@dataclass
class ComparedRun:
    """What a run has left."""

    succeeded: bool
    report: dict[str, Any]
    folder: Path
    jobs: list[dict[str, Any]]
    denied: list[str]
    told: str


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComparedRun]:
    """Wrong answers stand in training records alone: the held-out sets are given."""
    folder = tmp_path_factory.mktemp("data") / "shops"
    folder.mkdir()
    first, last = WRONG - FEW_WRONG, WRONG - FEW_WRONG + SHOPS
    places = {
        "train": range(first, last),
        "validation": range(last, last + HELD_OUT),
        "test": range(last + HELD_OUT, last + 2 * HELD_OUT),
    }
    for name, numbers in places.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(record(each)) + "\n" for each in numbers))
    settings = {
        "clean": {"judges": JUDGES, "mode": "remove"},
        "synthesis": {"teacher": TEACHER, "checker": CHECKER, "terms_accepted": True},
        "compare": DATA,
    }
    (folder / "run.json").write_text(json.dumps(settings))
    console = Console(file=StringIO(), width=120)
    with EmbeddedAws(tmp_path_factory.mktemp("aws")) as aws:
        deploy(aws)
        succeeded = demo.run(aws, upload_of(folder), progress=Progress(console), console=console)
        calls = [json.loads(line) for line in aws.bedrock_calls.read_text().splitlines()]
        assert isinstance(console.file, StringIO)
        yield ComparedRun(
            succeeded,
            json.loads((aws.directory / "report.json").read_text()),
            aws.directory,
            [call for call in calls if call["operation"] == "CreateModelCustomizationJob"],
            denials(aws.decisions),
            console.file.getvalue(),
        )


def test_each_data_set_trains_a_candidate_with_equal_hyperparameters(compared: ComparedRun) -> None:
    """Each on its own file, of as many records as the report says."""
    assert compared.succeeded, compared.report
    assert compared.denied == []
    assert len(compared.jobs) == len(DATA)
    jobs = compared.report["sweep"]["jobs"]
    assert [job["data"] for job in jobs] == DATA
    assert len({json.dumps(job["hyperparameters"], sort_keys=True) for job in jobs}) == 1
    files = {"original": "train", "cleaned": "train-cleaned", "synthetic": "train-synthetic"}
    lines = {
        data: len((compared.folder / "dataset" / f"{name}.jsonl").read_text().splitlines())
        for data, name in files.items()
    }
    assert {job["data"]: job["training_records"] for job in jobs} == lines
    assert lines["cleaned"] < lines["original"] < lines["synthetic"]


def test_all_answer_the_same_test_set_and_the_report_says_which_data_won(compared: ComparedRun) -> None:
    """By the intervals of three pairs that hold together."""
    found = compared.report["compare"]
    leases = compared.report["servings"]
    assert sorted(each["candidate"] for each in leases) == [1, 2, 3]
    assert all(each["deleted_at"] and each["failure"] is None for each in leases)
    assert [each["data"] for each in found["sets"]] == DATA
    assert all(each["score"] is not None and each["interval"] for each in found["sets"])
    pairs = [("cleaned", "original"), ("synthetic", "original"), ("synthetic", "cleaned")]
    assert [(each["arm"], each["against"]) for each in found["comparisons"]] == pairs
    assert all(each["records"] == HELD_OUT for each in found["comparisons"])
    scores = {each["data"]: each["score"] for each in found["sets"]}
    for each in found["comparisons"]:
        assert each["difference"] == pytest.approx(scores[each["arm"]] - scores[each["against"]])
    page = (compared.folder / "report.html").read_text()
    assert "<h2>Which data won</h2>" in page
    sentence = "won: it scores" if found["winner"] else "No data set "
    assert sentence in page
    assert sentence in compared.told.replace("\n", " ")


def test_the_verdict_is_about_the_lowest_validation_loss_whichever_data_won(compared: ComparedRun) -> None:
    """Nothing is chosen on the test set."""
    losses = {each["candidate"]: each["validation_loss"] for each in compared.report["compare"]["sets"]}
    assert compared.report["sweep"]["chosen"] == min(losses, key=lambda candidate: (losses[candidate], candidate))
