"""Inference through boto3: body formats, token limits, and which models answer when."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock.foundation_models import CURRENT_CLAUDES
from local.bedrock.settings import SimulationSettings
from tests.local.bedrock.conftest import HOUR, Simulation, rows

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
PROMPT = rows(1)[0]["messages"][0]["content"]


def claude_body(**changes: Any) -> dict[str, Any]:
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 100,
        "temperature": 0,
        "messages": [{"role": "user", "content": PROMPT}],
    } | changes


def invoke(simulation: Simulation, model_id: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    answer = simulation.runtime.invoke_model(modelId=model_id, body=json.dumps(body))
    return json.loads(answer["body"].read()), answer["ResponseMetadata"]["HTTPHeaders"]


def test_claude_answers_in_the_messages_format(simulation: Simulation) -> None:
    """Body and headers carry the same token counts, which evaluation reads."""
    output, headers = invoke(simulation, HAIKU, claude_body(system="Reply with the answer only."))
    assert (output["type"], output["role"], output["stop_reason"]) == ("message", "assistant", "end_turn")
    assert "100" in output["content"][0]["text"]
    assert headers["x-amzn-bedrock-output-token-count"] == str(output["usage"]["output_tokens"])
    assert headers["x-amzn-bedrock-input-token-count"] == str(output["usage"]["input_tokens"])
    again, _ = invoke(simulation, HAIKU, claude_body(system="Reply with the answer only."))
    assert again["content"] == output["content"]


@pytest.mark.assumption("converse-is-one-form-for-all", "converse-tells-tokens-and-latency")
@pytest.mark.parametrize("model_id", [f"us.{HAIKU}", "amazon.nova-lite-v1:0", "meta.llama3-1-8b-instruct-v1:0"])
def test_converse_answers_for_every_family(simulation: Simulation, model_id: str) -> None:
    """One request format for all further baseline arms."""
    answer = simulation.runtime.converse(
        modelId=model_id,
        messages=[{"role": "user", "content": [{"text": PROMPT}]}],
        inferenceConfig={"maxTokens": 100, "temperature": 0.0},
    )
    assert "100" in answer["output"]["message"]["content"][0]["text"]
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["metrics"]["latencyMs"] > 0


def test_nova_and_llama_take_their_own_bodies(simulation: Simulation) -> None:
    """InvokeModel's format is the model family's."""
    nova, _ = invoke(
        simulation, "amazon.nova-lite-v1:0", {"messages": [{"role": "user", "content": [{"text": PROMPT}]}]}
    )
    assert "100" in nova["output"]["message"]["content"][0]["text"]
    llama, _ = invoke(simulation, "meta.llama3-1-8b-instruct-v1:0", {"prompt": PROMPT, "max_gen_len": 3})
    assert llama["stop_reason"] == "length"


def test_max_tokens_cuts_the_answer(simulation: Simulation) -> None:
    """A cut answer must be recognisable."""
    output, _ = invoke(simulation, HAIKU, claude_body(max_tokens=3))
    assert output["stop_reason"] == "max_tokens"
    assert output["usage"]["output_tokens"] == 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"anthropic_version": "2023-06-01"}, "anthropic_version"),
        ({"anthropic_version": None}, "anthropic_version"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"prompt": "x"}, "prompt"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "start with a user message"),
        ({"messages": [{"role": "user", "content": "x"}] * 2}, "roles must alternate"),
    ],
)
def test_wrong_bodies_are_refused(simulation: Simulation, changes: dict[str, Any], expected: str) -> None:
    """The service model knows the body as bytes only; the model's own format is checked, too."""
    with pytest.raises(ClientError, match=expected) as error:
        invoke(simulation, HAIKU, claude_body(**changes))
    assert error.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.assumption(
    "custom-model-is-not-asked-by-its-own-name",
    "converse-not-ready-while-creating",
    "converse-gone-is-not-found",
    "converse-unknown-model-is-invalid",
)
def test_tuned_model_answers_only_through_throughput_in_service(simulation: Simulation) -> None:
    """Before it is in service, after it is deleted, and on demand there is no answer."""
    model_arn = simulation.complete_job()["outputModelArn"]
    create = simulation.bedrock.create_provisioned_model_throughput
    arn = create(modelUnits=1, provisionedModelName="throughput-1", modelId=model_arn)["provisionedModelArn"]
    for model_id, code in (
        (arn, "ModelNotReadyException"),
        ("model-1", "ValidationException"),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", "ValidationException"),
        ("anthropic.claude-9-v1:0", "ValidationException"),
    ):
        with pytest.raises(ClientError) as error:
            invoke(simulation, model_id, claude_body())
        assert error.value.response["Error"]["Code"] == code
    simulation.clock.advance(HOUR)
    output, _ = invoke(simulation, arn, claude_body())
    assert output["content"][0]["text"] == "100 million"
    simulation.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    simulation.clock.advance(60)
    with pytest.raises(ClientError) as error:
        invoke(simulation, arn, claude_body())
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.assumption("converse-context-length-id-is-not-found", "base-model-id-with-context-length")
@pytest.mark.parametrize("model_id", [f"{HAIKU}:200k", "amazon.nova-2-lite-v1:0:256k", "amazon.nova-lite-v1:0:300k"])
def test_an_id_with_a_context_length_names_no_model_to_converse_with(simulation: Simulation, model_id: str) -> None:
    """It is for customization. What AWS answered was not that the model has no throughput on demand."""
    with pytest.raises(ClientError, match=r"Model not found\.") as error:
        simulation.runtime.converse(modelId=model_id, messages=[{"role": "user", "content": [{"text": "Hello"}]}])
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.assumption("converse-blank-texts-are-refused")
@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_text_is_refused(simulation: Simulation, text: str) -> None:
    """A block of white space is as blank as an empty one."""
    messages: Any = [{"role": "user", "content": [{"text": "Hello"}, {"text": text}]}]
    with pytest.raises(ClientError, match=r"messages\.0\.content\.1 is blank"):
        simulation.runtime.converse(modelId=HAIKU, messages=messages)


