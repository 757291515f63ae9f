"""Inference: InvokeModel with the body formats of Claude, Nova and Llama, Converse, and CountTokens.

Every format becomes one Conversation, which a simulated model answers; latency is estimated, nobody waits for it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as BodyError

from local.bedrock import sampling
from local.bedrock.answer_forms import REASONING, TEXT, AnswerForms, content_of
from local.bedrock.custom_model_deployments import Deployments
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.errors import NotFoundError, ValidationError
from local.bedrock.foundation_models import (
    FOUNDATION_MODELS,
    FoundationModel,
    SimulatedFoundationModels,
    without_profile,
)
from local.bedrock.model_access import AccessToModels
from local.bedrock.models.base import BaseModel as SimulatedBaseModel
from local.bedrock.models.curator import NO_ERRORS, CuratorErrors
from local.bedrock.on_demand_quotas import OnDemandQuotas
from local.bedrock.provisioned_throughput import Throughputs
from local.bedrock.resources import new_id
from local.bedrock.settings import AnswerBlock, AnswerForm, StopReason
from local.bedrock.tokens import TOKENS_PER_MESSAGE, count_tokens, cut

FIRST_TOKEN_MS = 180
MS_PER_OUTPUT_TOKEN = 9
MS_PER_INPUT_TOKEN = 0.05


@dataclass(frozen=True)
class ModelRequest:
    """A request to a model: alternating turns, the user first, as (role, text)."""

    system: str
    turns: tuple[tuple[str, str], ...]
    max_tokens: int
    stop_sequences: tuple[str, ...] = ()

    @property
    def input_tokens(self) -> int:
        """Estimated tokens of system text and turns."""
        texts = [self.system, *(text for _, text in self.turns)]
        return sum(count_tokens(text) for text in texts) + TOKENS_PER_MESSAGE * len(self.turns)


@dataclass(frozen=True)
class Reply:
    """What a model answered."""

    text: str
    stop_reason: StopReason
    input_tokens: int
    output_tokens: int

    @property
    def latency_ms(self) -> int:
        """A plausible latency: it grows with the tokens, so that briefer answers are quicker."""
        return round(FIRST_TOKEN_MS + MS_PER_INPUT_TOKEN * self.input_tokens + MS_PER_OUTPUT_TOKEN * self.output_tokens)


@dataclass(frozen=True)
class InvokeModelAnswer:
    """InvokeModel's answer: its body, and the headers that carry tokens and latency."""

    body: bytes
    headers: dict[str, str]


