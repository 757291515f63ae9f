"""What a model is asked: a record of the test set without its reference, and the settings that all arms share."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from lambdas.domain.core.fact import Fact


def _join_blocks(value: object) -> object:
    """Nova's text blocks as one text, without what the model is to think; pydantic refuses anything else."""
    if not isinstance(value, list):
        return value
    blocks = [block for block in value if not (isinstance(block, dict) and "reasoningContent" in block)]
    if all(isinstance(block, dict) and isinstance(block.get("text"), str) for block in blocks):
        return "\n".join(block["text"] for block in blocks)
    return value


_Text = Annotated[str, BeforeValidator(_join_blocks)]


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(defer_build=True)

    role: Literal["user", "assistant"]
    content: _Text


class Conversation(BaseModel):
    """A record as a run writes its sets, in any base model's format; the last message is the reference.

    A prompt with a completion is one question: the user's text is the trained prompt, word for word.
    """

    model_config = ConfigDict(defer_build=True)

    system: _Text | None = None
    messages: list[Message] = Field(min_length=2)

    @model_validator(mode="before")
    @classmethod
    def _from_completion(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "prompt" not in value:
            return value
        texts = {"user": value["prompt"], "assistant": value.get("completion")}
        return {"messages": [{"role": role, "content": text} for role, text in texts.items()]}


@dataclass(frozen=True)
class Question:
    """A test record without its reference, ready to be asked."""

    index: int
    system: str | None
    messages: tuple[Message, ...]
    reference: str

    @property
    def prompt(self) -> str:
        """What the report shows: the user's text, or all messages by role. The system text stays in the data set."""
        if len(self.messages) == 1:
            return self.messages[0].content
        return "\n\n".join(f"{message.role}: {message.content}" for message in self.messages)


class InferenceSettings(Fact):
    """How a model is asked: the same for every arm, so that arms can be compared. What is not set is not sent."""

    max_tokens: int = Field(ge=1)
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, gt=0, le=1)

    def without(self, names: Collection[str]) -> "InferenceSettings":
        """These settings without the sampling parameters of these names."""
        return self.model_copy(update=dict.fromkeys(names))

    def sent(self) -> dict[str, int | float]:
        """The parameters that are sent, by name."""
        return self.model_dump(exclude_none=True)


def parse_question(index: int, line: bytes) -> Question:
    """The question in one line of the test set. Raises pydantic's ValidationError where the line is no such record."""
    record = Conversation.model_validate_json(line)
    return Question(index, record.system, tuple(record.messages[:-1]), record.messages[-1].content)


def find_question(index: int, line: bytes) -> Question | None:
    """The question in one line of the test set; None where the line is no test record."""
    try:
        return parse_question(index, line)
    except ValidationError:
        return None
