"""Formats whose records are one question and one answer: a few texts by name, as in the columns of a table."""

from collections.abc import Callable, Iterator
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats import checks
from lambdas.domain.dataset.formats.checks import is_space
from lambdas.domain.dataset.formats.format import Format, Shape
from lambdas.domain.dataset.formats.record import (
    GROUP_KEY,
    Conversion,
    Record,
    SourceFormat,
    Text,
    with_context,
)
from lambdas.domain.dataset.rules.table import RecordFinding

_SYSTEM_AND_GROUP = ("system", GROUP_KEY)


def format_of_columns(
    name: SourceFormat, *, title: str, example: str, prompt: str, answer: str, context: str | None = None
) -> Format:
    """The format of records with such keys, a system text and a group if wanted."""
    contexts = () if context is None else (context,)
    own = (*contexts, prompt, answer)

    def recognises(value: JsonObject) -> bool:
        return not value.keys().isdisjoint(own)

    def findings(value: JsonObject) -> Iterator[RecordFinding]:
        yield from checks.unknown_keys(value, frozenset({*own, *_SYSTEM_AND_GROUP}))
        yield from checks.missing_keys(value, (prompt, answer))
        yield from checks.texts(value, (*_SYSTEM_AND_GROUP, prompt, answer, *contexts))

    def texts(value: JsonObject) -> Iterator[Text]:
        if "system" in value:
            yield Text("/system", value["system"], is_answer=False)
        tagged = context in value
        if tagged:
            yield Text(f"/{context}", value[context or ""], is_answer=False, after_line_feed=True)
        yield Text(f"/{prompt}", value[prompt], is_answer=False, after_line_feed=tagged)
        yield Text(f"/{answer}", value[answer], is_answer=True)

    def to_record(value: JsonObject, conversion: Conversion) -> Record:
        asked = with_context(value.get(context or ""), value[prompt], conversion.context_tag)
        return Record(value.get("system", conversion.system), [asked, value[answer]])

    return Format(
        name=name,
        title=title,
        example=example,
        recognises=recognises,
        shape=Shape((*_SYSTEM_AND_GROUP, *own), _keys(prompt, answer, (*contexts, *_SYSTEM_AND_GROUP))),
        findings=findings,
        texts=texts,
        to_record=to_record,
        is_converted_text=True,
    )


def _keys(prompt: str, answer: str, optional: tuple[str, ...]) -> Callable[[Any], int]:
    def keys(value: Any) -> int:
        try:
            texts = [value[prompt], value[answer]]
            if len(value) != 2:
                texts += [value[key] for key in optional if key in value]
            for text in texts:
                if not text or is_space(text):
                    return 0
        except (KeyError, TypeError):
            return 0
        return len(value) if len(value) == len(texts) else 0

    return keys
