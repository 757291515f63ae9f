"""Check of the names that a run gives to what it makes in Bedrock: a taken one would fail the run, or mislead it."""

from collections.abc import Sequence
from typing import NamedTuple

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.checks import Check, report_unknown

NAMES = "names-free"


class Taken(NamedTuple):
    """Something in Bedrock that has one of the run's names; `ours` where it is of an earlier attempt of the run."""

    kind: str
    name: str
    arn: str
    ours: bool


def names_free(taken: Sequence[Taken] | Unknown) -> Check:
    """The check `names-free`; what the run itself made before is adopted by its later states."""
    if isinstance(taken, Unknown):
        # Bedrock refuses a name that is taken, and the states compare what they find with their run's data.
        return report_unknown(
            NAMES, taken, "warning", "Allow bedrock:Get… and bedrock:ListTagsForResource on what runs make."
        )
    return Check(NAMES, tuple(_finding(each) for each in taken if not each.ours))


def _finding(taken: Taken) -> Finding:
    return Finding(
        check=NAMES,
        severity="error",
        message=f"A {taken.kind} that is not this run's has its name {taken.name} ({taken.arn}).",
        remedy="Upload the data set again, which gives the run a new name, or delete it if nobody needs it.",
    )
