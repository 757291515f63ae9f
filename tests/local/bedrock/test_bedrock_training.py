"""What training computes: early stopping, losses with a cause, and models that learn from their rows alone."""

import json
import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.evaluation.metrics.scoring import f1
from local.bedrock.foundation_models import HAIKU, NOVA
from local.bedrock.models.base import BaseModel
from local.bedrock.models.preparation import BASE_WEIGHTS, known_from, solve, training_row_of
from local.bedrock.models.prompts import read_prompt
from local.bedrock.models.ranker import Ranker, mean_loss
from local.bedrock.models.tuned import SimulatedTunedModel
from local.bedrock.tokens import count_tokens, cut
from local.bedrock.training import stop_early, train
from local.bedrock.training_data import Example

LOSSES = [0.9, 0.8, 0.7, 0.66, 0.64, 0.65, 0.65]
EXAMPLE = Path(__file__).parents[3] / "examples/financial-tables.jsonl"
SMALL_SET = {"batchSize": "4"}


@cache
def sides() -> tuple[list[Example], list[Example], list[Example]]:
    """Tables of the shipped example in three parts that share no table: 132, 64 and 64 rows."""
    records = [json.loads(line) for line in EXAMPLE.read_bytes().split(b"\n") if line]
    rows = [
        Example(record["system"], record["messages"][0]["content"], record["messages"][1]["content"])
        for record in records
    ]
    return rows[:132], rows[132:196], rows[196:260]


def shuffled(rows: list[Example], seed: int = 0) -> list[Example]:
    answers = [row.answer for row in rows]
    random.Random(seed).shuffle(answers)  # noqa: S311 - no secret, a fixed shuffle
    return [Example(row.system, row.prompt, answer) for row, answer in zip(rows, answers, strict=True)]


def ask(model: BaseModel | SimulatedTunedModel, prompt: str) -> str:
    return model.answer("", (("user", prompt),))


def mean_f1(model: BaseModel | SimulatedTunedModel, rows: list[Example]) -> float:
    return sum(f1(ask(model, row.prompt), row.answer) for row in rows) / len(rows)


@pytest.mark.assumption("job-early-stopping-keeps-the-best-epoch")
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
    """Answers that have nothing to do with their prompts can only be learnt by heart: an early epoch is the best."""
    asked = {"epochCount": "10", "earlyStoppingThreshold": "0", "earlyStoppingPatience": "2", **SMALL_SET}
    training = train(HAIKU, asked, shuffled(sides()[0]), sides()[1])
    losses = [step.loss for step in training.validation]
    assert training.best_epoch == training.epochs - 2 < 8
    assert losses[training.best_epoch - 1] == min(losses) < losses[-1]
    assert training.validation_loss == min(losses)


@pytest.mark.assumption("job-early-stopping-keeps-the-best-epoch")
def test_kept_is_the_model_of_the_best_epoch() -> None:
    """Epochs after the best one must leave no trace in what is served."""
    asked = {"epochCount": "10", "earlyStoppingThreshold": "0", **SMALL_SET}
    train_rows, validation = shuffled(sides()[0]), sides()[1]
    stopped = train(HAIKU, asked, train_rows, validation)
    until_best = train(HAIKU, asked | {"epochCount": str(stopped.best_epoch)}, train_rows, validation)
    prompts = [row.prompt for row in sides()[2]]
    assert [ask(stopped.model, prompt) for prompt in prompts] == [ask(until_best.model, prompt) for prompt in prompts]


@pytest.mark.assumption("job-last-epoch-is-kept-elsewhere")
def test_without_early_stopping_the_last_epoch_is_kept() -> None:
    """Nova has none: what its job tells must be the loss of the model that it makes."""
    train_rows, validation = shuffled(sides()[0]), sides()[1]
    training = train(
        NOVA, {"epochCount": "5", "learningRate": "1e-4", "learningRateWarmupSteps": "0"}, train_rows, validation
    )
    losses = [step.loss for step in training.validation]
    assert training.best_epoch == training.epochs == 5
    assert training.validation_loss == losses[-1] > min(losses)


def test_training_is_deterministic_and_follows_its_hyperparameters() -> None:
    """Curves must have causes: the same run gives the same losses, another learning rate or batch size other ones."""
    first, second = (train(HAIKU, {}, *sides()[:2]) for _ in range(2))
    assert (first.steps, first.validation) == (second.steps, second.validation)
    slower = train(HAIKU, {"learningRateMultiplier": "0.1"}, *sides()[:2])
    larger = train(HAIKU, {"batchSize": "128"}, *sides()[:2])
    for other in (slower, larger):
        assert other.validation[-1].loss > first.validation[-1].loss
    assert len(larger.steps) < len(first.steps)


def test_nova_is_trained_by_its_own_learning_rate() -> None:
    """Its hyperparameters are other ones; a tenth of its learning rate learns less."""
    default, slower = (train(NOVA, {"learningRate": rate}, *sides()[:2]) for rate in ("1e-5", "1e-6"))
    assert slower.validation[-1].loss > default.validation[-1].loss


def test_a_far_too_large_learning_rate_overshoots() -> None:
    """The loss is that of real steps: they can be too long."""
    solved = [solve(read_prompt(row.prompt), row.answer) for row in sides()[0][:64]]
    known = known_from([row.answer for row in sides()[0]], solved)
    rows = [training_row_of(one, known) for one in solved]
    after = []
    for rate in (0.3, 30.0):
        ranker = Ranker(BASE_WEIGHTS, len(known.labels), len(known.templates))
        for start in range(0, 64, 8):
            ranker.fit(rows[start : start + 8], rate)
        after.append(mean_loss(ranker, rows))
    assert after[1] > 2 * after[0]