class Runtime:
    """Answers with foundation models on demand and with custom models through their throughput or deployment."""

    def __init__(
        self,
        foundation_models: SimulatedFoundationModels,
        throughputs: Throughputs,
        deployments: Deployments,
        custom_models: CustomModels,
        access: AccessToModels,
        quotas: OnDemandQuotas,
        forms: Iterable[AnswerForm],
        errors: CuratorErrors,
    ) -> None:
        self._foundation_models = foundation_models
        self._throughputs = throughputs
        self._deployments = deployments
        self._custom_models = custom_models
        self._access = access
        self._quotas = quotas
        self._forms = AnswerForms(forms)
        self._errors = errors

    def resolve(self, identifier: str, operation: str) -> FoundationModel | CustomModel:
        """The model that an operation invokes by id or ARN, or Bedrock's error. Called under the service's lock."""
        if ":provisioned-model/" in identifier or self._throughputs.find(identifier) is not None:
            return self._throughputs.model_in_service(identifier)
        if ":custom-model-deployment/" in identifier:
            return self._deployments.active_model(identifier)
        if self._custom_models.find(identifier) is not None:
            raise _not_on_demand(identifier)
        name = identifier.rpartition("/")[2]
        model = FOUNDATION_MODELS.get(without_profile(name))
        if model is None:
            if ":custom-model/" in identifier:
                raise NotFoundError("Could not resolve the custom model from the provided model identifier.")
            raise ValidationError("The provided model identifier is invalid.")
        self._foundation_models.refuse_unused(model)
        if model.customization is not None and operation == "Converse":
            # An id with a context length is for customization.
            raise NotFoundError("Model not found.")
        is_profile = name != model.model_id
        if model.customization is not None or not (is_profile or "ON_DEMAND" in model.inference_types):
            raise _not_on_demand(identifier)
        self._access.refuse_denied(model)
        return model

    def invoke(self, model: FoundationModel | CustomModel, body: bytes) -> InvokeModelAnswer:
        """InvokeModel: the body is in the model family's own format."""
        family = model.base_model.family if isinstance(model, CustomModel) else model.family
        read, write = BODY_FORMATS[family]
        reply = self._answer(model, read(body))
        output = write(reply, model.base_model.model_id if isinstance(model, CustomModel) else model.model_id)
        headers = {
            "X-Amzn-Bedrock-Invocation-Latency": str(reply.latency_ms),
            "X-Amzn-Bedrock-Input-Token-Count": str(reply.input_tokens),
            "X-Amzn-Bedrock-Output-Token-Count": str(reply.output_tokens),
        }
        return InvokeModelAnswer(json.dumps(output).encode(), headers)

    def invoke_json(self, model: FoundationModel | CustomModel, body: dict[str, Any]) -> dict[str, Any]:
        """InvokeModel with a body that is a JSON object, as in a batch job."""
        output: dict[str, Any] = json.loads(self.invoke(model, json.dumps(body).encode()).body)
        return output

    def converse(self, model: FoundationModel | CustomModel, params: dict[str, Any]) -> dict[str, Any]:
        """Converse: text only, behind a block of reasoning where the model reasons, or in a form that is set."""
        asked = _conversation_of_converse(params)
        reply, blocks = self._answer_converse(model, asked, params)
        arn = model.arn if isinstance(model, CustomModel) else self._foundation_models.arn(model)
        form = self._forms.choose(arn, asked.turns[-1][1])
        stop_reason = reply.stop_reason
        if form is not None:
            blocks = blocks if form.blocks is None else form.blocks
            stop_reason = form.stop_reason or stop_reason
        return {
            "output": {"message": {"role": "assistant", "content": content_of(reply.text, blocks)}},
            "stopReason": stop_reason,
            "usage": {
                "inputTokens": reply.input_tokens,
                "outputTokens": reply.output_tokens,
                "totalTokens": reply.input_tokens + reply.output_tokens,
            },
            "metrics": {"latencyMs": reply.latency_ms},
        }

    def _answer_converse(
        self, model: FoundationModel | CustomModel, asked: ModelRequest, params: dict[str, Any]
    ) -> tuple[Reply, tuple[AnswerBlock, ...]]:
        """The model's reply, and the blocks that it has by itself."""
        if isinstance(model, CustomModel):
            return self._answer(model, asked), TEXT
        sampling.refuse_sampling(model, params)
        if not sampling.reasons(model):
            return self._answer(model, asked), TEXT
        reply = self._answer(model, replace(asked, max_tokens=max(0, asked.max_tokens - sampling.REASONING_TOKENS)))
        thought = min(asked.max_tokens, sampling.REASONING_TOKENS)
        return replace(reply, output_tokens=reply.output_tokens + thought), REASONING

    def _answer(self, model: FoundationModel | CustomModel, conversation: ModelRequest) -> Reply:
        """The model's reply, within the quotas of a foundation model."""
        if isinstance(model, CustomModel):
            return answer(model, conversation)
        self._quotas.take_request(model)
        reply = answer(model, conversation, self._errors)
        self._quotas.spend_tokens(model, reply.input_tokens + reply.output_tokens)
        return reply

    def count_tokens(self, model: FoundationModel | CustomModel, params: dict[str, Any]) -> dict[str, Any]:
        """CountTokens: foundation models only, as on AWS."""
        if isinstance(model, CustomModel):
            raise ValidationError("The provided model doesn't support counting tokens.")
        request = params["input"]
        if "invokeModel" in request:
            read, _ = BODY_FORMATS[model.family]
            conversation = read(request["invokeModel"]["body"])
        else:
            conversation = _conversation_of_converse(request["converse"])
        return {"inputTokens": conversation.input_tokens}


