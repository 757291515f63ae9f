"""The one canonical record that all formats become, and what a format's reader is asked for on the way."""

from typing import Final, Literal, NamedTuple

from lambdas.domain.dataset.formats.mapping import ColumnMapping

SourceFormat = Literal[
    "messages",
    "openai-chat",
    "prompt/completion",
    "bedrock-conversation-2024",
    "document/question/answer",
    "alpaca",
    "dolly",
    "sharegpt",
    "input/output",
    "prompt/response",
    "question/response",
    "query/response",
]

DEFAULT_CONTEXT_TAG = "document"
# Names the records that must stay on one side of a split. It is no part of what a model is trained on or asked.
GROUP_KEY: Final = "group"


class Record(NamedTuple):
    """The canonical form: an optional system text and the turns, user first; the last one is the reference answer.

    `reasoning` has, for each turn, what the model thinks before it; empty where no turn has any.
    """

    system: str | None
    turns: list[str]
    reasoning: tuple[str | None, ...] = ()


class Conversion(NamedTuple):
    """What is added in converting: a system text for records that are no conversations, the tag around documents.

    `mapping` makes records of columns that are of no known format.
    """

    system: str | None = None
    context_tag: str = DEFAULT_CONTEXT_TAG
    mapping: ColumnMapping | None = None


class Text(NamedTuple):
    """A text of a record as it came, with its JSON Pointer.

    `after_line_feed`: a line feed stands before it in the canonical record.
    """

    pointer: str
    text: str
    is_answer: bool
    after_line_feed: bool = False


def with_context(context: str | None, question: str, tag: str) -> str:
    """A question after the document that it is about, which stands in XML tags.

    The base models are trained to tell context so marked from instructions.
    """
    return question if context is None else f"<{tag}>\n{context}\n</{tag}>\n\n{question}"
