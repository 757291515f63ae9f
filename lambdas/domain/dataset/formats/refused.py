"""Data that is sound for something else than tuning on texts under supervision: named as what it is."""

from collections.abc import Callable
from typing import Any, NamedTuple

from lambdas.domain.core.fact import JsonObject

# Of direct preference optimization, by the names of public data sets and OpenAI's.
_PREFERENCES = ({"chosen", "rejected"}, {"preferred_output", "non_preferred_output"})
_TOOL_SETTINGS = ("tools", "functions", "toolConfig")
_TOOL_KEYS = frozenset({"tool_calls", "function_call", "tool_call_id", "toolUse", "toolResult"})
_TOOL_ROLES = ("tool", "function", "function_call", "function_response", "observation")
_TOOL_TYPES = ("tool_use", "tool_result")
_FILES = frozenset({"image", "images", "video", "videos", "audio", "audios"})
_BLOCKS = frozenset({"image", "video", "audio", "document", "image_url", "video_url", "input_audio", "file"})
_NOT_FOR_TEXT = frozenset({"label", "labels", "class", "category", "summary", "target", "sentiment", "intent"})


class RefusedFormat(NamedTuple):
    """A kind of data that no run tunes on: what its records are, and what a person can do."""

    what: str
    recognises: Callable[[JsonObject], bool]
    remedy: str


def refused(value: JsonObject) -> RefusedFormat | None:
    """The kind that a record is of, though it may have the keys of a format."""
    return next((kind for kind in KINDS if kind.recognises(value)), None)


def _is_preference(value: JsonObject) -> bool:
    named = any(value.keys() >= keys for keys in _PREFERENCES)
    return named or (isinstance(value.get("label"), bool) and "completion" in value)


def _has_tool_calls(value: JsonObject) -> bool:
    for key in _TOOL_SETTINGS:
        if key in value and _is_filled(value[key]):
            return True
    for turn in _turns(value):
        if turn.get("role", turn.get("from")) in _TOOL_ROLES or (not _TOOL_KEYS.isdisjoint(turn) and _calls(turn)):
            return True
        for block in _blocks(turn):
            if not _TOOL_KEYS.isdisjoint(block) or block.get("type") in _TOOL_TYPES:
                return True
    return False


def _calls(turn: JsonObject) -> bool:
    return any(turn.get(key) for key in _TOOL_KEYS)


def _is_filled(settings: Any) -> bool:
    """Whether there are definitions of tools: a list, an object, or one of them written as a text."""
    if isinstance(settings, str):
        return settings.lstrip().startswith(("[{", '{"'))
    return isinstance(settings, list | dict) and bool(settings)


def _has_files(value: JsonObject) -> bool:
    if not _FILES.isdisjoint(value) and any(value.get(key) for key in _FILES):
        return True
    for turn in _turns(value):
        if not _FILES.isdisjoint(turn) and any(turn.get(key) for key in _FILES):
            return True
        for block in _blocks(turn):
            if not _BLOCKS.isdisjoint(block) or block.get("type") in _BLOCKS:
                return True
    return False


def _has_refusals(value: JsonObject) -> bool:
    return any(turn.get("refusal") for turn in _turns(value))


def _is_text_alone(value: JsonObject) -> bool:
    return isinstance(value.get("text"), str) and value.keys().isdisjoint(_NOT_FOR_TEXT)


def _turns(value: JsonObject) -> list[JsonObject]:
    for key in ("messages", "conversations", "conversation"):
        turns = value.get(key)
        if isinstance(turns, list):
            return [turn for turn in turns if isinstance(turn, dict)]
    return []


def _blocks(turn: JsonObject) -> list[JsonObject]:
    content = turn.get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


KINDS = (
    RefusedFormat(
        "preference data: answers marked as chosen or rejected",
        _is_preference,
        "Tuning under supervision learns from one answer: write the question as prompt and the chosen answer as "
        "completion, and leave rejected ones out.",
    ),
    RefusedFormat(
        "data for reinforcement fine-tuning: a reference_answer for a grader",
        lambda value: "reference_answer" in value,
        "Bedrock takes it for reinforcement fine-tuning of Nova 2 Lite, which a run does not start. To tune under "
        "supervision, write reference_answer as the assistant's last message.",
    ),
    RefusedFormat(
        "tool calls",
        _has_tool_calls,
        "Bedrock trains Nova models on tool calls, but a run compares answers that are texts: write each call as text "
        "in the answer, and the tools in the system text, or leave these records out.",
    ),
    RefusedFormat(
        "refusals, which stand in the place of an answer",
        _has_refusals,
        "Write what the refusal says as the content of its message where the model is to learn it, or leave these "
        "records out.",
    ),
    RefusedFormat(
        "images, sound or other files beside the text",
        _has_files,
        "Bedrock trains Nova Lite, Pro and 2 Lite on images and documents, but a run compares answers to texts alone: "
        "put what the file says into the prompt, or leave these records out.",
    ),
)
# Asked only where a record has no format: a text may stand beside a question and its answer.
TEXT_ALONE = RefusedFormat(
    "texts alone, without questions",
    _is_text_alone,
    "Tuning under supervision needs a question and its answer: split each text into prompt and completion.",
)
