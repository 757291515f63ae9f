"""All formats that records come in: which one a value has, and what is asked of each."""

from collections.abc import Iterator, Mapping
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.core.outside_text import name
from lambdas.domain.dataset.formats.completion import COMPLETION
from lambdas.domain.dataset.formats.format import Format
from lambdas.domain.dataset.formats.instruction import ALPACA, DOLLY, INPUT_OUTPUT, PAIRS
from lambdas.domain.dataset.formats.messages import MESSAGES
from lambdas.domain.dataset.formats.nova import NOVA, NOVA_SCHEMA, rewriting_needed
from lambdas.domain.dataset.formats.openai_chat import OPENAI_CHAT
from lambdas.domain.dataset.formats.question import QUESTION
from lambdas.domain.dataset.formats.record import GROUP_KEY, Conversion, Record, SourceFormat, Text
from lambdas.domain.dataset.formats.refused import TEXT_ALONE, RefusedFormat
from lambdas.domain.dataset.formats.refused import refused as refused_kind
from lambdas.domain.dataset.formats.sharegpt import SHAREGPT
from lambdas.domain.models.catalogue import BaseModelEntry

# In the order in which they are asked: keys of the first ones may stand beside those of the others.
FORMATS: tuple[Format, ...] = (
    NOVA,
    OPENAI_CHAT,
    MESSAGES,
    SHAREGPT,
    COMPLETION,
    DOLLY,
    ALPACA,
    QUESTION,
    INPUT_OUTPUT,
    *PAIRS,
)
BY_NAME: Mapping[SourceFormat, Format] = {each.name: each for each in FORMATS}


def classify(value: Any) -> SourceFormat | RefusedFormat | None:
    """The format of a JSON line's value, by its keys, or the kind of data, sound for something else, that it is.

    None for what is nobody's. A format whose required keys are all there comes before one of which a key is missing.
    """
    if not isinstance(value, dict):
        return None
    kind = refused_kind(value)
    if kind is not None:
        return kind
    found = [each for each in FORMATS if each.recognises(value)]
    complete = (each for each in found if all(key in value for key in each.required))
    chosen = next(complete, found[0] if found else None)
    if chosen is None:
        return TEXT_ALONE if TEXT_ALONE.recognises(value) else None
    return chosen.name


def detect(value: Any) -> SourceFormat | None:
    """The format of a JSON line's value; None for what has none."""
    found = classify(value)
    return None if isinstance(found, RefusedFormat) else found


def to_record(value: JsonObject, source_format: SourceFormat, conversion: Conversion) -> Record:
    """The canonical form of a value that breaks no rule."""
    return BY_NAME[source_format].to_record(value, conversion)


def texts(value: JsonObject, source_format: SourceFormat) -> Iterator[Text]:
    """All texts of a value of sound structure, as they came, the answer's last."""
    return BY_NAME[source_format].texts(value)


def changes(value: JsonObject, source_format: SourceFormat, model: BaseModelEntry, conversion: Conversion) -> list[str]:
    """What must be done to a value that breaks no rule before the base model is trained on it; empty for nothing."""
    changed = _conversion_needed(value, source_format, model, conversion)
    if GROUP_KEY in value:
        changed[:1] = [f"{changed[0]}, group left out" if changed else "group left out"]
    left_out = BY_NAME[source_format].left_out
    return changed if left_out is None else [*changed, *(f"{name(what)} left out" for what in left_out(value))]


def _conversion_needed(
    value: JsonObject, source_format: SourceFormat, model: BaseModelEntry, conversion: Conversion
) -> list[str]:
    record_format = model.record_format
    if source_format == "prompt/completion" and record_format == "prompt-completion":
        system = value.get("system", conversion.system)
        added = [] if system is None else ["system text put before the prompt"]
        return [*added, *(["document put before the prompt"] if "context" in value or "document" in value else [])]
    if source_format == NOVA_SCHEMA:
        rewritten = rewriting_needed(value, keeps_reasoning=model.learns_reasoning)
        if record_format == NOVA_SCHEMA:
            return rewritten
        converted = [f"converted from {source_format} to {record_format}"]
        return [*converted, *(each for each in rewritten if "left out" in each)]
    return [] if source_format == record_format else [f"converted from {source_format} to {record_format}"]
