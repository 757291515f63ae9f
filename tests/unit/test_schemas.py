"""docs/schemas: what an editor completes and checks is what the code accepts."""

import json
from pathlib import Path

import pytest

from cli.schemas import FOLDER, SCHEMAS, schema_text

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_the_one_of_its_type(name: str) -> None:
    """`make schemas` was run after the last change."""
    assert (FOLDER / name).read_text() == schema_text(SCHEMAS[name])


def test_folder_has_no_schema_of_a_type_that_is_gone() -> None:
    """An editor would check against it."""
    assert {path.name for path in FOLDER.iterdir()} == set(SCHEMAS)


def test_shipped_run_json_names_the_schema() -> None:
    """Whoever opens an example sees the keys completed."""
    for settings in EXAMPLES.glob("*/run.json"):
        named = json.loads(settings.read_text())["$schema"]
        assert (settings.parent / named).resolve() == FOLDER / "run.schema.json"


def test_an_empty_list_that_the_code_refuses_is_none_for_an_editor() -> None:
    """Of what is served, and of a curve's sizes."""
    schema = json.loads((FOLDER / "run.schema.json").read_text())
    curve = schema["$defs"]["LearningCurveSettings"]["properties"]
    lists = [curve["fractions"], curve["sizes"], schema["properties"]["serve"]["anyOf"][1]]
    assert [each["minItems"] for each in lists] == [1, 1, 1]
