"""Draws the pipeline as a Mermaid flowchart from its definition, and checks the copy in docs/pipeline.md.

python -m state_machines.diagram                           prints the picture
python -m state_machines.diagram --write docs/pipeline.md  renews it between the markers
python -m state_machines.diagram --check docs/pipeline.md  exits 1 if it is stale
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DEFINITION = Path(__file__).with_name("fine_tuning.asl.json")
BEGIN, END = "<!-- pipeline:begin -->", "<!-- pipeline:end -->"
SHAPES = {"Choice": "{{{}}}", "Wait": "([{}])", "Succeed": "((({})))", "Fail": "((({})))", "Pass": ">{}]"}

NO_COMPARATORS = ("Variable", "Next", "Comment")
OPERATORS = {
    "StringEquals": "=",
    "NumericEquals": "=",
    "NumericGreaterThan": ">",
    "NumericGreaterThanEquals": "≥",
    "NumericLessThan": "<",
    "NumericLessThanEquals": "≤",
}

State = dict[str, Any]
Rule = dict[str, Any]


class UnknownComparatorError(Exception):
    """A Choice compares in a way that the picture cannot show yet."""


class StaleDiagram(Exception):  # noqa: N818 - a state of affairs, told to a person
    """The file lacks the markers, or what stands between them is not the current picture."""


def diagram(definition: dict[str, Any]) -> str:
    """The flowchart: solid arrows where the run goes on, dashed ones where it goes after an error."""
    lines = ["flowchart TD", f"    start(( )) --> {definition['StartAt']}"]
    lines += [*_nodes(definition, indent=1), *_edges(definition)]
    return "\n".join(lines) + "\n"


def _nodes(machine: dict[str, Any], *, indent: int) -> Iterator[str]:
    pad = "    " * indent
    for name, state in machine["States"].items():
        inner = _inner(state)
        if not inner:
            yield pad + name + SHAPES.get(state["Type"], "[{}]").format(name)
            continue
        yield f"{pad}subgraph {name}"
        for part in inner:
            yield from _nodes(part, indent=indent + 1)
        yield f"{pad}end"


def _edges(machine: dict[str, Any]) -> Iterator[str]:
    for name, state in machine["States"].items():
        solid = list(_next(state))
        for target, label in solid:
            # Quoted, since brackets would be shapes and angles arrows.
            quoted = f'"{label}"' if re.search(r"[^\w. =]", label) else label
            yield f"    {name} -->{f'|{quoted}| ' if label else ' '}{target}"
        for target in dict.fromkeys(catch["Next"] for catch in state.get("Catch", ())):
            if target not in dict(solid):
                yield f"    {name} -.-> {target}"
        for part in _inner(state):
            yield from _edges(part)


def _inner(state: State) -> list[dict[str, Any]]:
    """The machines inside a Parallel or a Map."""
    return [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]


def _next(state: State) -> Iterator[tuple[str, str]]:
    for choice in state.get("Choices", ()):
        yield choice["Next"], _condition(choice)
    if "Default" in state:
        yield state["Default"], "otherwise"
    if "Next" in state:
        yield state["Next"], ""


def _condition(choice: Rule) -> str:
    """`{"Variable": "$.job.status", "StringEquals": "Completed"}` → `job.status = Completed`."""
    if "Not" in choice:
        return f"not ({_condition(choice['Not'])})"
    if "Or" in choice:
        return " or ".join(map(_condition, choice["Or"]))
    if "And" in choice:
        return " and ".join(map(_condition, _without_guards(choice["And"])))
    variable = choice["Variable"].removeprefix("$.")
    [(comparator, value)] = ((key, value) for key, value in choice.items() if key not in NO_COMPARATORS)
    if comparator == "BooleanEquals":
        return variable if value else f"not {variable}"
    if comparator == "IsPresent":
        return f"{variable} is {'present' if value else 'absent'}"
    if comparator == "IsNull":
        return f"{variable} is {'null' if value else 'not null'}"
    if comparator not in OPERATORS:
        raise UnknownComparatorError(
            f"The picture has no operator for the comparator {comparator}: add it to OPERATORS."
        )
    return f"{variable} {OPERATORS[comparator]} {value}"


def _without_guards(rules: list[Rule]) -> list[Rule]:
    """The rules without those that only make sure that a later one can be asked."""
    asked = {rule.get("Variable") for rule in rules if "IsPresent" not in rule}
    return [rule for rule in rules if not (rule.get("IsPresent") is True and rule["Variable"] in asked)]


def renewed(text: str, picture: str) -> str:
    """The text with the picture between its markers; raises StaleDiagram where it has no markers."""
    marked = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if not marked.search(text):
        raise StaleDiagram(f"The markers {BEGIN} and {END} are missing.")
    block = f"{BEGIN}\n```mermaid\n{picture}```\n{END}"
    return marked.sub(lambda _: block, text, count=1)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="The pipeline's picture, drawn from its definition.")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", type=Path, metavar="FILE", help="fail where the file's picture is stale")
    action.add_argument("--write", type=Path, metavar="FILE", help="renew the file's picture")
    options = parser.parse_args(arguments)
    picture = diagram(json.loads(DEFINITION.read_text(encoding="utf-8")))
    file: Path | None = options.check or options.write
    if file is None:
        sys.stdout.write(picture)
        return
    try:
        text = file.read_text(encoding="utf-8")
        current = renewed(text, picture)
        if options.write:
            file.write_text(current, encoding="utf-8")
        elif current != text:
            raise StaleDiagram("The picture is not the current definition's.")
    except StaleDiagram as stale:
        sys.exit(f"{file}: {stale} Renew it with: python -m state_machines.diagram --write {file}")


if __name__ == "__main__":
    main()
