"""The pipeline's definition as the stack needs it: its Lambda states, and its text with all filled in."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "state_machines"
PATH = FOLDER / "fine_tuning.asl.json"
# Each list of retriers by the name that a state's Retry has: "${AwsCall}".
RETRIES = FOLDER / "retries.json"
# Step Functions fills in texts only, so a number stands in the definition as a quoted placeholder.
NUMBERS = frozenset({"MaxConcurrency", "MaxThroughputs", "ExecutionTimeoutSeconds", "ApprovalTimeoutSeconds"})
# A function that a state calls, and whose caller's answer, by a task token, ends the state.
CALL_AND_WAIT = "arn:aws:states:::lambda:invoke.waitForTaskToken"
# Such a state's own timeout is how long it waits for a person.
SECONDS_TO_ASK = 120


def states(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state with its name, those of branches and maps included."""
    for name, state in definition["States"].items():
        yield name, state
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from states(inner)


def lambda_states() -> dict[str, dict[str, Any]]:
    """The Task states that a Lambda function of the same name serves."""
    definition = json.loads(PATH.read_text())
    return {name: state for name, state in states(definition) if function_of(state) == f"${{{name}Arn}}"}


def function_of(state: Mapping[str, Any]) -> str | None:
    """What serves a Task: its Resource, or the function that it calls with a task token; None where it is no Task."""
    resource: str | None = state.get("Resource")
    return state["Parameters"]["FunctionName"] if resource == CALL_AND_WAIT else resource


def seconds_to_serve(state: Mapping[str, Any]) -> int:
    """How long a Lambda state's function may take, as the state sees it."""
    return SECONDS_TO_ASK if state["Resource"] == CALL_AND_WAIT else int(state["TimeoutSeconds"])


def definition_text(numbers: Mapping[str, int]) -> str:
    """The definition with the quoted placeholder of each number and of each Retry replaced by what it stands for."""
    if numbers.keys() != NUMBERS:
        raise ValueError(f"The definition's numbers are {sorted(NUMBERS)}, not {sorted(numbers)}")
    filled_in = {**numbers, **json.loads(RETRIES.read_text())}
    return re.sub(
        rf'"\$\{{({"|".join(sorted(filled_in))})\}}"', lambda match: json.dumps(filled_in[match[1]]), PATH.read_text()
    )
