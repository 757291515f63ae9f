"""The first records of a data set are shown as they came and as they will be trained on."""

import io
import json
from typing import Any

import pytest

from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.samples import SAMPLES, RecordSample
from lambdas.domain.models.catalogue import base_model

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
NOVA = "amazon.nova-lite-v1:0:300k"
LLAMA = "meta.llama3-1-8b-instruct-v1:0:128k"
MESSAGES: dict[str, Any] = {
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Yes."}],
}


def samples(content: bytes, model: str, conversion: Conversion | None = None) -> list[RecordSample]:
    return check_set(io.BytesIO(content), "train.jsonl", base_model(model), DatasetReport(), conversion).samples


def jsonl(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def shown(sample: RecordSample) -> list[tuple[str, str]]:
    return [(one.role, one.text) for one in sample.trained]


def test_a_record_in_the_model_s_own_format_is_trained_on_as_it_came() -> None:
    """Nothing was done to it."""
    [sample] = samples(jsonl(MESSAGES), HAIKU)
    assert (sample.file, sample.line, sample.changes) == ("train.jsonl", 1, [])
    assert json.loads(sample.given) == MESSAGES
    assert shown(sample) == [("system", "Be brief."), ("user", "Hi?"), ("assistant", "Yes.")]


@pytest.mark.parametrize(
    ("content", "model", "conversion", "change", "texts"),
    [
        (jsonl(MESSAGES), NOVA, None, "converted from messages", ["Be brief.", "Hi?", "Yes."]),
        (
            jsonl({"document": "D", "question": "Q?", "answer": "A"}),
            HAIKU,
            Conversion("S", "page"),
            "converted from document/question/answer",
            ["S", "<page>\nD\n</page>\n\nQ?", "A"],
        ),
        (
            jsonl({"prompt": "P", "completion": "C"}),
            LLAMA,
            Conversion("S"),
            "system text put before the prompt",
            ["S\n\nP", "C"],
        ),
        (b"prompt,completion\nP,C\n", HAIKU, None, "converted from", ["P", "C"]),
    ],
)
def test_a_converted_record_says_how_and_shows_the_texts_that_are_added(
    content: bytes, model: str, conversion: Conversion | None, change: str, texts: list[str]
) -> None:
    """The system text and the tag of run.json, and the place where Llama's format puts them."""
    [sample] = samples(content, model, conversion)
    assert sample.changes[0].startswith(change)
    assert [text for _, text in shown(sample)] == texts


def test_records_that_cannot_be_trained_on_are_passed_over() -> None:
    """The next ones show what the format was taken for."""
    rest = [{"prompt": f"P{n}", "completion": "C"} for n in range(9)]
    content = jsonl({"prompt": "no completion"}) + b"oops\n" + jsonl(*rest)
    found = samples(content, HAIKU)
    assert [sample.line for sample in found] == [3, 4, 5]
    assert len(found) == SAMPLES


def test_long_texts_and_long_conversations_are_cut() -> None:
    """A report stays small whatever the records are."""
    turns = [{"role": role, "content": f"{n} {'x' * 5_000}"} for n in range(20) for role in ("user", "assistant")]
    [sample] = samples(jsonl({"messages": turns}), HAIKU)
    assert len(sample.model_dump_json()) < 6_000
    assert [role for role, _ in shown(sample)] == ["user", "assistant", "user", "…", "user", "assistant"]
    assert shown(sample)[3][1] == "35 more"
    assert shown(sample)[-1][1].startswith("19 x")


@pytest.mark.parametrize(
    ("model", "roles"),
    [("amazon.nova-2-lite-v1:0:256k", ["user", "reasoning", "assistant"]), (NOVA, ["user", "assistant"])],
)
def test_reasoning_is_shown_where_it_is_trained_on(model: str, roles: list[str]) -> None:
    """A person sees whether the model learns it."""
    thought = {"reasoningContent": {"reasoningText": {"text": "Think."}}}
    content = [[{"text": "Hi?"}], [thought, {"text": "Yes."}]]
    messages = [{"role": role, "content": each} for role, each in zip(("user", "assistant"), content, strict=True)]
    [sample] = samples(jsonl({"messages": messages}), model)
    assert [role for role, _ in shown(sample)] == roles
