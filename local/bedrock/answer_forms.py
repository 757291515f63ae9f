"""What an answer through Converse is made of: blocks of text and others, and why the model stopped.

A model that reasons puts a block of reasoning before its text. The setting `answer_forms` has the forms that models
give now and then: several blocks, no block at all, and every reason to stop.
"""

import hashlib
from collections.abc import Iterable
from math import ceil
from typing import Any

from local.bedrock.settings import AnswerBlock, AnswerForm

REASONING: tuple[AnswerBlock, ...] = ("reasoning", "text")
TEXT: tuple[AnswerBlock, ...] = ("text",)


class AnswerForms:
    """The forms that are set. Each question to a model has its form, however often and in whatever order it comes."""

    def __init__(self, forms: Iterable[AnswerForm]) -> None:
        self._forms = tuple(forms)

    def choose(self, arn: str, question: str) -> AnswerForm | None:
        """The form of the answer of the model with this ARN; None for the model's own."""
        digest = hashlib.sha256(f"{arn}\n{question}".encode("utf-8", "surrogatepass")).digest()
        place = int.from_bytes(digest[:8]) / 2**64
        for form in self._forms:
            if form.model in arn:
                if place < form.share:
                    return form
                place -= form.share
        return None


def content_of(text: str, blocks: Iterable[AnswerBlock]) -> list[dict[str, Any]]:
    """The content of Converse's answer: blocks of text share the text, and none is empty."""
    kinds = list(blocks)
    texts = iter(_divide(text, kinds.count("text")))
    content = [{"text": next(texts)} if kind == "text" else _OTHERS[kind] for kind in kinds]
    return [block for block in content if block != {"text": ""}]


def _divide(text: str, parts: int) -> list[str]:
    size = ceil(len(text) / parts) if parts else 0
    return [text[part * size : (part + 1) * size] for part in range(parts)]


_OTHERS: dict[AnswerBlock, dict[str, Any]] = {
    "reasoning": {"reasoningContent": {"reasoningText": {"text": "The user asks.", "signature": "simulated"}}},
    "redacted_reasoning": {"reasoningContent": {"redactedContent": b"simulated"}},
    "tool_use": {"toolUse": {"toolUseId": "tooluse_simulated", "name": "search", "input": {"query": "?"}}},
}
