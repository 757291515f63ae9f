"""ShareGPT's format: turns from human and gpt."""

from collections.abc import Iterator
from typing import Any

from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats.checks import ANSWERS_TO, is_space
from lambdas.domain.dataset.formats.format import Format, Shape
from lambdas.domain.dataset.formats.record import GROUP_KEY, Conversion, Record
from lambdas.domain.dataset.formats.turns import Turns, optional_findings
from lambdas.domain.dataset.rules.table import RecordFinding

_ROLES = {"human": "user", "gpt": "assistant", "system": "system", "user": "user", "assistant": "assistant"}
_NAMES = (("from", "value"), ("role", "content"))
_TURNS = {key: [Turns(key, *names, _ROLES) for names in _NAMES] for key in ("conversations", "conversation")}
# Other columns by which a record may be of another format, or of none.
_DECIDING = frozenset(
    {"messages", "schemaVersion", "chosen", "rejected", "reference_answer", "tools", "functions", "toolConfig"}
    | {"image", "images", "video", "videos", "audio", "audios"}
)


def _turns(value: JsonObject) -> Turns:
    """The names that the record's turns use."""
    key = "conversations" if "conversations" in value else "conversation"
    first = value[key][0] if isinstance(value[key], list) and value[key] else None
    return _TURNS[key][isinstance(first, dict) and "role" in first]


def _keys(value: Any) -> int:
    """Of a record without a key for its system text. Each of its names is counted where it is a key or a role."""
    try:
        turns = value["conversations"]
        keys = 1
        if len(value) != 1:
            if "system" in value or not _DECIDING.isdisjoint(value):
                return 0
            if GROUP_KEY in value:
                if not value[GROUP_KEY] or is_space(value[GROUP_KEY]):
                    return 0
                keys += 1
        role, least = "user", keys
        for turn in turns:
            text, its_role = turn["value"], _ROLES[turn["from"]]
            if len(turn) != 2 or not text or is_space(text):
                return 0
            keys += 2
            if its_role == role:
                role = ANSWERS_TO[role]
            elif its_role == "system" and keys == least + 2:
                least += 3
                keys += 1
            else:
                return 0
    except (KeyError, TypeError):
        return 0
    return keys if role == "user" and keys > least and type(turns) is list else 0


def _findings(value: JsonObject) -> Iterator[RecordFinding]:
    yield from optional_findings(value)
    yield from _turns(value).findings(value)


def _to_record(value: JsonObject, _conversion: Conversion) -> Record:
    return Record(*_turns(value).split(value))


def _left_out(value: JsonObject) -> list[str]:
    turns = _turns(value)
    return [*(key for key in value if key not in (turns.key, "system", GROUP_KEY)), *turns.left_out(value)]


SHAREGPT = Format(
    name="sharegpt",
    title="ShareGPT",
    example='{"conversations": [{"from": "human", "value": "Hi?"}, {"from": "gpt", "value": "Yes."}]}',
    note="`conversation`, and turns with `role` and `content`, are taken, too; also from `system`, first, `user` and "
    "`assistant`; the system text may be the key `system`; other columns are left out, and the last answer must not "
    "have the weight 0",
    required=(),
    recognises=lambda value: "conversations" in value or isinstance(value.get("conversation"), list),
    shape=Shape(("system", GROUP_KEY, "conversations", "from", "value"), _keys),
    findings=_findings,
    texts=lambda value: _turns(value).texts(value),
    to_record=_to_record,
    left_out=_left_out,
)
