"""docs/operations.md lists what can be set."""

import re
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from lambdas.domain.settings.run_settings import RunSettings
from stacks.settings import Settings

OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    """The model's keys with dots; a mapping with a class of its own is told by its keys, or as a whole."""
    found = set()
    for attribute, field in model.model_fields.items():
        name = field.alias or attribute
        # `Model | None` holds the class in its arguments.
        parts = (field.annotation, *get_args(field.annotation))
        inner = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        if inner and f"`{prefix}{name}`" not in OPERATIONS:
            found |= keys(inner[0], f"{prefix}{name}.")
        else:
            found.add(f"{prefix}{name}")
    return found


def documented(heading: str) -> set[str]:
    section = OPERATIONS.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)}


def test_every_key_of_run_json_is_documented_and_no_other() -> None:
    """A key that nobody can find is no setting; one that does not exist is refused."""
    assert documented("run.json") == keys(RunSettings)


def test_every_setting_of_the_deployment_is_documented_and_no_other() -> None:
    """The same for `cdk.json`."""
    assert documented("Settings") == set(Settings.model_fields)
