"""What Bedrock has of runs that costs, or serves their models: the page of all runs shows it."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Literal, NamedTuple

LeftKind = Literal["throughput", "custom model deployment", "customization job", "custom model"]
# Where the page of all runs has the mark of what it shows as served.
_MARKED = '<meta name="served" content="{}">'


class LeftOfRun(NamedTuple):
    """Something that Bedrock has of a run; only a throughput has `model_units`."""

    run_id: str
    kind: LeftKind
    arn: str
    model_units: int | None


def served_mark(served: Iterable[LeftOfRun]) -> str:
    """A mark that changes with what is served; empty where nothing is."""
    lines = sorted(f"{one.arn} {one.run_id}" for one in served)
    return sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else ""


def shows_served(page: str, mark: str) -> bool:
    """Whether the page of all runs was written while this was served; one without a mark, while nothing was."""
    marked = _MARKED.format(mark) in page
    return marked or (not mark and _MARKED.partition("{")[0] not in page)
