"""The forms of Converse's answers that are set: blocks, reasons to stop, and which answers have them."""

from typing import Any

import pytest

from local.bedrock.settings import AnswerForm, SimulationSettings
from tests.local.bedrock.conftest import HOUR, Simulation, rows

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
NOVA = "amazon.nova-lite-v1:0"
PROMPT = rows(1)[0]["messages"][0]["content"]


def ask(simulation: Simulation, model_id: str, prompt: str = PROMPT) -> dict[str, Any]:
    answer: dict[str, Any] = simulation.runtime.converse(
        modelId=model_id, messages=[{"role": "user", "content": [{"text": prompt}]}]
    )
    return answer


def blocks(answer: dict[str, Any]) -> list[str]:
    return [next(iter(block)) for block in answer["output"]["message"]["content"]]


class TestForms:
    """A model with two forms, and all tuned models with one."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(
            answer_forms=(
                AnswerForm(model=f"foundation-model/{HAIKU}", share=0.3, stop_reason="content_filtered", blocks=()),
                AnswerForm(
                    model=f"foundation-model/{HAIKU}",
                    share=0.3,
                    blocks=("text", "redacted_reasoning", "tool_use", "text"),
                ),
                AnswerForm(model=":custom-model/", stop_reason="max_tokens", blocks=("reasoning",)),
            )
        )

    @pytest.mark.assumption("converse-answers-in-blocks", "converse-stop-reasons", "converse-answer-may-be-empty")
    def test_a_form_has_its_share_of_a_models_answers(self, simulation: Simulation) -> None:
        """Each question gets the same answer again, and other models answer as ever."""
        prompts = [f"{PROMPT} ({number})" for number in range(60)]
        answers = [ask(simulation, HAIKU, prompt) for prompt in prompts]
        filtered = [answer for answer in answers if answer["stopReason"] == "content_filtered"]
        several = [answer for answer in answers if len(blocks(answer)) > 1]
        plain = [answer for answer in answers if (blocks(answer), answer["stopReason"]) == (["text"], "end_turn")]
        assert len(filtered) + len(several) + len(plain) == len(prompts)
        assert all(len(group) >= 8 for group in (filtered, several, plain))
        assert all(blocks(answer) == [] for answer in filtered)
        assert all(blocks(answer) == ["text", "reasoningContent", "toolUse", "text"] for answer in several)
        assert [blocks(ask(simulation, HAIKU, prompt)) for prompt in prompts] == [blocks(answer) for answer in answers]
        assert {tuple(blocks(ask(simulation, NOVA, prompt))) for prompt in prompts} == {("text",)}

    def test_a_tuned_model_is_found_by_its_arn(self, simulation: Simulation) -> None:
        """Its ARN has its base model's id, too. It spends all of its room on reasoning here."""
        model = simulation.complete_job()["outputModelArn"]
        arn = simulation.bedrock.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="one", modelId=model
        )["provisionedModelArn"]
        simulation.clock.advance(HOUR)
        answer = ask(simulation, arn)
        assert (blocks(answer), answer["stopReason"]) == (["reasoningContent"], "max_tokens")
