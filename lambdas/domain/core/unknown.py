"""A fact that AWS did not give: the call was refused, or AWS was busy."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unknown:
    """Stands in for a fact; `reason` is in AWS's words, and `busy` says that asking again later may help."""

    reason: str
    busy: bool
