"""Bedrock's inference, through the Converse API: one form for every model, however it is served."""

from typing import TYPE_CHECKING

from lambdas.adapters.aws.service_errors import named_errors
from lambdas.domain.evaluation.answers import ModelAnswer
from lambdas.domain.evaluation.questions import InferenceSettings, Question

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime import BedrockRuntimeClient
    from types_boto3_bedrock_runtime.type_defs import ConverseRequestTypeDef


class BedrockRuntime:
    """Bedrock's inference."""

    def __init__(self, client: "BedrockRuntimeClient") -> None:
        self._client = client

    def converse(self, model_id: str, question: Question, settings: InferenceSettings) -> ModelAnswer:
        """A model's answer to a question; `model_id` is a model's id, or the ARN of a throughput or deployment.

        Raises ServiceBusy, NotFound or Refused.
        """
        request: ConverseRequestTypeDef = {
            "modelId": model_id,
            "messages": [
                {"role": message.role, "content": [{"text": message.content}]} for message in question.messages
            ],
            "inferenceConfig": {
                "maxTokens": settings.max_tokens,
                "temperature": settings.temperature,
                "topP": settings.top_p,
            },
        }
        if question.system:
            request["system"] = [{"text": question.system}]
        with named_errors("Converse"):
            response = self._client.converse(**request)
        content = response["output"].get("message", {"content": []})["content"]
        return ModelAnswer(
            text="".join(block.get("text", "") for block in content),
            input_tokens=response["usage"]["inputTokens"],
            output_tokens=response["usage"]["outputTokens"],
            latency_ms=response["metrics"]["latencyMs"],
            stop_reason=response["stopReason"],
        )
