"""The right name that a wrong one is close to, as a question to whoever wrote it."""

from collections.abc import Iterable
from difflib import get_close_matches

# Longer names are no slips of the pen, and comparing them takes long.
_LONGEST = 80


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """` Did you mean …?`, with a space before it; empty where no name is close."""
    if len(wrong) > _LONGEST:
        return ""
    # What stands before a dot is where the name belongs.
    folded = {_folded(name.rpartition(".")[2]): name for name in right}
    close = get_close_matches(_folded(wrong), folded, n=1, cutoff=0.6)
    return f" Did you mean {folded[close[0]]}?" if close else ""


def _folded(name: str) -> str:
    """Without what people get wrong first: case, and what stands between words."""
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