def test_tokens_are_counted_for_foundation_models(simulation: Simulation) -> None:
    """The same estimate as the answers' usage."""
    counted = simulation.runtime.count_tokens(
        modelId=HAIKU, input={"converse": {"messages": [{"role": "user", "content": [{"text": PROMPT}]}]}}
    )
    output, _ = invoke(simulation, HAIKU, claude_body())
    assert counted["inputTokens"] == output["usage"]["input_tokens"]


@pytest.mark.assumption("base-model-current-claudes-by-profile-only", "base-model-without-profile-is-refused")
@pytest.mark.parametrize("prefix", ["us.", "global."])
@pytest.mark.parametrize("end", CURRENT_CLAUDES.values())
def test_each_current_claude_answers_through_its_profiles_only(simulation: Simulation, prefix: str, end: str) -> None:
    """They are what runs name as judges and further models today."""
    question = [{"role": "user", "content": [{"text": "Hello"}]}]
    model_id = f"anthropic.claude-{end}"
    assert simulation.runtime.converse(modelId=f"{prefix}{model_id}", messages=question)["output"]
    with pytest.raises(ClientError, match="on-demand throughput"):
        simulation.runtime.converse(modelId=model_id, messages=question)
    described = simulation.bedrock.get_foundation_model(modelIdentifier=model_id)["modelDetails"]
    assert described["customizationsSupported"] == []


@pytest.mark.assumption(
    "converse-reasoning-comes-first", "converse-reasoning-may-take-all-tokens", "converse-max-tokens-cuts"
)
def test_a_model_that_reasons_answers_behind_a_block_of_reasoning(simulation: Simulation) -> None:
    """What it thinks counts as output; with room for one token alone there is no answer."""

    def ask(most: int) -> dict[str, Any]:
        answer: dict[str, Any] = simulation.runtime.converse(
            modelId="us.anthropic.claude-opus-5",
            messages=[{"role": "user", "content": [{"text": PROMPT}]}],
            inferenceConfig={"maxTokens": most},
        )
        return answer

    content = ask(200)["output"]["message"]["content"]
    assert [list(block) for block in content] == [["reasoningContent"], ["text"]]
    brief = ask(1)
    assert ([list(block) for block in brief["output"]["message"]["content"]], brief["stopReason"]) == (
        [["reasoningContent"]],
        "max_tokens",
    )


