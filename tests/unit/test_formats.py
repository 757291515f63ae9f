"""Each format: its example is recognised as its own and breaks no rule, on either path of the gate."""

import io
import json
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset import formats
from lambdas.domain.dataset.checking import check_set
from lambdas.domain.dataset.converting import convert
from lambdas.domain.dataset.formats import Conversion
from lambdas.domain.dataset.formats.format import Format
from lambdas.domain.dataset.formats.record import SourceFormat
from lambdas.domain.dataset.record_set import RecordSet
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.rules.table import RULES
from lambdas.domain.evaluation.questions import parse_question
from lambdas.domain.models.catalogue import BaseModelEntry, base_model, catalogue
from local.fuzz.records import RECORDS, texts_of

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
NOVA_LITE = base_model("amazon.nova-lite-v1:0")
NOVA_2_LITE = base_model("amazon.nova-2-lite-v1:0")
WORDS = tuple(word.strip().lower() for model in catalogue() for word in model.reserved_words)
TEXTS = st.text(min_size=1, max_size=12).filter(
    lambda text: bool(text.strip()) and not any(word in text.lower() for word in WORDS)
)
EACH_FORMAT = pytest.mark.parametrize("each", formats.FORMATS, ids=lambda each: each.name)


@EACH_FORMAT
def test_example_in_the_docs_is_accepted_as_its_format(each: Format) -> None:
    """A reader copies it: a faulty one would cost more than none."""
    report = DatasetReport()
    read = check_set(io.BytesIO(each.example.encode()), "train.jsonl", HAIKU, report)
    assert (list(read.formats), report.findings) == ([each.name], [])


@EACH_FORMAT
def test_example_is_cleared_by_the_fast_path(each: Format) -> None:
    """The usual record of a format must not need the rules that explain."""
    value = orjson.loads(each.example)
    assert each.shape.keys(value) == sum(each.example.count(f'"{name}"') for name in each.shape.names)


def test_every_name_of_a_format_has_its_reader() -> None:
    """dataset/report.json names formats by these names."""
    assert set(formats.BY_NAME) == set(get_args(SourceFormat))


def gated(
    *values: Any, model: BaseModelEntry = HAIKU, conversion: Conversion | None = None
) -> tuple[RecordSet, DatasetReport, list[bytes]]:
    """The gate's findings on such records, and what would be trained on."""
    data = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    report, added = DatasetReport(), conversion or Conversion()
    read = check_set(io.BytesIO(data), "train.jsonl", model, report, added)
    return read, report, [] if report.errors else [*convert(io.BytesIO(data), read, model, added)]


def trained(*values: Any, model: BaseModelEntry = HAIKU) -> Any:
    """The first of these records as it is trained on."""
    _, report, lines = gated(*values, model=model)
    assert not report.errors, report.findings
    return orjson.loads(lines[0])


def broken(value: Any, model: BaseModelEntry = HAIKU) -> list[tuple[str, str]]:
    """The rules that a record breaks, and where."""
    return [(found.rule, found.path.partition("#")[2]) for found in gated(value, model=model)[1].findings]


def changed(value: Any, model: BaseModelEntry = HAIKU) -> list[str]:
    return [what for _, what in gated(value, model=model)[1].changed]