def test_steps_follow_the_gradient_of_the_loss() -> None:
    """The first AdaGrad step is rate * g / sqrt(g^2 + 0.01) in every weight, g by finite differences."""
    rows = sides()[0]
    known = known_from([row.answer for row in rows], [solve(read_prompt(row.prompt), row.answer) for row in rows[:60]])
    row = training_row_of(solve(read_prompt(rows[2].prompt), rows[2].answer), known)
    ranker, moved, probe = (Ranker(BASE_WEIGHTS, len(known.labels), len(known.templates)) for _ in range(3))
    moved.fit([row], 1.0)
    checked = 0
    for number, (weights, after) in enumerate(zip(ranker.copy(), moved.copy(), strict=True)):
        changed = np.argwhere(weights != after)
        for place in map(tuple, changed[:: max(1, len(changed) // 25)]):
            losses = []
            for step in (1e-2, -1e-2):
                nudged = ranker.copy()
                nudged[number][place] += step
                probe.restore(nudged)
                losses.append(probe.loss(row))
            gradient = (losses[0] - losses[1]) / 2e-2
            expected = gradient / np.sqrt(gradient**2 + 1e-2)
            assert weights[place] - after[place] == pytest.approx(expected, abs=2e-3)
            checked += 1
    assert checked > 50


def test_tuned_model_beats_its_base_and_is_briefer() -> None:
    """What the demo shows: rows of the shipped example teach what to answer and how."""
    train_rows, validation, test = sides()
    model = train(HAIKU, {}, train_rows, validation).model
    assert mean_f1(model, test) > mean_f1(BaseModel(1), test) + 50
    words = [sum(count_tokens(ask(one, row.prompt)) for row in test) for one in (model, BaseModel(1))]
    assert words[0] < words[1] / 2


@pytest.mark.parametrize("hyperparameters", [{}, {"epochCount": "10"}, {"learningRateMultiplier": "0.1"}, SMALL_SET])
def test_shuffled_answers_bring_no_gain(hyperparameters: dict[str, str]) -> None:
    """A gain that survives shuffled labels would be an artefact of the simulation.

    The mean of three shuffles: with 64 questions, a single one is some points up or down by luck. What shuffling leaves
    is which labels there are; the true answers bring above 50.
    """
    train_rows, validation, test = sides()
    models = [
        train(HAIKU, hyperparameters, shuffled(train_rows, seed), shuffled(validation, seed)).model for seed in range(3)
    ]
    mean = sum(mean_f1(model, test) for model in models) / len(models)
    assert mean < mean_f1(BaseModel(1), test) + 4


def test_recurring_labels_are_learnt_from_the_words_of_prompts() -> None:
    """Classification data: unseen prompts get the label of the words that they share with training prompts."""
    subjects = {"refund": "billing", "invoice": "billing", "password": "account", "login": "account"}
    taught = [
        Example("", f"Question: Please route this ticket about my {word}, case {number}.", label)
        for number in range(10)
        for word, label in subjects.items()
    ]
    model = train(HAIKU, SMALL_SET, taught, []).model
    assert ask(model, "Question: Please route this ticket about my refund, case 99.") == "billing"
    assert ask(model, "Question: Please route this ticket about my login, case 98.") == "account"


def test_summaries_are_sentences_of_the_text() -> None:
    """Free text is beyond it; it picks the sentence that training answers resemble."""
    random_words = random.Random(4)  # noqa: S311 - a fixed draw
    taught = []
    for _ in range(40):
        names = ["".join(random_words.choices("abcdefghij", k=7)) for _ in range(12)]
        text = f"The {names[0]} met the {names[1]}. It was {names[2]} and {names[3]}. Later the {names[4]} left."
        taught.append(Example("", f"Summarize the text.\n\n{text}", f"The {names[0]} met the {names[1]}."))
    model = train(HAIKU, SMALL_SET, taught[:32], []).model
    assert all(f1(ask(model, row.prompt), row.answer) == 100 for row in taught[32:])


@cache
def trained() -> SimulatedTunedModel:
    return train(HAIKU, SMALL_SET, *sides()[:2]).model


PIECES = st.sampled_from(
    ["|", "\n", "\t", "<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "2019", "$(1.", "%?"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=12), max_size=30).map("".join))
def test_any_prompt_gets_an_answer(prompt: str) -> None:
    """A model never fails on what a data set contains."""
    assert ask(BaseModel(0), prompt)
    assert isinstance(ask(trained(), prompt), str)
    assert "<judgement>" in ask(BaseModel(0), f"{prompt}<answer_a>{prompt}</answer_a><judgement>")


def test_pipe_tables_are_read_as_html_tables_are() -> None:
    """Data sets write their tables in either way."""
    table = "| | 2019 | 2018 |\n|---|---|---|\n| Revenue | 70 | 60 |\n| Cost | 7 | 6 |"
    prompt = f"{table}\n\nQuestion: What was the cost in 2018?"
    assert "is 6." in ask(BaseModel(1), prompt)


def test_examples_in_the_conversation_make_the_base_brief() -> None:
    """Few-shot prompting helps an untuned model a little."""
    shots = [turn for row in sides()[0][:3] for turn in (("user", row.prompt), ("assistant", row.answer))]
    test = sides()[2]
    answers = [BaseModel(1).answer("", (*shots, ("user", row.prompt))) for row in test]
    gain = sum(f1(answer, row.answer) for answer, row in zip(answers, test, strict=True)) / len(test)
    assert mean_f1(BaseModel(1), test) < gain < mean_f1(trained(), test)


def test_cut_ends_after_the_given_tokens() -> None:
    """Whole tokens, and a text that fits is left alone."""
    assert cut("one two, three", 3) == ("one two,", True)
    assert cut("one two", 3) == ("one two", False)
