"""Each base model's records: what the data gate writes for training is what the evaluation reads and asks."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import validate
from lambdas.domain.dataset import formats
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.formats import Conversion, Record
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.evaluation.questions import parse_question
from lambdas.domain.models.catalogue import BaseModelEntry, base_model, catalogue

EXAMPLE = Path(__file__).parents[2] / "examples" / "financial-tables.jsonl"
EACH_MODEL = pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
LLAMA = base_model("meta.llama3-1-8b-instruct-v1:0")
NOVA = base_model("amazon.nova-lite-v1:0")

WORDS = tuple(word.strip() for model in catalogue() for word in model.reserved_words)
TEXTS = st.text(min_size=1, max_size=30).filter(
    lambda text: bool(text.strip()) and not any(word in text for word in WORDS)
)
SINGLE_TURNS = st.builds(lambda system, *turns: Record(system, [*turns]), st.none() | TEXTS, TEXTS, TEXTS)


def trained(
    data: bytes, model: BaseModelEntry, conversion: Conversion | None = None
) -> tuple[list[bytes], DatasetReport]:
    """The lines that a job would read, and the gate's report."""
    report, added = DatasetReport(), conversion or Conversion()
    read = check_set(io.BytesIO(data), "train.jsonl", model, report, added)
    return ([] if report.errors else [*convert(io.BytesIO(data), read, model, added)]), report


def line(**value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def conversation(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]


@EACH_MODEL
@given(st.lists(SINGLE_TURNS, min_size=1, max_size=3), st.sampled_from(["messages", "bedrock-conversation-2024"]))
def test_model_is_asked_what_it_was_trained_on(model: BaseModelEntry, records: list[Record], given_as: Any) -> None:
    """A tuned model measured on other prompts than it learnt would be measured on another task."""
    data = b"\n".join(formats.dump(record, given_as) for record in records)
    lines, report = trained(data, model)
    assert not report.errors
    for index, (record, written) in enumerate(zip(records, lines, strict=True)):
        question = parse_question(index, written)
        asked = [message.content for message in question.messages]
        assert question.reference == record.turns[-1]
        if model.record_format == "prompt-completion":
            assert json.loads(written) == {"prompt": asked[0], "completion": record.turns[-1]}
            assert (question.system, asked[0].endswith(record.turns[0])) == (None, True)
            assert asked[0].startswith(record.system or record.turns[0])
        else:
            assert (question.system, asked) == (record.system, record.turns[:-1])


@pytest.mark.parametrize("system", [None, "Answer shortly."])
def test_document_and_system_text_stand_in_llamas_prompt(system: str | None) -> None:
    """The format has no other place for them, and nothing may be lost."""
    lines, _ = trained(line(document="Cash 7", question="Cash?", answer="7"), LLAMA, Conversion(system))
    first = "" if system is None else f"{system}\n\n"
    asked = f"{first}<document>\nCash 7\n</document>\n\nCash?"
    assert json.loads(lines[0]) == {"prompt": asked, "completion": "7"}


@pytest.mark.parametrize("messages", [conversation("a", "b", "c", "d"), conversation("a", "b", "c", "d", "e", "f")])
def test_conversation_of_several_turns_is_refused_where_the_format_has_no_turns(messages: Any) -> None:
    """Written as one text it would train a model that nobody asks that way."""
    sound = line(messages=conversation("x", "y"))
    _, report = trained(sound + line(messages=messages) + sound, LLAMA)
    assert [(found.rule, found.line) for found in report.findings if found.severity == "error"] == [("single-turn", 2)]
    assert not trained(sound + line(messages=messages), NOVA)[1].errors


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (LLAMA, b'{"completion":  "b", "prompt": "a\\u00e9"}'),
        (
            NOVA,
            b'{"messages": [{"content": [{"text": "a"}], "role": "user"}, {"role": "assistant", "content": '
            b'[{"text": "b"}]}], "schemaVersion": "bedrock-conversation-2024"}',
        ),
    ],
)
def test_record_in_the_models_own_format_stays_as_it_stands(model: BaseModelEntry, data: bytes) -> None:
    """Byte for byte, and so it is not listed as changed."""
    lines, report = trained(data, model)
    assert (lines, report.changed) == ([data], {})


