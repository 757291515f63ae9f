"""All formats that records come in: which one a value has, and what is asked of each."""

from collections.abc import Iterator, Mapping
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats.completion import COMPLETION
from lambdas.domain.dataset.formats.format import Format
from lambdas.domain.dataset.formats.messages import MESSAGES
from lambdas.domain.dataset.formats.nova import NOVA, NOVA_SCHEMA, has_single_blocks
from lambdas.domain.dataset.formats.question import QUESTION
from lambdas.domain.dataset.formats.record import GROUP_KEY, Conversion, Record, SourceFormat, Text
from lambdas.domain.models.catalogue import RecordFormat

# In the order in which they are asked: keys of the first ones may stand beside those of the others.
FORMATS: tuple[Format, ...] = (NOVA, MESSAGES, COMPLETION, QUESTION)
BY_NAME: Mapping[SourceFormat, Format] = {each.name: each for each in FORMATS}


def detect(value: Any) -> SourceFormat | None:
    """The format of a JSON line's value, by its keys; None for what is nobody's."""
    if not isinstance(value, dict):
        return None
    return next((each.name for each in FORMATS if each.recognises(value)), None)


def to_record(value: JsonObject, source_format: SourceFormat, conversion: Conversion) -> Record:
    """The canonical form of a value that breaks no rule."""
    return BY_NAME[source_format].to_record(value, conversion)


def texts(value: JsonObject, source_format: SourceFormat) -> Iterator[Text]:
    """All texts of a value of sound structure, as they came, the answer's last."""
    return BY_NAME[source_format].texts(value)


def conversion_needed(
    value: JsonObject, source_format: SourceFormat, record_format: RecordFormat, conversion: Conversion
) -> str | None:
    """What must be done to a value that breaks no rule before the base model is trained on it; None for nothing."""
    changed = _conversion_needed(value, source_format, record_format, conversion)
    if GROUP_KEY not in value:
        return changed
    return f"{changed}, group left out" if changed else "group left out"


def _conversion_needed(
    value: JsonObject, source_format: SourceFormat, record_format: RecordFormat, conversion: Conversion
) -> str | None:
    if source_format == "prompt/completion" and record_format == "prompt-completion":
        system = value.get("system", conversion.system)
        return None if system is None else "system text put before the prompt"
    if source_format != record_format:
        return f"converted from {source_format} to {record_format}"
    if source_format == NOVA_SCHEMA and not has_single_blocks(value):
        return "text blocks joined"
    return None