def turn(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ASKED = [turn("user", "Hi?"), turn("assistant", "Yes.")]


@EACH_FORMAT
@given(data=st.data())
def test_conversion_loses_no_text(each: Format, data: st.DataObject) -> None:
    """Whatever a person wrote is trained on: for the model that learns reasoning, that too."""
    value = data.draw(RECORDS[each.name](TEXTS))
    read, report, lines = gated(value, model=NOVA_2_LITE)
    assert (list(read.formats), [found for found in report.findings if found.severity == "error"]) == ([each.name], [])
    # Lines are joined by line feeds, documents stand in tags: each text is a part of one that is trained on.
    kept = texts_of(orjson.loads(lines[0]))
    assert all(any(text in part for part in kept) for text in texts_of(value))


@EACH_FORMAT
@given(data=st.data())
def test_fast_path_clears_only_what_the_rules_take_for_the_same_format(each: Format, data: st.DataObject) -> None:
    """A record of another format, or of none, must never pass as this one."""
    other = data.draw(st.sampled_from(sorted(RECORDS)))
    value = data.draw(RECORDS[other](TEXTS)) | data.draw(RECORDS[each.name](TEXTS))
    value |= data.draw(st.dictionaries(st.sampled_from(["chosen", "rejected", "reference_answer", "tools"]), TEXTS))
    if each.shape.keys(value):
        assert formats.detect(value) == each.name
        assert not [*each.findings(value)]


def test_chat_of_openai_becomes_a_conversation() -> None:
    """Its system text is the first message, written by the system or the developer."""
    for role in ("system", "developer"):
        value = {"messages": [turn(role, "Be brief."), turn("user", "Hi?"), turn("assistant", "Yes.")]}
        expected = {"system": "Be brief.", "messages": [turn("user", "Hi?"), turn("assistant", "Yes.")]}
        assert trained(value) == expected
        assert changed(value) == ["converted from openai-chat to messages"]


def test_name_and_empty_keys_of_a_chat_are_left_out_and_told() -> None:
    """Nobody finds out later that a model never saw them."""
    answer = turn("assistant", "Yes.", refusal=None, tool_calls=[])
    value = {"messages": [turn("user", "Hi?", name="ann"), answer]}
    assert trained(value) == {"messages": [turn("user", "Hi?"), turn("assistant", "Yes.")]}
    assert changed(value)[1:] == ["name left out", "refusal left out", "tool_calls left out"]


def test_text_blocks_of_a_chat_are_joined() -> None:
    """They are how OpenAI's newer records are written."""
    blocks = [{"type": "text", "text": "Hi"}, {"type": "text", "text": "there?"}]
    value = {"messages": [turn("user", blocks), turn("assistant", [{"type": "text", "text": "Yes."}])]}
    assert trained(value)["messages"] == [turn("user", "Hi\nthere?"), turn("assistant", "Yes.")]


def test_record_is_kept_only_if_its_last_answer_is_to_be_learnt() -> None:
    """What is trained on and what is measured is the last answer."""
    first = [turn("user", "a"), turn("assistant", "b", weight=0)]
    value = {"messages": [*first, turn("user", "c"), turn("assistant", "d", weight=1)]}
    assert [message["content"] for message in trained(value)["messages"]] == ["a", "b", "c", "d"]
    assert changed(value)[1:] == ["weight 0 of an earlier answer left out", "weight left out"]
    assert broken({"messages": first}) == [("untrained-answer", "/messages/1/weight")]
    assert broken({"messages": [turn("user", "a"), turn("assistant", "b", weight=2)]}) == [
        ("wrong-type", "/messages/1/weight")
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"messages": [turn("user", "a"), turn("system", "b"), turn("assistant", "c")]}, ("role", "/messages/1/role")),
        (
            {"system": "x", "messages": [turn("system", "b"), turn("user", "a"), turn("assistant", "c")]},
            ("role", "/messages/0/role"),
        ),
        ({"messages": [turn("system", "a"), turn("user", "b")]}, ("message-count", "/messages")),
        (
            {"messages": [turn("system", "a"), turn("assistant", "b"), turn("user", "c")]},
            ("role-order", "/messages/1/role"),
        ),
        ({"conversations": []}, ("message-count", "/conversations")),
        ({"conversations": "a"}, ("wrong-type", "/conversations")),
        ({"conversations": [{"from": "bot", "value": "a"}]}, ("role", "/conversations/0/from")),
        ({"conversations": [{"from": "human", "value": "a"}] * 2}, ("role-order", "/conversations/1/from")),
        (
            {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": 1}]},
            ("wrong-type", "/conversations/1/value"),
        ),
        ({"instruction": "a", "input": ["b"], "output": "c"}, ("wrong-type", "/input")),
        ({"instruction": "a", "output": ""}, ("empty-text", "/output")),
        ({"instruction": "a", "history": [["b"]], "output": "c"}, ("wrong-type", "/history/0")),
        ({"instruction": "a", "context": "b"}, ("missing-key", "")),
        ({"instruction": "a", "response": None}, ("wrong-type", "/response")),
        ({"input": "a"}, ("missing-key", "")),
        ({"question": "a", "context": "b"}, ("missing-key", "")),
        (
            {"schemaVersion": "x", "messages": [turn("user", [{"text": "a"}]), turn("assistant", "b")]},
            ("wrong-type", "/messages/1/content"),
        ),
    ],
)
def test_what_is_wrong_with_a_record_is_named_with_its_place(value: Any, expected: tuple[str, str]) -> None:
    """A person finds it without a search."""
    assert broken(value)[:1] == [expected]


