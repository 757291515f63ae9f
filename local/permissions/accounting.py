"""Which grants the recorded decisions used, which they did not, and which calls no grant allowed.

An unused grant must be on the list of those that are accepted, each with a reason. An entry of that list that no grant
fits any more, or that a used one fits, is stale.
"""

import fnmatch
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.permissions.grants import Grant

UNUSED = Path(__file__).with_name("unused.toml")


@dataclass(frozen=True)
class Statement:
    """A statement that decided: its number, from 1, in a role's policy, or (`policy` is empty) in a resource's own."""

    policy: str
    number: int


@dataclass(frozen=True)
class Decided:
    """One action on one resource, and the statements that allowed it; `principal` is a role's name, or a service's."""

    principal: str
    action: str
    resource: str
    allowed: bool
    statements: tuple[Statement, ...] = ()

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


@dataclass(frozen=True)
class DeployedGrant:
    """A grant as it stands in a deployed environment, in a policy of the role `principal`, or on a resource for it."""

    grant: Grant
    principal: str
    statement: Statement
    action: str
    resource: str

    def allowed(self, decided: Decided) -> bool:
        """Whether it is what allowed the call."""
        return (
            decided.allowed
            and decided.principal == self.principal
            and self.statement in decided.statements
            and is_like(decided.action.lower(), self.action.lower())
            and is_like(decided.resource, self.resource)
        )


@dataclass(frozen=True)
class Accepted:
    """An entry of the list: patterns of a grant's parts, in which `*` stands for anything, and why it stays."""

    holder: str
    action: str
    resource: str
    reason: str

    def fits(self, grant: Grant) -> bool:
        """Whether the grant is meant."""
        parts = ((grant.holder, self.holder), (grant.action, self.action), (grant.resource, self.resource))
        return all(is_like(text, pattern) for text, pattern in parts)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource} of {self.holder}"


@dataclass
class GrantAccount:
    """What came out, by holder."""

    used: dict[str, list[Grant]] = field(default_factory=dict)
    accepted: dict[str, list[tuple[Grant, str]]] = field(default_factory=dict)
    unused: dict[str, list[Grant]] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether each grant is used or listed, each call was allowed, and each entry of the list still fits."""
        return not (self.unused or self.missing or self.stale)


def account(
    grants: Sequence[DeployedGrant], decisions: Iterable[Decided], accepted: Sequence[Accepted]
) -> GrantAccount:
    """The account of all decisions. A grant of several environments is used where it is used in one of them."""
    distinct = set(decisions)
    by_statement: dict[tuple[str, Statement], list[Decided]] = {}
    for decided in distinct:
        for statement in decided.statements:
            by_statement.setdefault((decided.principal, statement), []).append(decided)
    used = {one.grant for one in grants if any(map(one.allowed, by_statement.get((one.principal, one.statement), ())))}
    made = GrantAccount()
    for grant in sorted({one.grant for one in grants}):
        entry = next((entry for entry in accepted if entry.fits(grant)), None)
        if grant in used:
            made.used.setdefault(grant.holder, []).append(grant)
        elif entry:
            made.accepted.setdefault(grant.holder, []).append((grant, entry.reason))
        else:
            made.unused.setdefault(grant.holder, []).append(grant)
    holders = {one.principal: one.grant.holder for one in grants if not one.grant.to}
    for text, principal in sorted({(str(decided), decided.principal) for decided in distinct if not decided.allowed}):
        made.missing.setdefault(holders.get(principal, principal), []).append(text)
    made.stale = [*unknown(accepted, {one.grant for one in grants}), *in_use(accepted, used)]
    return made


def unknown(accepted: Iterable[Accepted], grants: Iterable[Grant]) -> Iterator[str]:
    """What is to be said of entries that no grant fits."""
    known = list(grants)
    for entry in accepted:
        if not any(map(entry.fits, known)):
            yield f"{entry}: there is no such grant"


def in_use(accepted: Iterable[Accepted], used: Iterable[Grant]) -> Iterator[str]:
    """What is to be said of entries that a used grant fits."""
    known = sorted(used)
    for entry in accepted:
        for grant in filter(entry.fits, known):
            yield f"{entry}: {grant.holder} uses {grant}"


def is_like(text: str, pattern: str) -> bool:
    """Whether the text has IAM's pattern, in which `*` and `?` stand for anything and brackets for themselves."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def read_accepted(path: Path = UNUSED) -> list[Accepted]:
    """The list of unused grants that are accepted."""
    return [Accepted(**entry) for entry in tomllib.loads(path.read_text())["unused"]]