@pytest.mark.assumption("converse-one-of-temperature-and-top-p", "converse-no-sampling-parameters")
@pytest.mark.parametrize(
    ("model", "config", "refused"),
    [
        ("haiku-4-5-20251001-v1:0", {"temperature": 0.0, "topP": 1.0}, "cannot both be specified"),
        ("sonnet-4-5-20250929-v1:0", {"temperature": 0.0, "topP": 1.0}, "cannot both be specified"),
        ("opus-4-5-20251101-v1:0", {"temperature": 0.0, "topP": 1.0}, "cannot both be specified"),
        ("sonnet-4-6", {"temperature": 0.0, "topP": 1.0}, "cannot both be specified"),
        ("haiku-4-5-20251001-v1:0", {"temperature": 0.0}, None),
        ("opus-4-7", {"temperature": 0.0}, "`temperature`"),
        ("opus-4-8", {"topP": 1.0}, "`top_p`"),
        ("sonnet-5", {"temperature": 0.0}, "`temperature`"),
        ("opus-5", {"temperature": 0.0, "topP": 1.0}, "`temperature`"),
        ("opus-5", {}, None),
    ],
)
def test_current_claudes_refuse_sampling_parameters(
    simulation: Simulation, model: str, config: dict[str, float], refused: str | None
) -> None:
    """Every run that names one as a judge meets this."""
    messages: Any = [{"role": "user", "content": [{"text": "Hello"}]}]
    model_id, inference = f"us.anthropic.claude-{model}", {"maxTokens": 100, **config}
    if refused is None:
        assert simulation.runtime.converse(modelId=model_id, messages=messages, inferenceConfig=inference)["output"]
        return
    with pytest.raises(ClientError, match=refused):
        simulation.runtime.converse(modelId=model_id, messages=messages, inferenceConfig=inference)


@pytest.mark.assumption("converse-no-sampling-parameters")
def test_top_k_is_refused_by_the_newest(simulation: Simulation) -> None:
    """It stands among the model's own fields."""
    messages: Any = [{"role": "user", "content": [{"text": "Hello"}]}]
    with pytest.raises(ClientError, match="top_k"):
        simulation.runtime.converse(
            modelId="us.anthropic.claude-opus-5", messages=messages, additionalModelRequestFields={"top_k": 5}
        )


@pytest.mark.assumption("quota-of-questions-a-minute", "quota-of-tokens-a-day", "quota-shared-by-the-ids-of-a-model")
class TestOnDemandQuotas:
    """An account with small quotas for foundation models."""

    @pytest.fixture
    def settings(self) -> SimulationSettings:
        return SimulationSettings(on_demand_requests_per_minute=2, on_demand_tokens_per_day=100)

    def test_requests_of_a_minute_and_tokens_of_a_day_end(self, simulation: Simulation) -> None:
        """The minute passes soon, the day does not; another model has quotas of its own."""

        def ask(model_id: str = HAIKU) -> str:
            messages: Any = [{"role": "user", "content": [{"text": "Hello " * 30}]}]
            try:
                simulation.runtime.converse(modelId=model_id, messages=messages, inferenceConfig={"maxTokens": 20})
            except ClientError as error:
                return str(error.response["Error"]["Message"])
            return "answered"

        assert [ask(), ask(f"us.{HAIKU}")] == ["answered", "answered"]
        assert ask("amazon.nova-lite-v1:0") == "answered"
        assert "per day" in ask() or "Too many requests" in ask()
        simulation.clock.advance(60)
        while (said := ask()) == "answered":
            simulation.clock.advance(60)
        assert said == "Too many tokens per day, please wait before trying again."
        simulation.clock.advance(23 * HOUR)
        assert "per day" in ask()
        simulation.clock.advance(HOUR)
        assert ask() == "answered"


@pytest.mark.assumption("converse-roles-alternate")
@pytest.mark.parametrize(
    ("roles", "expected"),
    [((), "at least one message"), (("assistant",), "start with a user message"), (("user", "user"), "must alternate")],
)
def test_a_conversation_alternates_from_the_user_on(
    simulation: Simulation, roles: tuple[str, ...], expected: str
) -> None:
    """Examples are sent as earlier turns: they must come in pairs."""
    messages: Any = [{"role": role, "content": [{"text": "Hello"}]} for role in roles]
    with pytest.raises(ClientError, match=expected) as error:
        simulation.runtime.converse(modelId=HAIKU, messages=messages)
    assert error.value.response["Error"]["Code"] == "ValidationException"
