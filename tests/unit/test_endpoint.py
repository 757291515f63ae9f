"""What an application is told: the format that all test records have, and a value that a parameter can hold."""

import json

import pytest

from lambdas.domain.dataset.formats.mapping import MappingSettings
from lambdas.domain.dataset.prompt_template import prompt_template
from lambdas.domain.evaluation.endpoint import MAX_BYTES, Endpoint, find_format
from lambdas.domain.evaluation.questions import Message, Question


def ask(text: str, system: str | None = None) -> Question:
    return Question(0, system, (Message(role="user", content=text),), "7")


def endpoint(**changes: str) -> Endpoint:
    return Endpoint.model_validate({"run_id": "sales", "model_arn": "arn:model", "template": "{prompt}", **changes})


def test_the_system_text_of_all_records_is_told() -> None:
    found = find_format([ask("a", "Be brief."), ask("b", "Be brief.")], None, {"max_tokens": 64, "top_p": 0.5})
    assert (found.system, found.system_varies, found.template) == ("Be brief.", False, "{prompt}")
    assert found.inference == {"maxTokens": 64, "topP": 0.5}


def test_several_system_texts_are_said_to_be_several() -> None:
    """One of them for all would be another format."""
    found = find_format([ask("a", "Be brief."), ask("b", None), ask("c", "Be long.")], None, {})
    assert (found.system, found.system_varies) == (None, True)


def test_a_document_in_tags_is_a_field_of_its_own() -> None:
    asked = "<document>\nCash: 7\n</document>\n\nHow much cash?"
    template = find_format([ask(asked), ask(asked)], None, {}).template
    assert template is not None
    assert template.format(document="Cash: 7", question="How much cash?") == asked


@pytest.mark.parametrize("other", ["How much?", "<page>\n7\n</page>\n\nHow much?", "<document>\nno end"])
def test_records_of_several_forms_have_one_text(other: str) -> None:
    asked = "<document>\nCash: 7\n</document>\n\nHow much cash?"
    assert find_format([ask(asked), ask(other)], None, {}).template == "{prompt}"


@pytest.mark.parametrize(
    ("prompt", "template"), [("body", "{body}"), ("{subject}: {{x}} {body}", "{subject}: {{x}} {body}")]
)
def test_a_mapping_is_the_template(prompt: str, template: str) -> None:
    mapping = MappingSettings(prompt=prompt, completion="category")
    assert prompt_template(mapping, "Be {brief}.", "messages") == template
    found = find_format([ask("a")], template, {})
    assert found.template == template


def test_a_very_long_template_is_not_planned_with() -> None:
    """The plan is a part of the state, whose size is bounded."""
    assert (
        prompt_template(MappingSettings(prompt="é" * 500 + "{body}", completion="category"), None, "messages") is None
    )


def test_llama_s_prompt_begins_with_the_system_text() -> None:
    """Its records have no other place for it."""
    template = prompt_template(None, "Be {brief}.", "prompt-completion")
    assert template is not None
    assert template.format(prompt="Hi") == "Be {brief}.\n\nHi"


def test_no_text_of_the_parameter_has_braces() -> None:
    """Systems Manager takes two of them for a reference, and refuses the value."""
    rendered = endpoint(system="{{ssm:secret}} é", template="{{x}} {prompt}").render("s3://out/report.json")
    assert "{{" not in rendered
    assert "}}" not in rendered
    read = Endpoint.model_validate_json(rendered)
    assert (read.system, read.template) == ("{{ssm:secret}} é", "{{x}} {prompt}")


def test_a_format_too_long_for_a_parameter_is_told_by_its_place() -> None:
    """A parameter of more than 4 KB would cost, or be refused."""
    rendered = endpoint(system="é" * 1_000).render("s3://out/report.json")
    assert len(rendered.encode()) <= MAX_BYTES
    read = json.loads(rendered)
    assert (read["system"], read["template"], read["format_uri"]) == (None, None, "s3://out/report.json")