def answer(
    model: FoundationModel | CustomModel, conversation: ModelRequest, errors: CuratorErrors = NO_ERRORS
) -> Reply:
    """Ask a simulated model, and end the answer where the request says so."""
    if isinstance(model, CustomModel):
        text = model.training.model.answer(conversation.system, conversation.turns)
    else:
        text = SimulatedBaseModel(model.verbosity, model.model_id, errors).answer(
            conversation.system, conversation.turns
        )
    stop_reason: StopReason = "end_turn"
    text, was_cut = cut(text, conversation.max_tokens)
    if was_cut:
        stop_reason = "max_tokens"
    ends = [text.index(stop) for stop in conversation.stop_sequences if stop in text]
    if ends:
        text, stop_reason = text[: min(ends)], "stop_sequence"
    return Reply(text, stop_reason, conversation.input_tokens, count_tokens(text))


def _not_on_demand(identifier: str) -> ValidationError:
    return ValidationError(
        f"Invocation of model ID {identifier} with on-demand throughput isn\u2019t supported. Retry your request with "
        "the ID or ARN of an inference profile that contains this model."
    )


# --- Converse ---------------------------------------------------------------------------------------------------------


def _conversation_of_converse(params: dict[str, Any]) -> ModelRequest:
    if params.get("toolConfig"):
        raise ValidationError("The simulated Bedrock has no tools.")
    config = params.get("inferenceConfig", {})
    messages = params.get("messages", [])
    for place, message in enumerate(messages):
        _refuse_blank(message["content"], place)
    turns = tuple((message["role"], _text_of(message["content"])) for message in messages)
    _check_roles([role for role, _ in turns])
    return ModelRequest(
        system=_text_of(params.get("system", [])),
        turns=turns,
        max_tokens=config.get("maxTokens", 4096),
        stop_sequences=tuple(config.get("stopSequences", [])),
    )


def _text_of(blocks: list[dict[str, Any]]) -> str:
    others = [key for block in blocks for key in block if key != "text"]
    if others:
        raise ValidationError(f"The simulated Bedrock takes text only, not {others[0]}.")
    return "\n".join(block["text"] for block in blocks)


def _refuse_blank(blocks: list[dict[str, Any]], message: int) -> None:
    for place, block in enumerate(blocks):
        if not block.get("text", "x").strip():
            raise ValidationError(
                f"The text field in the ContentBlock object at messages.{message}.content.{place} is blank. Add text "
                "to the text field, and try again."
            )


def _check_roles(roles: list[str]) -> None:
    if not roles:
        raise ValidationError("messages: at least one message is required")
    if roles[0] != "user":
        raise ValidationError(
            "A conversation must start with a user message. Try again with a conversation that starts "
            "with a user message."
        )
    for before, role in pairwise(roles):
        if before == role:
            raise ValidationError(
                'messages: roles must alternate between "user" and "assistant", but found multiple '
                f'"{role}" roles in a row'
            )


# --- Bodies of InvokeModel --------------------------------------------------------------------------------------------


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _TextBlock(_Body):
    type: Literal["text"] = "text"
    text: Annotated[str, Field(min_length=1)]


class _ClaudeMessage(_Body):
    role: Literal["user", "assistant"]
    content: Annotated[str, Field(min_length=1)] | list[_TextBlock]


class _ClaudeBody(_Body):
    """The Messages API of Anthropic's models on Bedrock."""

    anthropic_version: Literal["bedrock-2023-05-31"]
    max_tokens: Annotated[int, Field(ge=1, strict=True)]
    messages: list[_ClaudeMessage]
    system: str | list[_TextBlock] = ""
    temperature: Annotated[float, Field(ge=0, le=1)] = 1.0
    top_p: Annotated[float, Field(ge=0, le=1)] = 0.999
    top_k: Annotated[int, Field(ge=0)] = 250
    stop_sequences: list[str] = []


