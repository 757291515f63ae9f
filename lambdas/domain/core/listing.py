"""Several values in a sentence."""

from collections.abc import Sequence


def listed(values: Sequence[object], most: int) -> str:
    """`a, b and c`; of more than `most` values the first ones, and how many more there are."""
    told = [str(each) for each in values[:most]]
    if len(values) > most:
        told.append(f"{len(values) - most} more")
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
