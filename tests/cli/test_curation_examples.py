"""The shipped examples of curation, with the simulated models: what is planted is found, what is written is kept."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from lambdas.domain.evaluation.metrics.content import content_score
from local.bedrock.foundation_models import HAIKU as FOUNDATION
from local.bedrock.models.base import BaseModel
from local.bedrock.models.curator import curator_errors
from local.bedrock.settings import SimulationSettings
from local.bedrock.training import train
from local.bedrock.training_data import Example
from tests.cli.account_script import ScriptedAccount
from tests.cli.conftest import FineTune
from tests.cli.scripted_models import Models

EXAMPLES = Path(__file__).parents[2] / "examples"
# As recommended for so few records.
VALUES = {"epochCount": "4", "batchSize": "8"}


@pytest.fixture
def models(scripted: ScriptedAccount) -> Models:
    """The simulated models, which err as often as in a demo."""
    made, errors = Models(scripted), curator_errors(SimulationSettings())
    made.say = lambda model, system, user: BaseModel(1, model, errors).answer(system, [("user", user)])
    return made


def settings(example: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EXAMPLES / example / "run.json").read_text())
    return loaded


def stored(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(path: Path) -> list[Example]:
    """A stored set."""
    return [Example(one["system"], *(_text(each) for each in one["messages"])) for one in stored(path)]


def _text(message: Any) -> str:
    content = message["content"]
    return str(content if isinstance(content, str) else content[0]["text"])


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Prompt and answer of each wrong record, by the script that plants them."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    made = run_path(str(EXAMPLES / "generate_cleaning.py"))["records"]()
    return {_pair(record) for record, is_wrong in made if is_wrong}


def _pair(record: Any) -> tuple[str, str]:
    prompt, answer = map(_text, record["messages"])
    return prompt, answer


def test_cleaning_finds_most_of_the_planted_errors_and_loses_few_sound_records(
    fine_tune: FineTune, models: Models, planted: set[tuple[str, str]], tmp_path: Path
) -> None:
    """At least 80 % of the wrong ones, at most 5 % of the others; nothing of the test set."""
    clean, out = settings("cleaning")["clean"], tmp_path / "out"
    judges = [word for judge in clean["judges"] for word in ("--judge", judge)]
    ran = fine_tune("clean", EXAMPLES / "cleaning", *judges, "--mode", clean["mode"], "--yes", "--out", out)
    assert ran.exit_code == 0, ran.output
    pairs = {_pair(one) for one in stored(EXAMPLES / "cleaning" / "train.jsonl")}
    assert len(planted) == pytest.approx(0.1 * len(pairs), abs=1)
    sets = {
        name: {(row.prompt, row.answer) for row in rows(out / f"{name}.jsonl")}
        for name in ("train", "validation", "test")
    }
    trained = pairs - sets["validation"] - sets["test"]
    removed = trained - sets["train"]
    assert len(removed & planted) >= 0.8 * len(trained & planted)
    assert len(removed - planted) <= 0.05 * len(trained - planted)
    assert planted & sets["test"], "the test set is judged as it is"
    kept, validation, test = (rows(out / f"{name}.jsonl") for name in ("train", "validation", "test"))
    tuned = train(FOUNDATION, VALUES, kept, validation).model
    assert content(test, lambda prompt: tuned.answer("", [("", prompt)])) > content(test, base) + 20


def test_synthesis_about_the_archive_keeps_most_pairs_and_teaches_more(
    fine_tune: FineTune, models: Models, tmp_path: Path
) -> None:
    """Pages of validation and test records are left out, and the loss on real records falls."""
    synthesis, out, folder = settings("synthetic")["synthesis"], tmp_path / "out", EXAMPLES / "synthetic"
    words = ("--teacher", synthesis["teacher"], "--checker", synthesis["checker"], "--accept-terms", "--yes")
    documents = folder / synthesis["documents"]
    ran = fine_tune("synthesize", folder, *words, "--documents", documents, "--out", out)
    assert ran.exit_code == 0, ran.output
    report = json.loads((out / "report.json").read_text())
    held_out = "".join(row.prompt for name in ("validation", "test") for row in rows(out / f"{name}.jsonl"))
    texts = [path.read_text().strip() for path in documents.iterdir()]
    of_held_out = sum(text in held_out for text in texts)
    assert 0 < of_held_out <= report["left_out"]["held_out"] < 20
    assert report["documents"] == len(texts) - report["left_out"]["held_out"]
    funnel = report["synthesis"]
    assert funnel["asked"] >= funnel["parsed"] >= funnel["new"] > funnel["grounded"] >= funnel["answerable"]
    assert funnel["parsed"] >= 0.98 * funnel["asked"]
    assert funnel["kept"] >= 0.75 * funnel["asked"]
    trained, validation, test = (rows(out / f"{name}.jsonl") for name in ("train", "validation", "test"))
    few, many = (train(FOUNDATION, VALUES, part, validation) for part in (trained[: -funnel["kept"]], trained))
    assert many.validation_loss is not None
    assert few.validation_loss is not None
    assert many.validation_loss < 0.8 * few.validation_loss
    # The margin that a test set of this size decides.
    tuned = many.model
    assert content(test, lambda prompt: tuned.answer("", [("", prompt)])) > content(test, base) + 20


def base(prompt: str) -> str:
    """What the model without tuning says."""
    return BaseModel(1, "base").answer("", [("user", prompt)])


def content(records: Sequence[Example], answer: Callable[[str], str]) -> float:
    """The share of answers whose figures are right, whatever is said around them."""
    scores = [content_score("numeric_match", answer(one.prompt), one.answer, ()) or 0.0 for one in records]
    return sum(scores) / len(scores)
