"""What training computes: early stopping, losses with a cause, and models that learn from their rows alone."""

import random

import pytest

from local.bedrock.foundation_models import HAIKU
from local.bedrock.models.base import BaseModel
from local.bedrock.models.tuned import TunedModel
from local.bedrock.tokens import count_tokens, cut
from local.bedrock.training import stop_early, train
from local.bedrock.training_data import Example
from tests.local.bedrock.conftest import rows

LOSSES = [0.9, 0.8, 0.7, 0.66, 0.64, 0.65, 0.65]


def examples(count: int) -> list[Example]:
    return [Example(row["system"], row["messages"][0]["content"], row["messages"][1]["content"]) for row in rows(count)]


@pytest.mark.parametrize(("threshold", "patience", "stopped_at", "best"), [(0.0, 2, 7, 5), (0.05, 1, 4, 4)])
def test_early_stopping_follows_the_published_table(
    threshold: float, patience: int, stopped_at: int, best: int
) -> None:
    """The AWS blog on Claude 3 Haiku's fine-tuning shows these two cases."""
    epochs = range(1, len(LOSSES) + 1)
    stops = [epoch for epoch in epochs if stop_early(LOSSES[:epoch], threshold, patience)[0]]
    assert stops[0] == stopped_at
    assert stop_early(LOSSES[:stopped_at], threshold, patience)[1] == best


def test_training_stops_where_the_validation_loss_no_longer_falls() -> None:
    """More epochs than useful are not run, and the best epoch is the lowest loss."""
    asked = {"epochCount": "10", "earlyStoppingThreshold": "0.1", "earlyStoppingPatience": "1", "batchSize": "4"}
    training = train(HAIKU, asked, examples(40), examples(32))
    losses = [step.loss for step in training.validation]
    assert training.epochs < 10
    assert losses[training.best_epoch - 1] == min(losses)
    assert losses[-2] - losses[-1] <= 0.1


def test_training_is_deterministic_and_follows_its_hyperparameters() -> None:
    """Curves must have causes: the same run gives the same losses, another learning rate other ones."""
    first, second = (train(HAIKU, {"epochCount": "3"}, examples(40), []) for _ in range(2))
    assert first.steps == second.steps
    slower = train(HAIKU, {"epochCount": "3", "learningRateMultiplier": "0.1"}, examples(40), [])
    assert slower.training_loss > first.training_loss


def ask(model: BaseModel | TunedModel, prompt: str) -> str:
    return model.answer("", (("user", prompt),))


def test_tuned_model_is_brief_and_in_the_learnt_style() -> None:
    """It gives what its rows taught: the number with its unit, and nothing else; the base wraps it in a sentence."""
    model = TunedModel.fit(examples(40))
    prompt = examples(201)[200].prompt
    assert ask(model, prompt) == "300 million"
    assert "300" in ask(BaseModel(1), prompt)
    assert count_tokens(ask(BaseModel(1), prompt)) > 2 * count_tokens(ask(model, prompt))


def test_shuffled_answers_teach_nothing_about_prompts() -> None:
    """A gain that survives shuffled labels would be an artefact of the simulation."""
    taught = examples(120)
    answers = [example.answer for example in taught]
    random.Random(0).shuffle(answers)  # noqa: S311 - no secret, a fixed shuffle
    model = TunedModel.fit([Example("", row.prompt, answer) for row, answer in zip(taught, answers, strict=True)])
    unseen = examples(260)[200:]
    assert sum(ask(model, row.prompt) == row.answer for row in unseen) == 0


def test_recurring_labels_are_learnt_from_similar_prompts() -> None:
    """Classification data: the label of the nearest training questions."""
    subjects = {"refund": "billing", "invoice": "billing", "password": "account", "login": "account"}
    taught = [
        Example("", f"Question: Please route this ticket about my {word}, case {number}.", label)
        for number in range(10)
        for word, label in subjects.items()
    ]
    model = TunedModel.fit(taught)
    assert ask(model, "Question: Please route this ticket about my refund, case 99.") == "billing"
    assert ask(model, "Question: Please route this ticket about my login, case 98.") == "account"


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "?",
        "<table></table>",
        "<table><tr><td>a</td></tr></table>\n\nQuestion: b?",
        "|a|\n|-|\n\nb?",
        "\n\n\n",
        "|" * 50,
    ],
)
def test_any_prompt_gets_an_answer(prompt: str) -> None:
    """A model never fails on what a data set contains."""
    assert ask(BaseModel(0), prompt)
    assert isinstance(ask(TunedModel.fit(examples(40)), prompt), str)


def test_pipe_tables_are_read_as_html_tables_are() -> None:
    """Data sets write their tables in either way."""
    table = "| | 2019 | 2018 |\n|---|---|---|\n| Revenue | 70 | 60 |\n| Cost | 7 | 6 |"
    prompt = f"{table}\n\nQuestion: What was the cost in 2018?"
    assert "is 6." in ask(BaseModel(1), prompt)


def test_cut_ends_after_the_given_tokens() -> None:
    """Whole tokens, and a text that fits is left alone."""
    assert cut("one two, three", 3) == ("one two,", True)
    assert cut("one two", 3) == ("one two", False)
