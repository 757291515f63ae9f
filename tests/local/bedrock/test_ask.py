"""`fine-tune ask` against the simulated Bedrock: the trained format word for word, its cost, and what is refused."""

import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from typer.testing import Result

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.evaluation.answers import ModelAnswer
from lambdas.domain.evaluation.endpoint import PromptFormat
from lambdas.domain.evaluation.questions import InferenceSettings, Question
from tests.local.bedrock import team as shared
from tests.local.bedrock.conftest import HAIKU
from tests.local.bedrock.team import LLAMA_3_3, RUN, FineTune, Team

settings, team, fine_tune = shared.settings, shared.team, shared.fine_tune

PAIRS = PromptFormat(system="Reply briefly.", template="{prompt}", inference={"maxTokens": 64, "temperature": 0.0})
DOCUMENTS = PAIRS.model_copy(update={"template": "<table>\n{document}\n</table>\n\n{question}"})
COLUMNS = PAIRS.model_copy(update={"template": "{subject}\n\n{body} {{as it is}}"})


class Models:
    """Answers with what a test wants, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Question, InferenceSettings]] = []
        self.text = "42"
        self.failing: dict[str, Exception] = {}

    def converse(self, model_id: str, question: Question, settings: InferenceSettings) -> ModelAnswer:
        self.asked.append((model_id, question, settings))
        for part, error in self.failing.items():
            if part in model_id:
                raise error
        return ModelAnswer(self.text, input_tokens=1000, output_tokens=500, latency_ms=321, stop_reason="end_turn")


@pytest.fixture
def models(team: Team, monkeypatch: pytest.MonkeyPatch) -> Models:
    made = Models()
    monkeypatch.setattr(Adapters, "runtime", made)
    return made


def told(done: Result) -> str:
    return re.sub(r"\s+", " ", done.output)


def served(team: Team, fine_tune: FineTune, trained: PromptFormat = PAIRS, base_model: str = LLAMA_3_3) -> str:
    """The ARN of what serves the run's model."""
    team.tune(base_model, format=trained.dump())
    hours: tuple[Any, ...] = ("--hours", 1) if base_model == HAIKU else ()
    assert fine_tune("serve", RUN, *hours, "--yes").exit_code == 0
    if base_model == HAIKU:
        return str(team.throughputs[0]["provisionedModelArn"])
    return str(team.deployments[0]["customModelDeploymentArn"])


def test_both_models_are_asked_in_the_trained_format_and_told_with_cost(
    team: Team, fine_tune: FineTune, models: Models
) -> None:
    """System text, template and parameters are the run's: the scores hold for nothing else."""
    arn = served(team, fine_tune)
    done = fine_tune("ask", RUN, "What is six times seven?")
    assert done.exit_code == 0, done.output
    assert [model for model, _, _ in models.asked] == [arn, "us.meta.llama3-3-70b-instruct-v1:0"]
    for _, question, settings in models.asked:
        assert (question.system, question.prompt) == ("Reply briefly.", "What is six times seven?")
        assert settings == InferenceSettings(max_tokens=64, temperature=0.0)
    price = default_prices().base_models[LLAMA_3_3].on_demand
    assert price is not None
    assert f"Tuned ({arn}) 42 1000 + 500 tokens, 321 ms, {price.input + price.output / 2:.6f} USD Base (" in told(done)


def test_a_throughput_is_billed_by_the_hour_and_the_base_can_be_left_out(
    team: Team, fine_tune: FineTune, models: Models
) -> None:
    arn = served(team, fine_tune, base_model=HAIKU)
    done = fine_tune("ask", RUN, "?", "--no-base", "--json")
    assert done.exit_code == 0, done.output
    [answer] = json.loads(done.output)["answers"]
    assert (answer["arm"], answer["model_id"], answer["answer"], answer["error"]) == ("tuned", arn, "42", None)
    assert (answer["usd"], answer["billed_by_tokens"]) == (0.0, False)
    assert "321 ms, billed by the hour" in told(fine_tune("ask", RUN, "?", "--no-base"))


def test_the_champion_is_asked_by_its_name(team: Team, fine_tune: FineTune, models: Models) -> None:
    team.name_champion(team.tune(LLAMA_3_3, format=PAIRS.dump()))
    assert fine_tune("serve", "champion", "--yes").exit_code == 0
    done = fine_tune("ask", "champion", "?", "--no-base")
    assert (done.exit_code, len(models.asked)) == (0, 1)


def test_a_document_and_further_fields_fill_the_template(
    team: Team, fine_tune: FineTune, models: Models, tmp_path: Path
) -> None:
    """Braces in what is filled in are text."""
    table = tmp_path / "table.txt"
    table.write_text("a | {b}\n")
    served(team, fine_tune, DOCUMENTS)
    assert fine_tune("ask", RUN, "How much {is} it?", "--document", table, "--no-base").exit_code == 0
    assert models.asked[-1][1].prompt == "<table>\na | {b}\n\n</table>\n\nHow much {is} it?"
    team.put_report(LLAMA_3_3, str(team.deployments[0]["modelArn"]), format=COLUMNS.dump())
    assert fine_tune("ask", RUN, "Hello.", "--field", "subject=A=B", "--no-base").exit_code == 0
    assert models.asked[-1][1].prompt == "A=B\n\nHello. {as it is}"
    assert fine_tune("ask", RUN, "--field", "subject=A", "--field", "body=B", "--no-base").exit_code == 0
    assert models.asked[-1][1].prompt == "A\n\nB {as it is}"


