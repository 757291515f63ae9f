"""The recorded decisions as the account takes them."""

from collections.abc import Iterator
from pathlib import Path

from local.permissions.accounting import Decided, Statement
from local.permissions.denials import is_of_something_gone
from local.permissions.evaluator import RESOURCE
from local.permissions.record import recorded
from local.permissions.request import role_name


def decisions(path: Path) -> Iterator[Decided]:
    """Each recorded decision, by the name of the role or of the service that asked.

    A denied deletion of what is gone is left out: no grant is missing.
    """
    for each in recorded(path):
        if is_of_something_gone(each):
            continue
        statements = tuple(Statement("" if one.kind == RESOURCE else one.policy, one.number) for one in each.statements)
        principal = role_name(each.principal) or each.principal
        yield Decided(principal, each.action, each.resource, each.decision == "allowed", statements)
