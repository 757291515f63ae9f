"""How simulated models answer where a system text lists options or keys, and how they learn JSON."""

import json

import pytest

from local.bedrock.foundation_models import HAIKU
from local.bedrock.models.base import BaseModel
from local.bedrock.models.fields import ABSENT, Form, form_of, join, read_fields, split
from local.bedrock.models.tuned import SimulatedTunedModel
from local.bedrock.training import train
from local.bedrock.training_data import Example

OPTIONS = "Reply with one of these:\n- billing: wrong charges and invoices\n- delivery: late or lost parcels"
KEYS = "Reply with a JSON object:\n- sender: the company\n- date: when it was written\n- kind: one of invoice, order"
SMALL_SET = {"batchSize": "4", "epochCount": "5"}


def ask(model: BaseModel | SimulatedTunedModel, system: str, prompt: str) -> str:
    return model.answer(system, (("user", prompt),))


@pytest.mark.parametrize(
    ("ticket", "option"), [("You charged me twice.", "billing"), ("My parcel came late, I think.", "delivery")]
)
def test_base_takes_the_option_that_shares_words_with_the_prompt(ticket: str, option: str) -> None:
    """Anybody who reads the list would; customers with other words than the list's are beyond it."""
    assert f"the answer is {option}." in ask(BaseModel(1), OPTIONS, ticket)


def test_a_line_alone_and_prose_are_no_options() -> None:
    """The base answers as ever where the system text lists nothing."""
    prompt = "The lamp costs 7 euros.\n\nWhat does the lamp cost?"
    plain = ask(BaseModel(1), "", prompt)
    assert ask(BaseModel(1), "Answer briefly.\n- No chat.", prompt) == plain
    assert ask(BaseModel(1), "Reply with billing, refund or praise.", prompt) == plain


def test_base_answers_a_json_key_by_key_in_a_fence() -> None:
    """Told the keys it gives them all; what it finds for them may be wrong."""
    answer = ask(BaseModel(0), KEYS, "Fernwick Foods wrote this order on 3 May 2024 and asks for cheese.")
    assert answer.startswith("```json\n")
    assert answer.endswith("\n```")
    found = json.loads(answer.removeprefix("```json\n").removesuffix("\n```"))
    assert found == {"sender": "Fernwick Foods", "date": "3 May 2024", "kind": "order"}


def letters(numbers: range) -> list[Example]:
    found = []
    for n in numbers:
        sender = f"Firm{chr(65 + n % 26)}{chr(97 + n % 25)} Foods"
        answer = {"sender": sender, "mood": "bad" if n % 3 else "good"} | ({"days": n} if n % 2 else {})
        text = f"Letter of {sender}. It is {'urgent' if n % 3 else 'calm'}, due in {n} days."
        found.append(Example("", text, json.dumps(answer)))
    return found


def test_tuned_model_learns_each_field_of_a_json() -> None:
    """Answers of new prompts are made of their own words: none of them stands in training."""
    model = train(HAIKU, SMALL_SET, letters(range(100, 160)), []).model
    tests = letters(range(200, 220))
    found = [read_fields(ask(model, "", example.prompt)) for example in tests]
    wanted = [read_fields(example.answer) for example in tests]
    for path in (("sender",), ("mood",)):
        right = [(one or {}).get(path) == (other or {}).get(path) for one, other in zip(found, wanted, strict=True)]
        assert sum(right) >= 16, path


def test_form_has_the_fields_of_nested_objects_and_none_where_there_are_arrays() -> None:
    """A tool call has its arguments as fields; a list has no fixed number of them."""
    call = {"name": "weather", "arguments": {"city": "Porto", "days": 3}}
    form = form_of([json.dumps(call)] * 2 + [json.dumps({"name": "clock", "arguments": {"city": "Graz"}})])
    assert form == Form((("name",), ("arguments", "city"), ("arguments", "days")), frozenset({("arguments", "days")}))
    parts = [answer for _, answer in split("Ask.", json.dumps(call), form)]
    assert parts == ["weather", "Porto", "3"]
    assert json.loads(join(parts, form)) == call
    assert json.loads(join(["clock", "Graz", ABSENT], form)) == {"name": "clock", "arguments": {"city": "Graz"}}
    assert form_of(['{"a": [1]}'] * 3) is None
    assert form_of(["text", '{"a": 1}']) is None
