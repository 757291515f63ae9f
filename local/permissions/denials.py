"""The calls that no deployed policy allowed: where nobody took a grant away, there is none.

A denied call may end in no failure, since a run outlives much: a grant that is missing is told by this alone.
"""

from pathlib import Path

from local.permissions.record import recorded
from local.permissions.request import role_name


def denials(path: Path) -> list[str]:
    """Each denied call of the record once, as a sentence; the record may not exist yet."""
    if not path.exists():
        return []
    return sorted(
        {
            f"{role_name(each.principal) or each.principal} may not {each.action} on {each.resource}."
            for each in recorded(path)
            if each.decision != "allowed"
        }
    )
