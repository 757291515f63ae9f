"""Grants, and what the preflight simulates, against IAM's reference: `python -m local.authorization cdk.out`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from lambdas.domain.preflight.simulations import samples
from stacks.authorization import findings, request_findings

SUFFIX = ".template.json"


def all_findings(folder: Path) -> Iterator[str]:
    """A sentence for each thing that AWS would never match."""
    templates = {path.name.removesuffix(SUFFIX): json.loads(path.read_text()) for path in folder.glob(f"*{SUFFIX}")}
    if not templates:
        yield f"{folder} has no templates: run make synth first."
    for name, template in sorted(templates.items()):
        yield from findings(f"{name}{SUFFIX}", template, templates)
    yield from preflight_findings()


def preflight_findings() -> Iterator[str]:
    """The same of what the preflight lets IAM simulate."""
    for check, simulation in samples():
        for action in simulation.actions:
            found = request_findings(action, simulation.resources, list(simulation.context))
            yield from (f"preflight: {check}: {each}" for each in found)


if __name__ == "__main__":
    lines = list(all_findings(Path(sys.argv[1])))
    sys.exit("\n".join(lines) if lines else 0)
