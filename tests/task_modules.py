"""The handlers that serve states, by their files."""

from pathlib import Path

HANDLERS = Path(__file__).parents[1] / "lambdas" / "handlers"
# These stand beside the handlers and serve no state.
NO_STATE = {
    "__init__",
    "composition",
    "environment",
    "observability",
    "empty_bucket",
    "reconcile_throughput",
    "tell_unused_upload",
}


def task_modules() -> set[str]:
    """The names of the modules, which their steps have, too."""
    return {file.stem for file in HANDLERS.glob("*.py")} - NO_STATE
