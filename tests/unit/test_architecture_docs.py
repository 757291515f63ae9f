"""docs/architecture.md is true: its tree, its paths and its table of facts are those of the code."""

import importlib
import json
import re
import tomllib
from pathlib import Path

from lambdas.domain.core.fact import Fact
from stacks.definition import PATH, states

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
ROW = re.compile(r"^\| (?:`\$\.\w+`(?:, )?)+ \| `(\w+)` \| `([\w/]+)\.py` \| (.+) \|$", re.MULTILINE)


def test_each_fact_is_the_type_that_the_table_names() -> None:
    """A reader looks there for what a state's fact holds."""
    rows = ROW.findall(PAGE)
    assert len(rows) >= 12
    for name, module, _ in rows:
        found = getattr(importlib.import_module(f"lambdas.domain.{module.replace('/', '.')}"), name)
        assert issubclass(found, Fact), name


def test_each_fact_is_made_by_states_that_exist() -> None:
    """A renamed state would leave the reader in front of nothing."""
    known = {name for name, _ in states(json.loads(PATH.read_text()))}
    named = {word for *_, made_by in ROW.findall(PAGE) for word in re.findall(r"\b[A-Z][a-z]+[A-Z]\w+", made_by)}
    assert named
    assert named <= known


def test_the_rooms_stand_in_the_order_of_their_layers() -> None:
    """Who may import whom is read from the tree."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [each["layers"] for each in contracts if each.get("containers") == ["lambdas.domain"]]
    assert re.findall(r"^    (\w+)/ ", PAGE, re.MULTILINE) == layers


def test_each_path_exists() -> None:
    """Files move more often than pages are read."""
    paths = re.findall(r"`((?:lambdas|stacks|cli|local|state_machines|domain|steps|adapters|core|docs)/[\w./]*)`", PAGE)
    assert paths
    places = (ROOT, ROOT / "lambdas", ROOT / "lambdas" / "domain")
    assert [path for path in paths if not any((place / path).exists() for place in places)] == []