@pytest.mark.parametrize(
    ("trained", "words", "said"),
    [
        (DOCUMENTS, ["?"], "name one with --document <file>"),
        (PAIRS, ["?", "--document", __file__], "trained without documents: its prompt has prompt"),
        (COLUMNS, ["?"], "has the fields subject, body: give all but one with --field"),
        (COLUMNS, ["?", "--field", "sujbect=A"], "no field 'sujbect'; it has subject, body. Did you mean subject?"),
        (COLUMNS, ["?", "--field", "subject=A", "--field", "body=B"], "leave out the question, or a field"),
        (PAIRS, ["?", "--field", "prompt"], "--field <name>=<text>"),
        (PAIRS, ["?", "--system", "Be long."], "one system text, which is sent"),
        (PAIRS.model_copy(update={"system": None, "system_varies": True}), ["?"], "several system texts"),
        (PromptFormat(), ["?"], "does not say how its model was asked"),
    ],
)
def test_a_question_that_would_not_be_as_trained_is_not_asked(
    team: Team, fine_tune: FineTune, models: Models, trained: PromptFormat, words: list[str], said: str
) -> None:
    """Nothing is guessed: another format would give other answers than the report's."""
    team.tune(LLAMA_3_3, format=trained.dump())
    done = fine_tune("ask", RUN, *words)
    assert done.exit_code == 2
    assert said in told(done)
    assert models.asked == []


def test_the_system_text_of_a_question_is_given_where_there_were_several(
    team: Team, fine_tune: FineTune, models: Models
) -> None:
    served(team, fine_tune, PAIRS.model_copy(update={"system": None, "system_varies": True}))
    assert fine_tune("ask", RUN, "?", "--system", "Classify.", "--no-base").exit_code == 0
    assert models.asked[0][1].system == "Classify."


@pytest.mark.parametrize(
    ("base_model", "said"),
    [
        (LLAMA_3_3, f"`fine-tune serve {RUN} --deployment team --region us-west-2` does on demand: it costs nothing"),
        (
            HAIKU,
            "--hours 1 --deployment team --region us-west-2` does by throughput: that bills 10.00 USD an hour",
        ),
    ],
)
def test_what_serving_would_cost_is_told_where_nothing_serves(
    team: Team, fine_tune: FineTune, models: Models, base_model: str, said: str
) -> None:
    """With the command, and nothing is bought."""
    team.tune(base_model, format=PAIRS.dump())
    done = fine_tune("ask", RUN, "?")
    assert done.exit_code == 1
    assert f"Nothing serves the model of run {RUN}." in told(done)
    assert said in told(done)
    assert (team.throughputs, team.deployments, models.asked) == ([], [], [])


def test_what_does_not_serve_yet_is_told(team: Team, fine_tune: FineTune, models: Models) -> None:
    """Somebody has just made it, or a run has."""
    arn = team.tune(LLAMA_3_3, format=PAIRS.dump())
    made = team.adapters.deployments.create("theirs", "token", arn, {})
    done = fine_tune("ask", RUN, "?")
    assert done.exit_code == 1
    assert f"The custom model deployment {made} is Creating: ask once it serves." in told(done)


def test_a_model_that_is_gone_is_told(team: Team, fine_tune: FineTune, models: Models) -> None:
    arn = team.tune(LLAMA_3_3, format=PAIRS.dump())
    team.simulation.bedrock.delete_custom_model(modelIdentifier=arn)
    done = fine_tune("ask", RUN, "?")
    assert (done.exit_code, "no longer exists" in told(done)) == (1, True)


def test_an_unknown_run_is_told_with_the_one_that_is_meant(team: Team, fine_tune: FineTune, models: Models) -> None:
    team.tune(LLAMA_3_3)
    done = fine_tune("ask", f"{RUN[:-1]}c", "?")
    assert done.exit_code == 2
    assert f"Did you mean {RUN}?" in told(done)


def test_questions_are_read_until_an_empty_line_and_an_error_ends_none_of_them(
    team: Team, fine_tune: FineTune, models: Models
) -> None:
    """A pipe gives JSON Lines; a base model without access is told beside the tuned model's answer."""
    served(team, fine_tune)
    models.failing["us.meta"] = Refused("Converse", "AccessDeniedException", "No.")
    done = fine_tune("ask", RUN, "--json", input="one\ntwo\n\nthree\n")
    assert done.exit_code == 1
    lines = [json.loads(line) for line in done.output.splitlines()]
    assert [line["question"] for line in lines] == ["one", "two"]
    for line in lines:
        tuned, base = line["answers"]
        assert (tuned["answer"], base["answer"]) == ("42", None)
        assert "AccessDeniedException" in base["error"]
    assert [question.prompt for _, question, _ in models.asked] == ["one", "one", "two", "two"]


def test_ctrl_c_at_the_prompt_ends_cleanly(
    team: Team, fine_tune: FineTune, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(team, fine_tune)
    monkeypatch.setattr("builtins.input", Mock(side_effect=["one", KeyboardInterrupt]))
    done = fine_tune("ask", RUN, "--no-base")
    assert (done.exit_code, len(models.asked)) == (130, 1)
    assert "Stopped. What serves the model goes on to serve it." in told(done)


def test_an_answer_moves_no_cursor_and_passes_for_no_line_of_ours(
    team: Team, fine_tune: FineTune, models: Models
) -> None:
    """A model says what its data taught it, terminal escapes included."""
    served(team, fine_tune)
    models.text = "\x1b[2Jfine\rBase (x)\n1 + 1 tokens"
    done = fine_tune("ask", RUN, "?", "--no-base")
    assert "\x1b[2J" not in done.output
    assert "\r" not in done.output
    assert "\n  1 + 1 tokens\n" in done.output
    assert "\\u001b" in fine_tune("ask", RUN, "?", "--no-base", "--json").output
