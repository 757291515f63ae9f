"""The catalogue of base models: entries agree with each other, with what the code can do, and with Bedrock's API."""

import json
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import botocore.session
import pytest

from lambdas.domain.dataset.formats import Record, dump
from lambdas.domain.dataset.record_facts import MAX_RECORDS
from lambdas.domain.models.catalogue import BaseModelEntry, UnknownBaseModelError, base_model, catalogue
from lambdas.domain.models.hyperparameters import findings

EACH_MODEL = pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
ENTRIES = sorted((Path(__file__).parents[2] / "lambdas" / "domain" / "models").glob("*.json"))
# What the API takes where these ids are sent: operation -> its parameter, and the entry's field.
ID_PARAMETERS = [
    ("bedrock", "CreateModelCustomizationJob", "baseModelIdentifier", "customization_id"),
    ("bedrock", "GetFoundationModel", "modelIdentifier", "customization_id"),
    ("bedrock", "GetFoundationModel", "modelIdentifier", "foundation_model_id"),
    ("bedrock-runtime", "Converse", "modelId", "inference_id"),
]


def test_catalogue_has_the_eight_models_with_the_default_first() -> None:
    """The first is the default of the settings; an entry lost in packing would be missed only by its users."""
    assert [model.name for model in catalogue()] == [
        "Nova Lite",
        "Claude 3 Haiku",
        "Llama 3.1 70B Instruct",
        "Llama 3.1 8B Instruct",
        "Llama 3.3 70B Instruct",
        "Nova 2 Lite",
        "Nova Micro",
        "Nova Pro",
    ]


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.stem)
def test_file_holds_every_field_and_its_numbers_as_they_are_meant(path: Path) -> None:
    """All entries have the same keys in the same order, so that two of them can be compared line by line."""
    written = json.loads(path.read_bytes())
    assert list(written) == list(BaseModelEntry.model_fields)
    for name, spec in written["hyperparameters"].items():
        numbers = [spec[key] for key in ("default", "minimum", "maximum")]
        assert spec["type"] == "number" or all(isinstance(number, int) for number in numbers), name


def test_no_two_entries_are_confused() -> None:
    """A name or an id that stands twice would tune, price or report another model than was meant."""
    ids = [{model.customization_id, model.inference_id, model.foundation_model_id} for model in catalogue()]
    for found in (Counter(model.name for model in catalogue()), Counter(each for some in ids for each in some)):
        assert set(found.values()) == {1}


@EACH_MODEL
def test_every_id_of_a_model_finds_it(model: BaseModelEntry) -> None:
    """Users write any of them in run.json; the id that is trained is the foundation model's with its context length."""
    for model_id in (model.customization_id, model.inference_id, model.foundation_model_id):
        assert base_model(model_id) is model
    assert re.fullmatch(rf"{re.escape(model.foundation_model_id)}:\d+k", model.customization_id)
    assert model.foundation_model_id.startswith(f"{model.provider.lower()}.")


@EACH_MODEL
@pytest.mark.parametrize(("service", "operation", "parameter", "field"), ID_PARAMETERS)
def test_ids_match_the_patterns_of_the_api(
    model: BaseModelEntry, service: str, operation: str, parameter: str, field: str
) -> None:
    """Unchecked by botocore, a wrong one would be refused when the run is under way."""
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    assert shape is not None
    assert re.fullmatch(shape.members[parameter].metadata["pattern"], getattr(model, field))


@EACH_MODEL
def test_customization_is_offered_in_regions_that_have_bedrock(model: BaseModelEntry) -> None:
    """The demo and the preflight take the first; a profile of the United States reaches no other Region."""
    known = botocore.session.get_session().get_available_regions("bedrock")
    assert model.customization_regions
    assert set(model.customization_regions) <= {region for region in known if region.startswith("us-")}


@EACH_MODEL
def test_hyperparameters_contradict_their_ranges_nowhere(model: BaseModelEntry) -> None:
    """A default outside its range would fail each job, hours later."""
    assert findings(model, {name: spec.default for name, spec in model.hyperparameters.items()}) == []
    for size in model.hyperparameters_by_size:
        assert findings(model, size.values) == []
        assert size.reason
    bounds = [size.below_records for size in model.hyperparameters_by_size]
    assert bounds == sorted(set(bounds))
    # Early stopping reads a validation loss.
    needing = [spec for spec in model.hyperparameters.values() if spec.needs_validation]
    assert not needing or model.limits.validation


