"""What a learning curve needs to say what more data would add: of its sizes, and of the test set."""

from collections.abc import Sequence

from lambdas.domain.core.counted import counted

LEAST_SIZES = 3
# A doubling is looked ahead: the sizes must have seen one.
LEAST_SPAN = 2
# The covariance of fewer says too little of itself.
LEAST_GROUPS = 30


def find_lacking_sizes(records: Sequence[int]) -> str | None:
    """Why the curve through models trained on so many records each says nothing; None where it may."""
    sizes = sorted(set(records))
    if len(sizes) < LEAST_SIZES:
        return f"sizes tested: {len(sizes)}, and a curve needs at least {LEAST_SIZES}"
    if sizes[-1] < LEAST_SPAN * sizes[0]:
        return (
            f"the sizes are too near each other, {sizes[0]:,} to {sizes[-1]:,} records; "
            f"the largest needs at least {LEAST_SPAN} times the records of the smallest"
        )
    return None


def find_lacking_groups(groups: int) -> str | None:
    """Why a test set of so many groups says nothing; None where it may."""
    if groups >= LEAST_GROUPS:
        return None
    return f"the test set has {counted(groups, 'group')}, and a curve needs at least {LEAST_GROUPS}"