def test_documents_of_instructions_are_tagged() -> None:
    """The models are trained to tell context so marked from instructions, and grouping finds it."""
    asked = "<document>\nCash: 7\n</document>\n\nCash?"
    for value in (
        {"instruction": "Cash?", "input": "Cash: 7", "output": "7"},
        {"instruction": "Cash?", "context": "Cash: 7", "response": "7"},
        {"question": "Cash?", "context": "Cash: 7", "answer": "7"},
        {"instruction": "Cash?", "context": "Cash: 7", "output": "7"},
        {"instruction": "Cash?", "input": "Cash: 7", "response": "7"},
        {"prompt": "Cash?", "document": "Cash: 7", "response": "7"},
        {"question": "Cash?", "context": "Cash: 7", "response": "7"},
        {"query": "Cash?", "context": "Cash: 7", "response": "7"},
        {"input": "Cash?", "context": "Cash: 7", "output": "7"},
        {"prompt": "Cash?", "context": "Cash: 7", "completion": "7"},
    ):
        assert trained(value) == {"messages": [turn("user", asked), turn("assistant", "7")]}
    assert trained({"instruction": "Hi?", "input": "", "output": "7"})["messages"][0]["content"] == "Hi?"


def test_document_of_a_prompt_is_no_line_that_a_job_reads_as_it_is() -> None:
    """The job would refuse its key."""
    value = {"prompt": "Cash?", "context": "Cash: 7", "completion": "7"}
    made = trained(value, model=base_model("meta.llama3-1-8b-instruct-v1:0"))
    assert made == {"prompt": "<document>\nCash: 7\n</document>\n\nCash?", "completion": "7"}


@pytest.mark.parametrize(("prompt", "answer"), [("question", "answer"), ("input", "output"), ("query", "response")])
def test_history_of_a_question_is_turns_and_any_other_is_named(prompt: str, answer: str) -> None:
    """It was left out, and the question alone refers to nothing."""
    record = trained({prompt: "c", answer: "d", "history": [["a", "b"]]})
    assert [message["content"] for message in record["messages"]] == ["a", "b", "c", "d"]
    assert broken({prompt: "c", answer: "d", "history": "a: b"}) == [("wrong-type", "/history")]
    assert trained({prompt: "c", answer: "d", "history": []})["messages"] == [turn("user", "c"), turn("assistant", "d")]


def test_history_of_an_instruction_stands_before_it() -> None:
    """It is what the question refers to."""
    value = {"instruction": "c", "input": "", "output": "d", "system": "s", "history": [["a", "b"]]}
    record = trained(value)
    assert [message["content"] for message in record["messages"]] == ["a", "b", "c", "d"]
    assert record["system"] == "s"
    assert ("single-turn", "/history") in broken(value, base_model("meta.llama3-1-8b-instruct-v1:0"))


@pytest.mark.parametrize(
    "value",
    [
        {"instruction": "a", "response": "b", "category": "qa", "id": 7},
        {"instruction": "a", "output": "b", "category": "qa", "id": 7},
        {"question": "a", "answer": "b", "category": "qa", "id": 7},
        {"input": "a", "output": "b", "category": "qa", "id": 7},
        {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "category": [], "id": 7},
    ],
)
def test_other_columns_are_left_out_and_told(value: Any) -> None:
    """Public data sets have them, and no model reads them."""
    assert trained(value) == {"messages": [turn("user", "a"), turn("assistant", "b")]}
    assert changed(value)[1:] == ["category left out", "id left out"]


OWN_FORMATS: list[tuple[dict[str, Any], BaseModelEntry]] = [
    ({"messages": [turn("user", "a"), turn("assistant", "b")]}, HAIKU),
    ({"messages": [turn("system", "s"), turn("user", "a"), turn("assistant", "b")]}, HAIKU),
    ({"messages": [turn("user", [{"text": "a"}]), turn("assistant", [{"text": "b"}])]}, NOVA_LITE),
    ({"prompt": "a", "completion": "b"}, base_model("meta.llama3-1-8b-instruct-v1:0")),
]


