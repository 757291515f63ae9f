"""Bedrock's inference, through the Converse API: one form for every model, however it is served."""

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from lambdas.adapters.aws.service_errors import Refused, named_errors
from lambdas.domain.evaluation.answers import ModelAnswer
from lambdas.domain.evaluation.questions import InferenceSettings, Question

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime import BedrockRuntimeClient
    from types_boto3_bedrock_runtime.type_defs import ConverseRequestTypeDef, InferenceConfigurationTypeDef

# The sampling parameters as a refusal names them; of two that may not stand together the first one goes.
_NAMED = {
    "top_p": re.compile(r"\btop_?p\b", re.IGNORECASE),
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
}


class BedrockRuntime:
    """Bedrock's inference. It remembers which sampling parameters each model refuses."""

    def __init__(self, client: "BedrockRuntimeClient") -> None:
        self._client = client
        self._refused: defaultdict[str, set[str]] = defaultdict(set)

    def converse(self, model_id: str, question: Question, settings: InferenceSettings) -> ModelAnswer:
        """A model's answer to a question; `model_id` is a model's id, or the ARN of a throughput or deployment.

        Current models refuse temperature together with top_p, or each of them: what a model refuses is left out, now
        and from then on. Raises ServiceBusy, NotFound or Refused.
        """
        while True:
            sent = settings.without(self._refused[model_id])
            try:
                return self._ask(model_id, question, sent)
            except Refused as refusal:
                name = _refused_parameter(refusal, sent)
                if name is None:
                    raise
                self._refused[model_id].add(name)

    def left_out(self, model_id: str, settings: InferenceSettings) -> list[str]:
        """The names of the sampling parameters that were set and not sent, since the model refuses them."""
        return sorted(settings.sent().keys() & self._refused[model_id])

    def _ask(self, model_id: str, question: Question, settings: InferenceSettings) -> ModelAnswer:
        config: InferenceConfigurationTypeDef = {"maxTokens": settings.max_tokens}
        if settings.temperature is not None:
            config["temperature"] = settings.temperature
        if settings.top_p is not None:
            config["topP"] = settings.top_p
        request: ConverseRequestTypeDef = {
            "modelId": model_id,
            "messages": [
                {"role": message.role, "content": [{"text": message.content}]} for message in question.messages
            ],
            "inferenceConfig": config,
        }
        if question.system:
            request["system"] = [{"text": question.system}]
        with named_errors("Converse"):
            response = self._client.converse(**request)
        content = response["output"].get("message", {"content": []})["content"]
        return ModelAnswer(
            # Blocks of reasoning have no text of the answer.
            text="".join(block.get("text", "") for block in content),
            input_tokens=response["usage"]["inputTokens"],
            output_tokens=response["usage"]["outputTokens"],
            latency_ms=response["metrics"]["latencyMs"],
            stop_reason=response["stopReason"],
        )


def _refused_parameter(refusal: Refused, sent: InferenceSettings) -> str | None:
    """The sampling parameter to leave out after a refusal; None where it is about none that was sent."""
    if refusal.code != "ValidationException":
        return None
    named = [name for name, words in _NAMED.items() if name in sent.sent() and words.search(refusal.message)]
    return next(iter(named), None)
