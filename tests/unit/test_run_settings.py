"""run.json: every wrong or unknown key is refused by its path, and nothing is guessed."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.models.catalogue import BaseModelEntry, catalogue
from lambdas.domain.settings.run_limits import RunLimits, doubtful_models
from lambdas.domain.settings.run_settings import Choices, choose, compared_models, parse

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
_KEYS = ("base_model", "split", "evaluation", "mapping", "prompt", "models", "gate", "prices", "tags", "sweep", "aws:x")


def faults(document: Any) -> dict[str, str]:
    parsed = parse(json.dumps(document).encode(), HAIKU, RunLimits(max_model_units=2))
    assert not isinstance(parsed, Choices)
    return {fault.pointer: fault.message for fault in parsed}


def choices(document: Any) -> Choices:
    parsed = parse(json.dumps(document).encode(), HAIKU, RunLimits(max_model_units=2))
    assert isinstance(parsed, Choices), parsed
    return parsed


def test_no_run_json_means_the_defaults() -> None:
    """A single file is enough for a run."""
    parsed = parse(None, HAIKU, RunLimits(max_model_units=2))
    assert isinstance(parsed, Choices)
    assert parsed == choices({})
    assert parsed.model.customization_id == HAIKU
    assert compared_models(parsed) == {"base": "anthropic.claude-3-haiku-20240307-v1:0"}


@pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
def test_the_base_model_is_asked_by_an_id_without_a_context_length(model: BaseModelEntry) -> None:
    """Converse finds no model by the id that it is tuned by (`test_bedrock_runtime`)."""
    asked = compared_models(choices({"base_model": model.customization_id}))["base"]
    assert asked == model.inference_id
    assert not re.search(r":\d+k$", asked)


def test_schema_of_the_file_is_allowed_and_changes_nothing() -> None:
    """An editor completes the keys by it."""
    assert choices({"$schema": "../docs/schemas/run.schema.json"}).model == choices({}).model


@pytest.mark.parametrize(
    ("document", "pointer", "message"),
    [
        ([], "", "JSON object"),
        ({"epochs": 3}, "/epochs", "no such setting"),
        ({"$schema": 1}, "/$schema", "string"),
        ({"schema_uri": "x"}, "/schema_uri", "no such setting"),
        ({"split": {"train": 0.5}}, "/split/train", "no such setting"),
        ({"split": {"test": "0.1"}}, "/split/test", "number"),
        ({"split": {"test": 0}}, "/split/test", "greater than 0"),
        ({"split": {"test": 0.5, "validation": 0.5}}, "/split", "nothing to train on"),
        ({"model_units": 0}, "/model_units", "greater than or equal to 1"),
        ({"model_units": True}, "/model_units", "integer"),
        ({"model_units": 3}, "/model_units", "buys at most 2 model units"),
        ({"keep_job": "yes"}, "/keep_job", "boolean"),
        ({"base_model": "gpt"}, "/base_model", "'gpt' cannot be fine-tuned here; the models that can: amazon"),
        ({"custom_model": "my-model"}, "/custom_model", "pattern"),
        ({"system": ""}, "/system", "at least 1 character"),
        ({"system": " \n"}, "/system", "only white space"),
        ({"tags": {"team": "a<b"}}, "/tags/team", "pattern"),
        ({"tags": {"<": "a"}}, "/tags/<", "pattern"),
        ({"tags": {"AWS:cost": "a"}}, "/tags/AWS:cost", "AWS's own"),
        ({"tags": {"Deployment": "other"}}, "/tags/Deployment", "the run itself sets deployment"),
        ({"tags": {"Team": "a", "team": "b"}}, "/tags", "Team and team differ in case only"),
        ({"evaluation": {"temperature": 2}}, "/evaluation/temperature", "less than or equal to 1"),
        ({"evaluation": {"models": ["a b"]}}, "/evaluation/models/0", "pattern"),
        ({"evaluation": {"models": ["x", "x"]}}, "/evaluation/models/1", "already one of the arms"),
        ({"evaluation": {"models": ["champion"]}}, "/evaluation/models/0", "already one of the arms"),
        ({"evaluation": {"judges": ["x", "y", "x"]}}, "/evaluation/judges/2", "already one of the judges"),
        (
            {"evaluation": {"models": ["amazon.nova-2-lite-v1:0:256k"]}},
            "/evaluation/models/0",
            "write 'us.amazon.nova-2-lite-v1:0'",
        ),
        ({"evaluation": {"judges": [HAIKU]}}, "/evaluation/judges/0", f"write '{HAIKU.removesuffix(':200k')}'"),
        (
            {"evaluation": {"prices": {f"m{n}": {"input": 1, "output": 1} for n in range(51)}}},
            "/evaluation/prices",
            "50",
        ),
        ({"sweep": {"grid": dict.fromkeys("abcd", [1] * 12)}}, "/sweep/grid", "20,736 combinations"),
        ({"learning_curve": {}}, "/learning_curve", "give either fractions, such as [0.25, 0.5, 1], or sizes"),
        ({"learning_curve": {"fractions": [1], "sizes": [9]}}, "/learning_curve", "give either fractions"),
        ({"learning_curve": {"fractions": [0.5, 1.5]}}, "/learning_curve/fractions/1", "less than or equal to 1"),
        ({"learning_curve": {"sizes": [0]}}, "/learning_curve/sizes/0", "greater than or equal to 1"),
        ({"learning_curve": {"fractions": [0]}}, "/learning_curve/fractions/0", "The value must be greater than 0."),
        ({"learning_curve": {"sizes": [*range(1, 14)]}}, "/learning_curve/sizes", "There may be at most 12."),
        ({"learning_curve": {"fraction": [1]}}, "/learning_curve/fraction", "Did you mean fractions?"),
        ({"serve": "al"}, "/serve", "Did you mean all?"),
        ({"serve": []}, "/serve", "The list is empty"),
        ({"serve": [1, 0]}, "/serve", "0 is no candidate's number"),
        ({"serve": list(range(1, 14))}, "/serve", "at most 12 candidates"),
        ({"serve": True}, "/serve", 'Give "best", "all", or a list of candidate numbers'),
        ({"evaluation": {"few_shot": -1}}, "/evaluation/few_shot", "greater than or equal to 0"),
        ({"evaluation": {"gate": {"smallest_gain": "1"}}}, "/evaluation/gate/smallest_gain", "number"),
        ({"evaluation": {"gate": {"gain": 1}}}, "/evaluation/gate/gain", "no such setting"),
    ],
)
def test_wrong_setting_is_refused_by_its_path(document: Any, pointer: str, message: str) -> None:
    """The user must read which key to correct, and why."""
    found = faults(document)
    assert list(found) == [pointer]
    assert message in found[pointer]


def test_all_faults_are_told_at_once() -> None:
    """A user corrects run.json once, not once per key."""
    assert set(faults({"epochs": 3, "model_units": 0, "split": {"seed": -1}})) == {
        "/epochs",
        "/model_units",
        "/split/seed",
    }


def test_no_wrong_key_hides_another_one() -> None:
    """Each is told with the name that is meant, also beside keys that are close to none and a model that is unknown."""
    found = faults(
        {
            "base_model": "amazon.nova-lite-v1:0:30k",
            "unheard": 1,
            "splt": {},
            "judges": [],
            "split": {"validation": 0.6, "test": 0.6},
            "evaluation": {"modles": [], "judges": [1, 2], "models": ["a.b", "a.b"], "gate": {"metrc": "f1"}},
            "mapping": {"prompt": "subject"},
        }
    )
    assert found.pop("/mapping/completion")
    assert {key: message.partition("Did you mean ")[2] for key, message in found.items()} == {
        "/base_model": "amazon.nova-lite-v1:0:300k?",
        "/unheard": "",
        "/splt": "split?",
        "/judges": "evaluation.judges?",
        "/split": "",
        "/evaluation/modles": "models?",
        "/evaluation/judges/0": "",
        "/evaluation/judges/1": "",
        "/evaluation/models/1": "",
        "/evaluation/gate/metrc": "metric?",
    }


def test_what_is_sound_in_a_wrong_run_json_is_used_to_check_the_data() -> None:
    """Without its mapping each column would be told as a mistake of its own."""
    text = json.dumps({"epochs": 3, "mapping": {"prompt": "subject", "completion": "category"}, "system": "Be brief."})
    chosen, found = choose(text.encode(), HAIKU, RunLimits(max_model_units=2))
    assert [each.pointer for each in found] == ["/epochs"]
    assert chosen.settings.mapping is not None
    assert chosen.settings.system == "Be brief."


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_document_gives_settings_and_findings(document: Any) -> None:
    """What is left of a wrong document is settings, however it is wrong."""
    chosen, found = choose(json.dumps(document).encode(), HAIKU, RunLimits(max_model_units=2))
    assert chosen.model.customization_id == HAIKU or not found
    assert all(each.message for each in found)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("amazon.nova-lite-v1:0:30k", "amazon.nova-lite-v1:0:300k"),
        ("Nova Lite", "amazon.nova-lite-v1:0:300k"),
        ("claude-3-haiku", HAIKU),
        ("llama3-1-8b", "meta.llama3-1-8b-instruct-v1:0:128k"),
        ("gpt-4o", ""),
        ("amazon.nova-premier-v1:0", ""),
    ],
)
def test_a_misspelt_base_model_is_told_with_the_id_that_is_meant(wrong: str, meant: str) -> None:
    """Ids are long, and people leave out their ends."""
    asked = faults({"base_model": wrong})["/base_model"].partition("Did you mean ")[2]
    assert asked == (f"{meant}?" if meant else "")


def test_a_misspelt_model_to_ask_is_told_where_any_may_be_asked() -> None:
    """It may be a new one, so that it is no mistake of its own."""
    wrong = [("/evaluation/judges/0", "amazon.nova-prov1:0"), ("/evaluation/judges/1", "a.new-one")]
    (found,) = doubtful_models(wrong)
    assert found.pointer == "/evaluation/judges/0"
    assert found.message == "No model 'amazon.nova-prov1:0' is known here. Did you mean amazon.nova-pro-v1:0?"


@given(st.binary(max_size=200))
def test_any_bytes_give_settings_or_faults(text: bytes) -> None:
    """run.json comes from outside: it must never end in a stack trace."""
    parsed = parse(text, HAIKU, RunLimits(max_model_units=2))
    assert isinstance(parsed, Choices) or all(fault.message for fault in parsed)


@pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
def test_what_is_added_to_prompts_has_no_reserved_word(model: BaseModelEntry) -> None:
    """It stands in no record, so only here is it found; Bedrock would fail the job for it, hours later."""
    for word in model.reserved_words:
        found = faults({"base_model": model.customization_id, "system": f"Be brief.{word}"})
        assert found == {"/system": f"A prompt for {model.name} cannot have {word!r}."}
        if re.fullmatch("<[a-z]+>", word):
            assert faults({"base_model": model.customization_id, "context_tag": word[1:-1]}).keys() == {"/context_tag"}
    assert choices({"base_model": model.customization_id, "system": "Be brief.", "context_tag": "filing"})


def test_further_models_are_arms_named_after_them() -> None:
    """Their answers are stored under the arm's name, which must be good for a file."""
    chosen = choices({"evaluation": {"models": ["amazon.nova-lite-v1:0"]}})
    assert compared_models(chosen) == {
        "base": "anthropic.claude-3-haiku-20240307-v1:0",
        "amazon.nova-lite-v1-0": "amazon.nova-lite-v1:0",
    }
