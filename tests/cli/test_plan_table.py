"""The plan of `fine-tune preflight`, as a terminal shows it."""

from io import StringIO
from typing import Any

from cli.plan_table import tell_plan
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.training.candidates import Candidate
from local.terminal import Console
from tests.unit.test_cost import PRICES, TRAINING_SET, plan

VALUES = {"epochCount": "2", "learningRateMultiplier": "0.5", "learningRateWarmupSteps": "25"}


def shown(**changes: Any) -> str:
    """The table on a terminal of 80 columns."""
    console = Console(file=StringIO(), width=80)
    tell_plan(console, estimate(plan(**changes), PRICES))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_only_row_of_a_run_that_trains_nothing_is_the_model() -> None:
    """There is nothing that it could be chosen of."""
    table = shown(candidates=[], custom_model="arn:aws:bedrock:us-west-2:1:custom-model/m/1", serve="all")
    assert "the model" in table
    assert "besides" not in table


def test_a_narrow_terminal_cuts_no_word() -> None:
    """A hyperparameter is looked up by its name."""
    synthetic = TRAINING_SET.model_copy(update={"data": "synthetic"})
    sets = {1: TRAINING_SET, 2: synthetic}
    candidates = [Candidate(number=n, hyperparameters=VALUES, training_set=each) for n, each in sets.items()]
    table = shown(candidates=candidates)
    assert max(map(len, table.splitlines())) <= 80
    words = ["learningRateMultiplier 0.5", "learningRateWarmupSteps 25", "candidate", "besides", "models,", "storage"]
    words += ["data original", "data synthetic"]
    assert [word for word in words if word not in table] == []