class _NovaText(_Body):
    text: Annotated[str, Field(min_length=1)]


class _NovaMessage(_Body):
    role: Literal["user", "assistant"]
    content: list[_NovaText]


class _NovaInference(_Body):
    maxTokens: Annotated[int, Field(ge=1)] = 4096  # noqa: N815 - the format's own names
    temperature: Annotated[float, Field(ge=0, le=1)] = 0.7
    topP: Annotated[float, Field(ge=0, le=1)] = 0.9  # noqa: N815
    topK: Annotated[int, Field(ge=0)] = 50  # noqa: N815
    stopSequences: list[str] = []  # noqa: N815


class _NovaBody(_Body):
    """The native format of Amazon Nova."""

    schemaVersion: Literal["messages-v1"] = "messages-v1"  # noqa: N815
    messages: list[_NovaMessage]
    system: list[_NovaText] = []
    inferenceConfig: _NovaInference = _NovaInference()  # noqa: N815


class _LlamaBody(_Body):
    """The native format of Meta's Llama."""

    prompt: Annotated[str, Field(min_length=1)]
    max_gen_len: Annotated[int, Field(ge=1, le=8192)] = 512
    temperature: Annotated[float, Field(ge=0, le=1)] = 0.5
    top_p: Annotated[float, Field(ge=0, le=1)] = 0.9


_B = TypeVar("_B", bound=_Body)


def _parse_body(kind: type[_B], body: bytes) -> _B:
    try:
        return kind.model_validate_json(body)
    except BodyError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"]) or "#"
        raise ValidationError(
            f"Malformed input request: #/{path}: {first['msg']}, please reformat your input and try again."
        ) from error


def _joined(content: str | list[_TextBlock] | list[_NovaText]) -> str:
    return content if isinstance(content, str) else "\n".join(block.text for block in content)


def _read_claude(body: bytes) -> ModelRequest:
    request = _parse_body(_ClaudeBody, body)
    _check_roles([message.role for message in request.messages])
    turns = tuple((message.role, _joined(message.content)) for message in request.messages)
    return ModelRequest(_joined(request.system), turns, request.max_tokens, tuple(request.stop_sequences))


def _write_claude(reply: Reply, model_id: str) -> dict[str, Any]:
    return {
        "id": f"msg_bdrk_{new_id()}",
        "type": "message",
        "role": "assistant",
        "model": model_id,
        "content": [{"type": "text", "text": reply.text}],
        "stop_reason": reply.stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens},
    }


def _read_nova(body: bytes) -> ModelRequest:
    request = _parse_body(_NovaBody, body)
    _check_roles([message.role for message in request.messages])
    turns = tuple((message.role, _joined(message.content)) for message in request.messages)
    config = request.inferenceConfig
    return ModelRequest(_joined(request.system), turns, config.maxTokens, tuple(config.stopSequences))


def _write_nova(reply: Reply, _: str) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": reply.text}]}},
        "stopReason": reply.stop_reason,
        "usage": {
            "inputTokens": reply.input_tokens,
            "outputTokens": reply.output_tokens,
            "totalTokens": reply.input_tokens + reply.output_tokens,
        },
    }


def _read_llama(body: bytes) -> ModelRequest:
    request = _parse_body(_LlamaBody, body)
    return ModelRequest("", (("user", request.prompt),), request.max_gen_len)


def _write_llama(reply: Reply, _: str) -> dict[str, Any]:
    return {
        "generation": reply.text,
        "prompt_token_count": reply.input_tokens,
        "generation_token_count": reply.output_tokens,
        "stop_reason": "length" if reply.stop_reason == "max_tokens" else "stop",
    }


BODY_FORMATS: dict[str, tuple[Callable[[bytes], ModelRequest], Callable[[Reply, str], dict[str, Any]]]] = {
    "anthropic": (_read_claude, _write_claude),
    "amazon": (_read_nova, _write_nova),
    "meta": (_read_llama, _write_llama),
}
