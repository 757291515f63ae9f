"""What the fast path clears, the explaining path clears too, in every format."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.formats import BY_NAME, Conversion, SourceFormat
from lambdas.domain.dataset.reading.blocks import Block
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.rules import record
from lambdas.domain.dataset.rules.structure import Structure
from lambdas.domain.models.catalogue import base_model

SCHEMA = "bedrock-conversation-2024"
HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
WORDS = ("a", "role", '"role"', '\\"text"', '":', "\\", "\nHuman:", "Assistant:", "é", "\x00", "\u2028", " ", "😀", "")
VALUE: st.SearchStrategy[str | list[str] | int | None] = (
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join) | st.none() | st.just([]) | st.integers()
)


def written(pairs: list[tuple[str, Any]], *, spelt: bool, colon: str, ascii_only: bool) -> str:
    """An object with keys that may stand twice, or begin with an escaped letter."""

    def key(name: str) -> str:
        return f'"\\u{ord(name[0]):04x}{name[1:]}"' if spelt else f'"{name}"'

    values = [value if isinstance(value, Raw) else json.dumps(value, ensure_ascii=ascii_only) for _, value in pairs]
    return Raw(
        "{" + ",".join(f"{key(name)}{colon}{value}" for (name, _), value in zip(pairs, values, strict=True)) + "}"
    )


class Raw(str):
    """JSON that is written already."""


@st.composite
def lines(draw: st.DrawFn, source_format: SourceFormat) -> bytes:
    """Nearly sound records of a format, in all spellings that JSON allows."""
    colon, ascii_only = draw(st.sampled_from([":", ": ", " : "])), draw(st.booleans())

    def obj(pairs: list[tuple[str, Any]]) -> str:
        if draw(st.integers(0, 5)) == 0:
            name = draw(st.sampled_from([*BY_NAME[source_format].shape.names, "x", "output", "messages", "chosen"]))
            pairs = [*pairs, (name, draw(VALUE))]
        return written(pairs, spelt=draw(st.integers(0, 9)) == 0, colon=colon, ascii_only=ascii_only)

    def content() -> Any:
        if source_format != "bedrock-conversation-2024":
            return draw(VALUE)
        return Raw(f"[{','.join(obj([('text', draw(VALUE))]) for _ in range(draw(st.sampled_from([1, 1, 1, 0, 2]))))}]")

    if source_format in ("messages", "openai-chat", "bedrock-conversation-2024", "sharegpt"):
        shares = source_format == "sharegpt"
        role, text, *roles = ("from", "value", "human", "gpt") if shares else ("role", "content", "user", "assistant")
        turns = [roles[turn % 2] for turn in range(draw(st.integers(0, 4)))]
        if shares or source_format == "openai-chat":
            turns = [*draw(st.sampled_from([["system"], []])), *turns]
        messages = [obj([(role, each), (text, content())]) for each in turns]
        pairs: list[tuple[str, Any]] = [
            ("conversations" if shares else "messages", Raw(f"[{','.join(messages)}]")),
            *([("x", draw(VALUE))] if shares and draw(st.booleans()) else []),
        ]
        if source_format == "bedrock-conversation-2024":
            versions: list[list[Any]] = [[SCHEMA], [SCHEMA], ["any-2024"], [None], [2024], [0], []]
            version = draw(st.sampled_from(versions))
            pairs = [*(("schemaVersion", each) for each in version), *pairs]
    else:
        names = [name for name in BY_NAME[source_format].shape.names if name != "system"]
        pairs = [
            (name, draw(VALUE)) for name in names if name in BY_NAME[source_format].required or draw(st.booleans())
        ]
    if draw(st.booleans()):
        pairs.append(("system", content()))
    return obj(pairs).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("source_format", BY_NAME)
@given(data=st.data())
def test_line_that_is_cleared_has_no_findings(source_format: SourceFormat, data: st.DataObject) -> None:
    """A short cut that clears a faulty line would let it into the training."""
    line = data.draw(lines(source_format))
    report = DatasetReport()
    structure = Structure("train.jsonl", source_format, HAIKU, report, Conversion())
    (value,) = structure.check(Block([line], [1]))
    structure.finish()
    errors = {found.rule for found in report.findings if found.severity == "error"}
    expected = {finding.rule for finding in record.findings(line, orjson.loads(line), HAIKU)}
    assert errors == expected
    assert (value is None) == bool(expected)


def test_lines_of_a_block_are_judged_one_by_one() -> None:
    """One bad line must neither hide nor refuse its neighbours."""
    good, bad = b'{"prompt": "a", "completion": "b"}\n', b'{"prompt": "a", "completion": 3}\n'
    report = DatasetReport()
    structure = Structure("train.jsonl", "prompt/completion", HAIKU, report, Conversion())
    values = structure.check(Block([good, bad, b"\n", good], range(7, 11)))
    assert [value is None for value in values] == [False, True, True, False]
    assert [(found.rule, found.line) for found in report.findings] == [("wrong-type", 8), ("blank-line", 9)]
    assert structure.records_read == 3


def test_tiers_say_how_sure_the_token_rule_is() -> None:
    """Which bound decided tells a user whether to shorten a record or to count its tokens."""
    report = DatasetReport()
    structure = Structure("train.jsonl", "prompt/completion", HAIKU, report, Conversion())
    sizes = (10, 40_000, 100_000, 300_000)
    structure.check(Block([orjson.dumps({"prompt": "a" * size, "completion": "b"}) for size in sizes], range(1, 5)))
    assert structure.tiers == {"certain": 1, "likely": 1, "unclear": 1, "exceeded": 1}
    assert [(found.rule, found.line) for found in report.findings] == [("token-estimate", 3), ("token-limit", 4)]


def test_system_text_of_the_run_counts_as_tokens() -> None:
    """What converting adds is trained on, too."""
    report = DatasetReport()
    structure = Structure("train.jsonl", "prompt/completion", HAIKU, report, Conversion("s" * 60_000))
    structure.check(Block([orjson.dumps({"prompt": "a" * 10_000, "completion": "b"})], [1]))
    assert list(report.counts) == ["token-estimate"]
