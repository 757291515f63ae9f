"""One record by small rules that explain what is wrong, whatever format it is in."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset import formats
from lambdas.domain.dataset.formats import GROUP_KEY, Conversion, RefusedFormat, Text, checks
from lambdas.domain.dataset.reading.blocks import MAX_LINE_BYTES
from lambdas.domain.dataset.reading.mapped_values import offer_mapping, shown_columns
from lambdas.domain.dataset.reading.nested import list_in_object, list_of_records
from lambdas.domain.dataset.rules import remedies
from lambdas.domain.dataset.rules.table import RecordFinding
from lambdas.domain.models.catalogue import BaseModelEntry

_HEAD_BYTES = 64 * 1024


def findings(line: bytes, value: Any, model: BaseModelEntry) -> list[RecordFinding]:
    """What a line's JSON value breaks of the rules for records; tokens are counted elsewhere."""
    if not isinstance(value, dict):
        message = f"A JSON object is needed, not {checks.kind(value)}."
        return [RecordFinding("record-type", "", message, remedies.for_record(value))]
    source_format = formats.classify(value)
    if isinstance(source_format, RefusedFormat):
        return [RecordFinding("unsupported-format", "", f"The record contains {source_format.what}.")]
    if (whole := _whole_file(value)) is not None:
        return [whole]
    if source_format is None:
        message = f"The keys {shown_columns([*value])} are those of no format."
        return [RecordFinding("missing-key", "", message, offer_mapping([*value]))]
    form = formats.BY_NAME[source_format]
    # A key that is left out may stand twice.
    found = [*form.findings(value), *_duplicate_keys(line, None if form.left_out is None else form.shape.names)]
    if found:
        return found
    turns = form.to_record(value, Conversion()).turns if model.record_format == "prompt-completion" else ()
    if len(turns) > 2:
        pointer = next(f"/{key}" for key in ("messages", "conversations", "conversation", "history") if key in value)
        message = f"{model.name} learns one prompt and one answer; there are {len(turns)} messages."
        return [RecordFinding("single-turn", pointer, message)]
    texts = [*_group_text(value), *formats.texts(value, source_format)]
    return [*_empty_texts(texts), *_reserved_words(texts, model)]


def too_long(line: bytes) -> RecordFinding:
    """What is wrong with a line of which only the start is here."""
    if nested := list_in_object(line[:_HEAD_BYTES]):
        return RecordFinding("record-type", "", *nested)
    return RecordFinding("line-length", "", f"The line has more than {MAX_LINE_BYTES} bytes.")


def _whole_file(value: JsonObject) -> RecordFinding | None:
    """What one object is that holds all of a file's records: its columns, or a list of records."""
    lists = {key: each for key, each in value.items() if isinstance(each, list | dict) and len(each) > 1}
    sizes = {len(each) for each in lists.values()}
    if len(lists) > 1 and len(lists) == len(value) and len(sizes) == 1 and all(map(_is_column, lists.values())):
        message = f"The object holds columns of {sizes.pop()} texts and is no record: {shown_columns([*value])}."
        remedy = "Write a record for each row, such as with pandas' to_json(orient='records', lines=True)."
        return RecordFinding("record-type", "", message, remedy)
    if formats.detect(value) is None:
        for key, each in lists.items():
            if isinstance(each, list) and all(isinstance(item, dict) for item in each):
                if remedies.is_turn(each[0]):
                    message = f"The list {key[:40]!r} holds messages, under a name of no format."
                    remedy = 'Name it messages, and write its items such as {"role": "user", "content": "Hi?"}.'
                    return RecordFinding("missing-key", f"/{key[:40]}", message, remedy)
                return RecordFinding("record-type", f"/{key[:40]}", *list_of_records(key))
    return None


def _is_column(values: Any) -> bool:
    return all(isinstance(each, str) for each in (values.values() if isinstance(values, dict) else values))


def _duplicate_keys(line: bytes, names: tuple[str, ...] | None) -> list[RecordFinding]:
    """The keys that stand twice in an object; with `names` those of them alone."""
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> JsonObject:
        seen = dict(pairs)
        if len(seen) < len(pairs):
            repeated.extend(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        return seen

    try:
        # Numbers stay texts: Python refuses to convert very long ones.
        json.loads(line, object_pairs_hook=collect, parse_int=str, parse_float=str)
    except RecursionError:
        return []  # nested so deeply that its types are wrong anyway
    return [
        RecordFinding("duplicate-key", "", f"The key {key[:40]!r} occurs twice in an object.")
        for key in repeated
        if names is None or key in names
    ]


def _group_text(value: JsonObject) -> Iterator[Text]:
    """The name of the record's group, in which any word may stand: no model reads it."""
    if GROUP_KEY in value:
        yield Text(f"/{GROUP_KEY}", value[GROUP_KEY], is_answer=True)


def _empty_texts(texts: Sequence[Text]) -> Iterator[RecordFinding]:
    for pointer, text, is_answer, *_ in texts:
        if not text or text.isspace():
            remedy = remedies.for_empty_text(pointer, is_answer=is_answer)
            yield RecordFinding("empty-text", pointer, "The text is empty or only white space.", remedy)


def _reserved_words(texts: Sequence[Text], model: BaseModelEntry) -> Iterator[RecordFinding]:
    for pointer, text, is_answer, after_line_feed in texts:
        if is_answer:
            continue
        for word in model.reserved_words:
            if word in text or (after_line_feed and f"\n{text[: len(word)]}".startswith(word)):
                yield RecordFinding("reserved-word", pointer, f"A prompt for {model.name} cannot have {word!r}.")


def further_reserved_words(texts: Iterable[tuple[str, str]], model: BaseModelEntry) -> Iterator[RecordFinding]:
    """Words that AWS's own checks refuse, in texts with their JSON Pointers, whatever their case."""
    for pointer, text in texts:
        folded = text.lower()
        for word in model.further_reserved_words:
            if word.lower() in folded:
                message = f"AWS's own checks of data for {model.name} refuse {word!r}, in any case."
                yield RecordFinding("further-reserved-word", pointer, message)