@EACH_MODEL
def test_limits_leave_room_for_a_set(model: BaseModelEntry) -> None:
    """Bounds that cross would refuse every data set; facts are kept of no more records than MAX_RECORDS."""
    limits = model.limits
    for each in (limits.train, limits.validation or limits.train):
        assert 0 < each.min_records < each.max_records <= MAX_RECORDS
    assert limits.train.max_records <= limits.max_training_and_validation_records
    assert limits.max_record_tokens > 4096


def test_models_of_a_family_read_the_same_records() -> None:
    """Reserved words belong to a tokenizer, formats to a generation: where two differ, one of them is a slip."""
    words = defaultdict(set)
    for model in catalogue():
        words[model.provider].add(model.reserved_words)
        assert len(set(model.reserved_words)) == len(model.reserved_words)
    assert {provider: len(found) for provider, found in words.items()} == dict.fromkeys(words, 1)
    formats = {model.name: model.record_format for model in catalogue()}
    assert {formats[f"Nova {size}"] for size in ("Micro", "Lite", "Pro", "2 Lite")} == {"bedrock-conversation-2024"}
    assert {formats[f"Llama 3.1 {size} Instruct"] for size in ("8B", "70B")} == {"prompt-completion"}


@EACH_MODEL
def test_format_has_a_writer(model: BaseModelEntry) -> None:
    """An entry with a format that nothing writes would be refused only after the whole file was read."""
    assert json.loads(dump(Record(None, ["2 + 2?", "4"]), model.record_format))


@EACH_MODEL
def test_life_cycle_is_in_order_and_ends_in_a_living_successor(model: BaseModelEntry) -> None:
    """Whoever reads that a model is gone must read which one to change to, and that one must not be gone as well."""
    cycle = model.lifecycle
    assert cycle.source.startswith("https://docs.aws.amazon.com/")
    if cycle.legacy_from and cycle.end_of_life:
        assert cycle.legacy_from < cycle.end_of_life
    assert cycle.legacy_from or not cycle.end_of_life
    successor = base_model(model.successor)
    assert successor.customization_id == model.successor != model.customization_id
    assert (successor.lifecycle.end_of_life or date.max) > (cycle.end_of_life or date.min)


@EACH_MODEL
def test_serving_on_demand_says_from_when(model: BaseModelEntry) -> None:
    """Bedrock deploys on demand only what was customized after a date: without it nobody knows which models."""
    assert len(set(model.serving)) == len(model.serving)
    assert ("on_demand" in model.serving) == (model.on_demand_for_models_customized_after is not None)
    assert all(source.startswith("https://") for source in model.sources)


@EACH_MODEL
def test_base_model_is_known_by_its_arn(model: BaseModelEntry) -> None:
    """The Bedrock console shows it; the ARN of something else with the same end is none."""
    for model_id in (model.customization_id, model.foundation_model_id):
        assert base_model(f"arn:aws:bedrock:us-east-1::foundation-model/{model_id}") == model
        with pytest.raises(UnknownBaseModelError):
            base_model(f"arn:aws:bedrock:us-east-1:111122223333:custom-model/{model_id}")


def test_unknown_model_is_refused_with_the_known_ones() -> None:
    """A user reads which ids there are."""
    with pytest.raises(UnknownBaseModelError, match="claude-3-haiku"):
        base_model("anthropic.claude-3-opus-20240229-v1:0")


@EACH_MODEL
def test_models_page_lists_the_model_as_the_catalogue_has_it(model: BaseModelEntry) -> None:
    """Whoever must change the model chooses from that table and copies from it."""
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
    served = {"on_demand": "on demand", "provisioned_throughput": "Provisioned Throughput"}
    cells = (
        model.name,
        f"`{model.customization_id}`",
        ", ".join(model.customization_regions),
        " or ".join(served[kind] for kind in model.serving),
        model.record_format,
        str(model.lifecycle.end_of_life or "none announced"),
    )
    assert f"| {' | '.join(cells)} |" in page