@pytest.mark.parametrize(("value", "model"), OWN_FORMATS)
def test_other_keys_of_a_base_models_format_are_left_out_and_told(value: dict[str, Any], model: BaseModelEntry) -> None:
    """They are what sound public data has most often, and a job refuses them."""
    others = {"id": 7, "source": "web", "metadata": {"a": [1]}, "parallel_tool_calls": True, "reasoning_content": "c"}
    assert trained({**value, **others}, model=model) == trained(value, model=model)
    assert [what for what in changed({**value, **others}, model) if what not in changed(value, model)] == [
        f"{key} left out" for key in others
    ]


def test_keys_of_a_later_record_are_left_out_too() -> None:
    """A file whose first record is as the job reads it must not be copied as it stands."""
    value = OWN_FORMATS[0][0]
    _, report, lines = gated(value, {**value, "id": 7})
    assert [orjson.loads(line) for line in lines] == [value, value]
    assert report.changed["train.jsonl", "id left out"].count == 1


@pytest.mark.parametrize(("value", "model"), OWN_FORMATS)
def test_other_keys_keep_a_record_on_the_fast_path(value: dict[str, Any], model: BaseModelEntry) -> None:
    """A file of which each record has an id is read as fast as one without."""
    name = formats.detect(value)
    assert name is not None
    keys = formats.BY_NAME[name].shape.keys
    assert keys({**value, "id": 7, "source": "web"}) == keys(value) > 0
    deciding: list[dict[str, Any]] = [{"systm": "s"}, {"tools": []}, {"label": True}, {"chosen": "a"}, {"images": []}]
    for refused in deciding:
        assert keys({**value, **refused}) == 0


@pytest.mark.parametrize("key", ["systm", "System", "system_prompt", "gruop"])
@pytest.mark.parametrize(("value", "model"), OWN_FORMATS)
def test_misspelt_key_of_a_base_models_format_is_refused(
    value: dict[str, Any], model: BaseModelEntry, key: str
) -> None:
    """Its text would be lost."""
    _, report, _ = gated({**value, key: "c"}, model=model)
    (found,) = report.findings
    assert (found.rule, found.path) == ("unknown-key", f"train.jsonl#/{key}")
    assert "Did you mean" in found.message


def test_numbers_under_a_close_key_are_no_lost_texts() -> None:
    """`step` and `stream` are close to `system`."""
    assert trained({**OWN_FORMATS[0][0], "step": 3, "stream": False}) == OWN_FORMATS[0][0]


def test_kinds_of_changes_are_bounded() -> None:
    """Keys come from the data: a record each with a key of its own must not fill the memory."""
    _, report, _ = gated(*({"question": f"a{n}", "answer": "b", f"key{n}": n} for n in range(500)))
    assert len(report.changed) <= 101
    assert max(len(what) for _, what in report.changed) < 120
    assert report.changed["train.jsonl", "changed in further ways"].count > 300


@pytest.mark.parametrize(
    ("value", "system"),
    [
        ({"question": "a", "response": "b", "system_prompt": "s"}, "s"),
        ({"instruction": "a", "output": "b", "system": "s", "system_prompt": ""}, "s"),
        ({"conversation": ASKED, "system": "s"}, "s"),
        ({"messages": [turn("user", [{"text": "a"}]), turn("assistant", [{"text": "b"}])], "system": "s"}, "s"),
    ],
)
def test_system_text_is_found_by_its_names(value: Any, system: str) -> None:
    """One that was left out would be trained on otherwise than a person means."""
    assert trained(value)["system"] == system


def test_cache_point_of_a_nova_record_is_named_where_it_stands() -> None:
    """It is a Converse request's, and no reason to call all contents wrong."""
    messages = [turn("user", [{"text": "a"}, {"cachePoint": {}}]), turn("assistant", [{"text": "b"}])]
    assert broken({"messages": messages}, NOVA_LITE) == [
        ("unknown-key", "/messages/0/content/1/cachePoint"),
        ("missing-key", "/messages/0/content/1"),
    ]


@pytest.mark.parametrize("system", [[], "", None])
@pytest.mark.parametrize("version", [{}, {"schemaVersion": "tooluse-dataset-2024"}, {"schemaVersion": None}])
def test_novas_freedom_is_taken_and_normalised(system: Any, version: dict[str, Any]) -> None:
    """AWS's guide allows any version, and its samples have empty system texts."""
    messages = [turn("user", [{"text": "a"}]), turn("assistant", [{"text": "b"}])]
    value = {**version, "system": system, "messages": messages}
    assert trained(value, model=NOVA_LITE) == {"schemaVersion": "bedrock-conversation-2024", "messages": messages}
    assert changed(value, NOVA_LITE) == [
        "schemaVersion written as bedrock-conversation-2024",
        "empty system text left out",
    ]


@pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
def test_reasoning_is_trained_on_where_the_model_learns_it_and_never_a_reference(model: BaseModelEntry) -> None:
    """Answers are compared with the answer, not with what led to it."""
    reasoning = {"reasoningContent": {"reasoningText": {"text": "First, add."}}}
    messages = [turn("user", [{"text": "a"}]), turn("assistant", [reasoning, {"text": "b"}])]
    value = {"schemaVersion": "bedrock-conversation-2024", "messages": messages}
    _, report, lines = gated(value, model=model)
    assert not report.errors
    assert parse_question(0, lines[0]).reference == "b"
    assert (b"First, add." in lines[0]) == model.learns_reasoning == (model == NOVA_2_LITE)
    assert any("reasoningContent left out" in what for _, what in report.changed) == (not model.learns_reasoning)
    if model.learns_reasoning:
        assert orjson.loads(lines[0]) == value


def test_reasoning_in_a_question_is_refused() -> None:
    """Only a model thinks before it answers."""
    reasoning = {"reasoningContent": {"reasoningText": {"text": "First, add."}}}
    messages = [turn("user", [{"text": "a"}, reasoning]), turn("assistant", [{"text": "b"}])]
    value = {"schemaVersion": "bedrock-conversation-2024", "messages": messages}
    assert broken(value, NOVA_2_LITE) == [("unknown-key", "/messages/0/content/1/reasoningContent")]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "preference data"),
        ({"chosen": ASKED, "rejected": ASKED}, "preference data"),
        ({"input": {"messages": ASKED}, "preferred_output": [], "non_preferred_output": []}, "preference data"),
        ({"prompt": "a", "completion": "b", "label": False}, "preference data"),
        ({"messages": ASKED[:1], "reference_answer": {"x": 1}}, "reinforcement"),
        ({"messages": [ASKED[0], {"role": "assistant", "content": None, "tool_calls": [CALL]}]}, "tool calls"),
        ({"messages": ASKED, "tools": [{"type": "function"}]}, "tool calls"),
        ({"messages": [turn("user", [{"text": "a"}]), turn("assistant", [{"toolUse": {"name": "f"}}])]}, "tool calls"),
        ({"conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "{}"}]}, "tool calls"),
        ({"messages": [turn("user", [{"type": "image_url", "image_url": {}}]), ASKED[1]]}, "images"),
        (
            {
                "schemaVersion": "bedrock-conversation-2024",
                "messages": [turn("user", [{"image": {}}, {"text": "a"}]), turn("assistant", [{"text": "b"}])],
            },
            "images",
        ),
        ({"image": "a.png", "conversations": [{"from": "human", "value": "a"}]}, "images"),
        ({"text": "Once upon a time."}, "texts alone"),
        ({"text": "Once upon a time.", "meta": {"source": "x"}}, "texts alone"),
    ],
)
def test_data_for_something_else_is_named_once_with_what_can_be_done(value: Any, what: str) -> None:
    """One mistake, one finding; nobody is told that Bedrock refuses what it takes."""
    read, report, _ = gated(*[value] * 40)
    (found,) = report.findings
    assert (found.rule, found.line, read.records_read) == ("unsupported-format", 1, 40)
    assert found.message.startswith("All 40 records contain")
    assert what in found.message
    assert "refuses" not in f"{found.message} {found.remedy}"
    assert len(found.remedy) > 60


def test_some_records_for_something_else_are_counted_beside_the_others() -> None:
    """A person sees that it is not the whole file, and where it begins."""
    _, report, _ = gated({"prompt": "a", "completion": "b"}, *[{"text": "c"}] * 2)
    (found,) = report.findings
    assert (found.line, found.message[:7]) == (2, "2 of 3 ")


def test_chats_without_a_system_text_are_no_mixture() -> None:
    """They are the same format: a warning would send a person on a search for nothing."""
    chat = {"messages": [turn("system", "Be brief."), *ASKED]}
    read, report, lines = gated(chat, {"messages": [turn("user", "Who?"), ASKED[1]]})
    assert (sorted(read.formats), report.findings, len(lines)) == (["messages", "openai-chat"], [], 2)


