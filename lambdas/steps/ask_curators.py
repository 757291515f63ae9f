"""Asks one model one question of curation, whoever stores the reply."""

import random
from collections.abc import Callable
from contextlib import suppress

from lambdas.adapters.aws.bedrock_runtime import BedrockRuntime
from lambdas.adapters.aws.service_errors import ModelFailed, NotFound, Refused, SpentForToday
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.curation.asks import Ask, StoredReply
from lambdas.domain.evaluation.answers import ModelAnswer
from lambdas.domain.evaluation.questions import Message, Question
from lambdas.steps.answering import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    MODEL_CANNOT_BE_ASKED,
    MOST_MODEL_FAILURES,
)


def reply_when_free(
    asked: Ask,
    runtime: BedrockRuntime,
    *,
    patience_seconds: float,
    sleep: Callable[[float], None],
    require_time: Callable[[], None] = lambda: None,
) -> StoredReply:
    """The reply of a model that may be busy for a while; `require_time` raises where there is no time for a question.

    Raises ServiceBusy where it stays busy for so long, SpentForToday at once where its quota of the day is used up, and
    Refused where it cannot be asked anything.
    """
    waited, pause = 0.0, FIRST_PAUSE_SECONDS
    while True:
        require_time()
        try:
            return reply_to(asked, runtime)
        except ServiceBusy as busy:
            if waited >= patience_seconds or isinstance(busy, SpentForToday):
                raise
        # Of many that wait, not all ask again at once.
        seconds = random.uniform(pause / 2, pause)  # noqa: S311 - no secret
        sleep(seconds)
        waited, pause = waited + seconds, min(LONGEST_PAUSE_SECONDS, pause * 2)


def reply_to(asked: Ask, runtime: BedrockRuntime) -> StoredReply:
    """The model's reply, or the error that it refuses this question with.

    Raises ServiceBusy where time may help, and Refused where the model cannot be asked anything.
    """
    reply = StoredReply(id=asked.id, stage=asked.stage, model=asked.model, prompt=asked.prompt.name)
    try:
        answer = _persist(asked, runtime)
    except ModelFailed as failure:
        return reply.model_copy(update={"error": str(failure)})
    except Refused as refusal:
        if isinstance(refusal, NotFound) or refusal.code in MODEL_CANNOT_BE_ASKED:
            raise
        return reply.model_copy(update={"error": f"{refusal.code}: {refusal.message}"})
    tokens = {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens}
    return reply.model_copy(update={**tokens, "text": answer.text})


def _persist(asked: Ask, runtime: BedrockRuntime) -> ModelAnswer:
    """An answer of a model that may fail over a question once or twice."""
    prompt = asked.prompt
    question = Question(0, prompt.system, (Message(role="user", content=prompt.user),), "")
    for _ in range(MOST_MODEL_FAILURES - 1):
        with suppress(ModelFailed):
            return runtime.converse(asked.model, question, prompt.settings)
    return runtime.converse(asked.model, question, prompt.settings)
