"""The picture of the pipeline is drawn from its definition and cannot go stale unseen."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from stacks.definition import PATH, states

# The script lies beside the definition, outside the packages.
_spec = importlib.util.spec_from_file_location("diagram", PATH.with_name("diagram.py"))
assert _spec and _spec.loader
_script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_script)
BEGIN, END, diagram, main = _script.BEGIN, _script.END, _script.diagram, _script.main


def test_every_state_and_no_other_is_drawn() -> None:
    """The picture shows the whole pipeline; Mermaid draws a name at an arrow's end, too."""
    definition = json.loads(PATH.read_text())
    nodes: list[str] = []
    linked: set[str] = set()
    for line in map(str.strip, diagram(definition).splitlines()[2:]):
        if arrow := re.fullmatch(r"(\w+) (?:-->|-\.->)(?:\|.*\|)? (\w+)", line):
            linked |= set(arrow.groups())
        elif line != "end":
            nodes += re.findall(r"^(?:subgraph )?(\w+)", line)
    assert sorted(nodes) == sorted(name for name, _ in states(definition))
    assert linked <= set(nodes)


def test_errors_are_dashed_and_conditions_are_told() -> None:
    """What a reader must see at a glance: where failures go, and what decides."""
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Task", "Next": "B", "Catch": [{"Next": "C"}, {"Next": "B"}, {"Next": "C"}]},
            "B": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.x.y", "StringEquals": "z", "Next": "A"}],
                "Default": "C",
            },
            "C": {"Type": "Fail"},
        },
    }
    assert diagram(definition).splitlines() == [
        "flowchart TD",
        "    start(( )) --> A",
        "    A[A]",
        "    B{B}",
        "    C(((C)))",
        "    A --> B",
        "    A -.-> C",
        "    B -->|x.y = z| A",
        "    B -->|otherwise| C",
    ]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"Variable": "$.n.shards", "NumericGreaterThan": 0}, "n.shards > 0"),
        ({"Variable": "$.run.claimed", "BooleanEquals": True}, "run.claimed"),
        ({"Variable": "$.run.claimed", "BooleanEquals": False}, "not run.claimed"),
        ({"Variable": "$.failure", "IsPresent": True}, "failure is present"),
        ({"Variable": "$.failure", "IsPresent": False}, "failure is absent"),
        ({"Variable": "$.failure", "IsNull": True}, "failure is null"),
        ({"Variable": "$.failure", "IsNull": False}, "failure is not null"),
        (
            {"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "StringEquals": "b"}]},
            "a = b",
        ),
        (
            {"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.c", "StringEquals": "b"}]},
            "a is present and c = b",
        ),
        (
            {"Or": [{"Variable": "$.a", "NumericLessThan": 2}, {"Variable": "$.b", "IsPresent": True}]},
            "a < 2 or b is present",
        ),
        ({"Not": {"Variable": "$.a", "NumericEquals": 2}}, "not (a = 2)"),
    ],
)
def test_condition_is_told_with_its_operator(rule: dict[str, Any], told: str) -> None:
    """A reader takes `shards: 0` for "no shards", where the state machine asks for more than none."""
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Choice", "Choices": [{**rule, "Next": "B"}], "Default": "B"},
            "B": {"Type": "Succeed"},
        },
    }
    [label] = re.findall(r'A -->\|"?(.+?)"?\| B', diagram(definition))[:1]
    assert label == told


def test_comparator_without_an_operator_is_refused() -> None:
    """A condition that is drawn as another one would mislead."""
    rule = {"Variable": "$.a", "StringMatches": "b*", "Next": "B"}
    definition = {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [rule]}, "B": {"Type": "Succeed"}}}
    with pytest.raises(_script.UnknownComparatorError, match="StringMatches"):
        diagram(definition)


def test_stale_picture_is_refused_and_renewed(tmp_path: Path) -> None:
    """The check fails with the command that repairs it, and the command leaves the rest of the file alone."""
    page = tmp_path / "pipeline.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    with pytest.raises(SystemExit, match="--write"):
        main(["--check", str(page)])
    main(["--write", str(page)])
    main(["--check", str(page)])
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n```mermaid\nflowchart TD\n")
    assert text.endswith(f"```\n{END}\nafter\n")


def test_file_without_markers_is_refused(tmp_path: Path) -> None:
    """Nothing is written where nobody said where."""
    page = tmp_path / "pipeline.md"
    page.write_text("no markers\n")
    with pytest.raises(SystemExit, match="markers"):
        main(["--write", str(page)])
    assert page.read_text() == "no markers\n"
