"""The shipped learning curve: the simulated models learn more from more of it, and nothing else makes it rise."""

import json
from pathlib import Path

from typer.testing import CliRunner

from cli import main
from local.bedrock.foundation_models import HAIKU
from local.bedrock.training import train
from local.bedrock.training_data import Example
from tests.local.bedrock.conftest import HAIKU as MODEL

FOLDER = Path(__file__).parents[3] / "examples" / "learning-curve"
# As recommended for each of the sizes.
VALUES = {"epochCount": "4", "batchSize": "8"}


def rows(path: Path) -> list[Example]:
    """A stored set."""
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [Example(one["system"], *(message["content"] for message in one["messages"])) for one in records]


def test_twice_the_records_make_better_answers_and_a_lower_validation_loss(tmp_path: Path) -> None:
    """On the parts that the data gate makes, up to the half; the rest is for the demo to show."""
    options = ["validate", "--data", str(FOLDER), "--model", MODEL, "--out", str(tmp_path)]
    assert CliRunner().invoke(main.app, options).exit_code == 0
    sets = tmp_path / "dataset"
    validation, test = rows(sets / "validation.jsonl"), rows(sets / "test.jsonl")
    parts = sorted((rows(path) for path in sets.glob("train-*.jsonl")), key=len)
    assert len(parts) == 3
    trained = [train(HAIKU, VALUES, part, validation) for part in parts]
    losses = [one.validation_loss or 0 for one in trained]
    right = [sum(one.model.answer("", [("", row.prompt)]) == row.answer for row in test) / len(test) for one in trained]
    assert losses == sorted(losses, reverse=True)
    assert right[0] + 0.2 < right[1] + 0.1 < right[2], right