def test_reasoning_counts_as_trained_tokens_where_it_is_trained_on() -> None:
    """The estimate of the costs, and the cap on them, rest on it."""
    reasoning = {"reasoningContent": {"reasoningText": {"text": "Think. " * 400}}}
    messages = [turn("user", [{"text": "a"}]), turn("assistant", [reasoning, {"text": "b"}])]
    value = {"schemaVersion": "bedrock-conversation-2024", "messages": messages}
    assert gated(value, model=NOVA_2_LITE)[0].facts.answer_tokens[0] > 600
    assert gated(value, model=NOVA_LITE)[0].facts.answer_tokens[0] == 1


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"messages": [turn("system", "x User: y"), *ASKED]}, "/messages/0/content"),
        ({"messages": [turn("user", [{"type": "text", "text": "x User: y"}]), ASKED[1]]}, "/messages/0/content/0/text"),
        ({"instruction": "a", "input": "x User: y", "output": "b"}, "/input"),
        ({"instruction": "a", "history": [["x User: y", "c"]], "output": "b"}, "/history/0/0"),
        ({"instruction": "a", "context": "x User: y", "response": "b"}, "/context"),
        ({"input": "x User: y", "output": "b"}, "/input"),
        ({"question": "a", "context": "x User: y", "answer": "b"}, "/context"),
        (
            {"conversations": [{"from": "human", "value": "x User: y"}, {"from": "gpt", "value": "b"}]},
            "/conversations/0/value",
        ),
        ({"system": "x User: y", "conversations": ASKED}, "/system"),
    ],
)
def test_reserved_word_is_found_wherever_a_format_has_its_texts(value: Any, pointer: str) -> None:
    """Bedrock would fail the job for it, hours later; a column that is left out may have it."""
    assert ("reserved-word", pointer) in broken(value, NOVA_LITE)
    assert "reserved-word" not in dict(broken({"question": "a", "answer": "b", "note": "x User: y"}, NOVA_LITE))


@pytest.mark.parametrize("version", [{}, {"schemaVersion": None}, {"schemaVersion": "tooluse-dataset-2024"}])
@pytest.mark.parametrize("system", [{}, {"system": [{"text": "s"}]}])
def test_fast_path_takes_any_version_of_nova(version: dict[str, Any], system: dict[str, Any]) -> None:
    """A whole file has the same one: the rules that explain would take forty times as long."""
    messages = [turn("user", [{"text": "a"}]), turn("assistant", [{"text": "b"}])]
    value = {**version, **system, "messages": messages}
    assert formats.BY_NAME["bedrock-conversation-2024"].shape.keys(value) == 7 + len(version) + 2 * len(system)


def gated_file(data: bytes) -> DatasetReport:
    report = DatasetReport()
    check_set(io.BytesIO(data), "train.csv", HAIKU, report)
    return report


@pytest.mark.parametrize("header", ["prompt,response", "question,response", "query,response", "input,output"])
@pytest.mark.parametrize("document", ["context", "document"])
def test_document_of_a_table_s_pair_is_kept(header: str, document: str) -> None:
    """The question is about it."""
    report = DatasetReport()
    read = check_set(io.BytesIO(f"{header},{document}\nCash?,7,Cash: 7\n".encode()), "train.csv", HAIKU, report)
    assert not report.errors
    assert "Cash: 7" in read.samples[0].trained[0].text


@pytest.mark.parametrize("column", ["messages", "conversations"])
def test_table_whose_only_column_holds_conversations_is_named(column: str) -> None:
    """Each of its lines was called broken JSON."""
    (found,) = gated_file(f'{column}\n"[{{""role"": ""user""}}]"\n'.encode()).findings
    assert found.rule == "columns"
    assert f"single column {column}" in found.message


@pytest.mark.parametrize("data", [b'[{"prompt": "a", "completion": "b"}', b'{"prompt": "a" "b"}'])
def test_heading_of_broken_json_fits_arrays_and_lines(data: bytes) -> None:
    """An array that breaks off is no matter of a line."""
    (found,) = gated_file(data).findings
    assert (found.rule, RULES[found.rule].heading) == ("json-syntax", "The JSON cannot be read.")
