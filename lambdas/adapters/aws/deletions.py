"""What a refused deletion in Bedrock means: deleted already, not yet possible, or not allowed."""

from collections.abc import Callable

from lambdas.adapters.aws.service_errors import ACCESS_DENIED, VALIDATION, Conflict, Refused
from lambdas.domain.serving.kinds import ServedModel


def explain_refused_deletion(refusal: Refused, find: Callable[[], ServedModel | str | None]) -> bool:
    """False where it is gone. Raises Conflict where time heals it, else the refusal.

    A ValidationException may have words that nobody has seen yet. What is gone has no tags, so that a grant by tag no
    longer covers its deletion. In both cases its state is asked for.
    """
    if refusal.code not in (VALIDATION, ACCESS_DENIED) or isinstance(refusal, Conflict):
        raise refusal
    try:
        found = find()
    except Refused:
        raise refusal from None
    if found is None:
        return False
    if isinstance(found, ServedModel) and found.is_mutating and refusal.code == VALIDATION:
        raise Conflict(refusal.operation, refusal.code, refusal.message) from refusal
    raise refusal
