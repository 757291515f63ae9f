"""The calls that no deployed policy allowed: where nobody took a grant away, there is none.

A denied call may end in no failure, since a run outlives much: a grant that is missing is told by this alone.
"""

from pathlib import Path

from local.permissions.record import RecordedDecision, recorded
from local.permissions.request import role_name


def denials(path: Path) -> list[str]:
    """Each denied call of the record once, as a sentence; the record may not exist yet."""
    if not path.exists():
        return []
    return sorted(
        {
            f"{role_name(each.principal) or each.principal} may not {each.action} on {each.resource}."
            for each in recorded(path)
            if each.decision != "allowed" and not is_of_something_gone(each)
        }
    )


def is_of_something_gone(decided: RecordedDecision) -> bool:
    """Whether no grant covers a deletion in Bedrock since its resource has no tags any more: somebody else deleted it.

    A deletion that a statement forbids, or that nobody can decide on, is none.
    """
    has_tags = any(key.startswith("aws:ResourceTag/") for key in decided.context)
    return decided.decision == "implicitDeny" and decided.action.startswith("bedrock:Delete") and not has_tags
