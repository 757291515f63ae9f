"""The right name that a wrong one is close to, as a question to whoever wrote it."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice

# Longer names are no slips of the pen, and comparing them takes long.
_LONGEST = 80
_MOST = 1_000


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """` Did you mean …?`, with a space before it; empty where no name is close."""
    meant = closest(wrong, right)
    return f" Did you mean {meant}?" if meant else ""


def closest(wrong: str, right: Iterable[str]) -> str | None:
    """The right name that a wrong one is close to; None where it is close to none."""
    names = tuple(name for name in islice(right, _MOST) if len(name) <= _LONGEST)
    return _closest(wrong, names) if len(wrong) <= _LONGEST else None


# The same mistake is made in each record of a file.
@lru_cache(maxsize=1_024)
def _closest(wrong: str, right: tuple[str, ...]) -> str | None:
    # What stands before a dot is where the name belongs.
    folded = {_folded(name.rpartition(".")[2]): name for name in right}
    close = get_close_matches(_folded(wrong), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _folded(name: str) -> str:
    """Without what people get wrong first: case, and what stands between words."""
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
