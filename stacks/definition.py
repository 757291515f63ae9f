"""The pipeline's definition as the stack needs it: its Lambda states, and its text with the numbers filled in."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent.parent / "state_machines" / "fine_tuning.asl.json"
# Step Functions fills texts only, so a number stands in the definition as a quoted placeholder.
NUMBERS = frozenset({"MaxConcurrency", "ExecutionTimeoutSeconds"})


def states(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state with its name, those of branches and maps included."""
    for name, state in definition["States"].items():
        yield name, state
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from states(inner)


def lambda_states() -> dict[str, dict[str, Any]]:
    """The Task states that a Lambda function of the same name serves."""
    definition = json.loads(PATH.read_text())
    return {name: state for name, state in states(definition) if state.get("Resource") == f"${{{name}Arn}}"}


def definition_text(numbers: Mapping[str, int]) -> str:
    """The definition with the quoted placeholder of each number replaced by the number."""
    if numbers.keys() != NUMBERS:
        raise ValueError(f"The definition's numbers are {sorted(NUMBERS)}, not {sorted(numbers)}")
    return re.sub(rf'"\$\{{({"|".join(sorted(NUMBERS))})\}}"', lambda match: str(numbers[match[1]]), PATH.read_text())
