"""Formats whose records are one question and one answer: a few texts by name, as in the columns of a table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats import checks
from lambdas.domain.dataset.formats.checks import is_space
from lambdas.domain.dataset.formats.format import Format, Shape
from lambdas.domain.dataset.formats.record import GROUP_KEY, Conversion, Record, SourceFormat, Text, with_context
from lambdas.domain.dataset.rules.table import RecordFinding

# Keys by which a record with other columns may be of another format, or of none.
_DECIDING = frozenset(
    {
        "messages",
        "schemaVersion",
        "conversations",
        "conversation",
        "prompt",
        "completion",
        "instruction",
        "response",
        "query",
    }
    | {
        "input",
        "output",
        "question",
        "answer",
        "document",
        "chosen",
        "rejected",
        "reference_answer",
        "tools",
        "functions",
    }
    | {"toolConfig", "image", "images", "video", "videos", "audio", "audios"}
)
_ABSENT = "absent"


@dataclass(frozen=True)
class Columns:
    """The keys of such a format, beside a system text and a group if wanted.

    `contexts` are names of the document that is asked about, of which a record has one at most; `history` is that of
    earlier turns, pairs of a question and an answer. Other columns are left out; with `is_own`, the format of a base
    model, those are refused that are close to its keys.
    """

    prompt: str
    answer: str
    contexts: tuple[str, ...] = ()
    history: str = ""
    is_own: bool = False
    blank_is_absent: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """All of its keys."""
        history = (self.history,) if self.history else ()
        return (*self.systems, GROUP_KEY, *self.contexts, *history, self.prompt, self.answer)

    @property
    def systems(self) -> tuple[str, ...]:
        """The names that a system text has, of which a record has one at most."""
        return ("system",) if self.is_own else ("system", "system_prompt")

    def findings(self, value: JsonObject) -> Iterator[RecordFinding]:
        """What a value breaks of the structure."""
        if self.is_own:
            yield from checks.misspelt_keys(value, frozenset(self.names), needed=(self.prompt, self.answer))
        yield from checks.missing_keys(value, (self.prompt, self.answer))
        yield from checks.texts(value, (GROUP_KEY, self.prompt, self.answer))
        for name in (self._first(value, self.systems), self._first(value, self.contexts)):
            if name is not None:
                yield from checks.text(value[name], f"/{name}")
        yield from self._history_findings(value)

    def texts(self, value: JsonObject) -> Iterator[Text]:
        """Its texts as they came."""
        system = self._first(value, self.systems)
        if system is not None:
            yield Text(f"/{system}", value[system], is_answer=False)
        for index, turn in enumerate(self._history(value)):
            for place, text in enumerate(turn):
                yield Text(f"/{self.history}/{index}/{place}", text, is_answer=False)
        context = self._first(value, self.contexts)
        if context is not None:
            yield Text(f"/{context}", value[context], is_answer=False, after_line_feed=True)
        yield Text(f"/{self.prompt}", value[self.prompt], is_answer=False, after_line_feed=context is not None)
        yield Text(f"/{self.answer}", value[self.answer], is_answer=True)

    def to_record(self, value: JsonObject, conversion: Conversion) -> Record:
        """Its canonical form: the document in tags before the question."""
        system, context = self._first(value, self.systems), self._first(value, self.contexts)
        asked = with_context(None if context is None else value[context], value[self.prompt], conversion.context_tag)
        earlier = [text for turn in self._history(value) for text in turn]
        return Record(conversion.system if system is None else value[system], [*earlier, asked, value[self.answer]])

    def left_out(self, value: JsonObject) -> list[str]:
        """The other columns."""
        known = {*self.names}
        for names in (self.systems, self.contexts):
            read = self._first(value, names)
            known -= {name for name in names if name != read and self._is_there(value, name)}
        return [key for key in value if key not in known]

    def _is_there(self, value: JsonObject, name: str) -> bool:
        if name not in value:
            return False
        text = value[name]
        return not self.blank_is_absent or not (text is None or (isinstance(text, str) and not text.strip()))

    def _first(self, value: JsonObject, names: tuple[str, ...]) -> str | None:
        return next((name for name in names if self._is_there(value, name)), None)

    def _history(self, value: JsonObject) -> list[list[str]]:
        return (value.get(self.history) or []) if self.history else []

    def _history_findings(self, value: JsonObject) -> Iterator[RecordFinding]:
        turns, pointer = self._history(value), f"/{self.history}"
        if not isinstance(turns, list):
            yield RecordFinding("wrong-type", pointer, f"A list of turns is needed, not {checks.kind(turns)}.")
            return
        for index, turn in enumerate(turns):
            if not isinstance(turn, list) or len(turn) != 2:
                message = "A turn is a list of a question and its answer."
                yield RecordFinding("wrong-type", f"{pointer}/{index}", message)
                continue
            for place, text in enumerate(turn):
                yield from checks.text(text, f"{pointer}/{index}/{place}")

    def optional_texts(self, value: JsonObject) -> list[Any]:
        """The optional values that must be texts, some text for each that counts as absent. Called for each record."""
        found: list[Any] = []
        for key in (*self.contexts, *self.systems, GROUP_KEY):
            if key in value:
                text = value[key]
                absent = self.blank_is_absent and key != GROUP_KEY and (text is None or text == "")
                found.append(_ABSENT if absent else text)
        if self.history and self.history in value:
            # A record with earlier turns is not the regular one.
            found.append("" if value[self.history] else _ABSENT)
        return found

    def keys(self) -> Callable[[Any], int]:
        """Counts the keys of a regular value, for `Shape`."""
        prompt, answer, names = self.prompt, self.answer, frozenset(self.names)
        is_own, foreign = self.is_own, _DECIDING - names

        def keys(value: Any) -> int:
            try:
                texts = [value[prompt], value[answer]]
                if len(value) != 2:
                    texts += self.optional_texts(value)
                for text in texts:
                    if not text or is_space(text):
                        return 0
            except (KeyError, TypeError):
                return 0
            if len(texts) != len(value) and (
                not foreign.isdisjoint(value) or (is_own and not checks.are_plain(tuple(value), names))
            ):
                return 0
            return len(texts)

        return keys


def format_of_columns(
    name: SourceFormat,
    columns: Columns,
    *,
    title: str,
    example: str,
    recognises: Callable[[JsonObject], bool],
    note: str = "",
) -> Format:
    """The format of records with such keys."""
    return Format(
        name=name,
        title=title,
        example=example,
        note=note,
        required=(columns.prompt, columns.answer),
        recognises=recognises,
        shape=Shape(columns.names, columns.keys()),
        findings=columns.findings,
        texts=columns.texts,
        to_record=columns.to_record,
        left_out=columns.left_out,
        is_converted_text=True,
    )