def test_what_must_be_changed_in_the_models_own_format_is_listed() -> None:
    """A system text beside a prompt, and a text in two blocks, would be trained on otherwise than they are asked."""
    lines, report = trained(line(system="Be brief.", prompt="a", completion="b"), LLAMA)
    assert json.loads(lines[0]) == {"prompt": "Be brief.\n\na", "completion": "b"}
    assert [what for _, what in report.changed] == ["system text put before the prompt"]
    blocks = [
        {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
        {"role": "assistant", "content": [{"text": "c"}]},
    ]
    lines, report = trained(line(schemaVersion="bedrock-conversation-2024", messages=blocks), NOVA)
    assert json.loads(lines[0])["messages"][0]["content"] == [{"text": "a\nb"}]
    assert [what for _, what in report.changed] == ["text blocks joined"]


@EACH_MODEL
def test_every_reserved_word_of_a_model_is_found_in_every_format(model: BaseModelEntry) -> None:
    """Bedrock fails the job for one of them, hours later; an answer may have it."""
    for word in model.reserved_words:
        prompt = f"A text{word} and more"
        for data in (
            line(prompt=prompt, completion="b"),
            line(messages=conversation(prompt, "b")),
            line(messages=conversation("a", "b"), system=prompt),
            line(question="a", document=prompt, answer="b"),
        ):
            assert [found.rule for found in trained(data, model)[1].findings] == ["reserved-word"]
        assert not trained(line(prompt="a", completion=prompt), model)[1].errors


@pytest.mark.assumption("data-further-reserved-words")
@pytest.mark.parametrize(
    "model", [model for model in catalogue() if model.further_reserved_words], ids=lambda m: m.name
)
def test_words_that_aws_checks_refuse_are_warned_of_in_every_text_and_case(model: BaseModelEntry) -> None:
    """Whether a job fails for them is not known: the record is trained on, and a person decides."""
    for word in model.further_reserved_words:
        for written in {word, word.upper(), word.lower(), word.swapcase()} - {*model.reserved_words}:
            text = f"A text {written} and more"
            for data in (
                line(prompt=text, completion="b"),
                line(prompt="a", completion=text),
                line(messages=conversation("a", text)),
                line(messages=conversation("a", "b"), system=text),
                line(prompt="a", completion="b") + line(prompt="c", completion=text),
            ):
                lines, report = trained(data, model)
                assert [found.rule for found in report.findings] == ["further-reserved-word"], written
                assert len(lines) == len(data.splitlines())
        assert [found.rule for found in trained(line(prompt="a", completion=f"x {word}"), model)[1].findings] == [
            "further-reserved-word"
        ]


def test_words_of_novas_checks_do_not_matter_to_other_models() -> None:
    """They are catalogue data."""
    assert not trained(line(prompt="Thought: a", completion="User: b"), LLAMA)[1].findings


@EACH_MODEL
def test_token_limit_is_the_models_own(model: BaseModelEntry) -> None:
    """A record that one model reads is too long for another."""
    words = "word " * (7 * model.limits.max_record_tokens // 5)
    assert "token-limit" in trained(line(prompt=words, completion="b"), model)[1].counts
    assert not trained(line(prompt=words[: len(words) // 7], completion="b"), model)[1].findings


@EACH_MODEL
def test_shipped_data_set_is_accepted_for_every_model(model: BaseModelEntry) -> None:
    """The demo runs with each of them, and shows a validation loss wherever the model has one."""
    choices, faults = validate.choose(None, base_model=model.customization_id)
    files: dict[SetName, Path] = {"train": EXAMPLE}
    document = validate.validate(files, choices, faults, opener=lambda path: path.open("rb")).document
    assert (document.status, document.issue_counts) == ("accepted", {})
    records = document.records
    assert records.train >= model.limits.train.min_records
    assert bool(records.validation) == (model.limits.validation is not None)
    assert records.dropped == 0


def test_validation_set_is_refused_for_a_model_that_takes_none() -> None:
    """Its records would silently not be used; without one none is split off."""
    choices, _ = validate.choose(None, base_model="amazon.nova-2-lite-v1:0")
    files: dict[SetName, Path] = {"train": EXAMPLE, "validation": EXAMPLE}
    document = validate.validate(files, choices, [], opener=lambda path: path.open("rb")).document
    assert document.issue_counts == {"unused-validation": 1}
