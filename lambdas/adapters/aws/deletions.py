"""What a refused deletion of what serves a model means: deleted already, not yet possible, or not allowed."""

from collections.abc import Callable

from lambdas.adapters.aws.service_errors import VALIDATION, Conflict, Refused
from lambdas.domain.serving.kinds import CREATING, ServedModel


def explain_refused_deletion(refusal: Refused, find: Callable[[], ServedModel | None]) -> bool:
    """False where it is gone. Raises Conflict where time heals it, else the refusal.

    A ValidationException may have words that nobody has seen yet: then its state is asked for.
    """
    if refusal.code != VALIDATION or isinstance(refusal, Conflict):
        raise refusal
    found = find()
    if found is None:
        return False
    if found.status == CREATING:
        raise Conflict(refusal.operation, refusal.code, refusal.message) from refusal
    raise refusal
