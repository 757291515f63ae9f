r"""Records with columns of another kind: templates that name columns make the prompt and the completion of each.

A template is a column's name alone, `category`, or a text with names in braces, `{subject}\n\n{body}`. It is parsed
once, by Python's own parser of format strings, and filled by plain look-ups: nothing in a cell is ever read as a
template, and a name reaches no attribute and no index.
"""

import json
from collections.abc import Iterator
from string import Formatter
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.core.settings_model import SettingsModel

_SPECIAL = frozenset(".[]")


class Part(NamedTuple):
    """A text, and the column that stands behind it, if there is one."""

    text: str
    column: str | None


class ColumnTemplate(NamedTuple):
    """What fills one text of a record; `is_column` where it is a column and nothing else."""

    parts: tuple[Part, ...]

    @property
    def columns(self) -> list[str]:
        """The columns that it names, in their order."""
        return [part.column for part in self.parts if part.column is not None]

    @property
    def is_column(self) -> bool:
        """Whether a column is the whole text."""
        return len(self.parts) == 1 and not self.parts[0].text

    def fill(self, value: JsonObject) -> str:
        """The text for a record; a column that is null or missing is empty."""
        return "".join(
            f"{part.text}{'' if part.column is None else _text(value.get(part.column))}" for part in self.parts
        )


def parse_template(text: str) -> ColumnTemplate:
    """The template in a text. Raises ValueError, with what is wrong."""
    if "{" not in text and "}" not in text:
        return ColumnTemplate((Part("", text),))
    parts = []
    for literal, column, format_spec, conversion in Formatter().parse(text):
        if column is not None:
            _require_plain(column, format_spec, conversion)
        parts.append(Part(literal, column))
    template = ColumnTemplate(tuple(parts))
    if not template.columns:
        raise ValueError("it names no column: write the name of one alone, or in braces")
    return template


def _require_plain(column: str, format_spec: str | None, conversion: str | None) -> None:
    if not column:
        raise ValueError("empty braces name no column")
    if format_spec or conversion:
        raise ValueError(f"the column {column[:80]!r} takes no format: write its name alone in the braces")
    if not _SPECIAL.isdisjoint(column):
        raise ValueError(f"{column[:80]!r} is no plain name of a column: attributes and indexes are not looked up")


def _parsed(text: str) -> str:
    parse_template(text)
    return text


TemplateText = Annotated[str, Field(min_length=1, max_length=10_000), AfterValidator(_parsed)]


class MappingSettings(SettingsModel):
    """Which columns make a record: each a column's name, or a text with names in braces."""

    prompt: TemplateText
    completion: TemplateText
    system: TemplateText | None = None

    @property
    def templates(self) -> dict[str, ColumnTemplate]:
        """The templates by the keys of the record that they make."""
        given = {"prompt": self.prompt, "completion": self.completion, "system": self.system}
        return {key: parse_template(text) for key, text in given.items() if text is not None}


class ColumnMapping(NamedTuple):
    """The parsed templates, by the keys of the records that they make."""

    templates: dict[str, ColumnTemplate]

    @property
    def columns(self) -> list[str]:
        """All columns that are named, each once."""
        return [*dict.fromkeys(column for template in self.templates.values() for column in template.columns)]

    def missing(self, names: "list[str] | JsonObject") -> list[str]:
        """The columns that are named, and not there."""
        return [column for column in self.columns if column not in names]

    def unusable(self, value: JsonObject) -> Iterator[tuple[str, Any]]:
        """The columns of a record whose values give no text: lists, objects, and null where it would be all."""
        for template in self.templates.values():
            for column in template.columns:
                found = value[column]
                if isinstance(found, list | dict) or (found is None and template.is_column):
                    yield column, found

    def apply(self, value: JsonObject) -> JsonObject:
        """The record that a value with all of the columns makes; its own system text and group are kept."""
        used = self.columns
        kept = {key: value[key] for key in ("system", "group") if value.get(key) and key not in used}
        made = {key: template.fill(value) for key, template in self.templates.items()}
        if not made.get("system", "x"):
            del made["system"]
        return kept | made


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
