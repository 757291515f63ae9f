"""The account as a table, and as a JSON document with every grant."""

from collections.abc import Iterator
from typing import Any

from local.permissions.accounting import GrantAccount

WIDTH = 52


def as_json(account: GrantAccount) -> dict[str, Any]:
    """Each grant and each call that was denied, by holder."""
    return {
        "roles": {
            holder: {
                "used": [str(grant) for grant in account.used.get(holder, [])],
                "unused": [str(grant) for grant in account.unused.get(holder, [])],
                "listed": [{"grant": str(grant), "reason": why} for grant, why in account.accepted.get(holder, [])],
                "missing": account.missing.get(holder, []),
            }
            for holder in _holders(account)
        },
        "stale": account.stale,
    }


def as_text(account: GrantAccount) -> str:
    """A line for each holder, and below the table what fails the whole."""
    return "\n".join([*_table(account), *_findings(account), ""])


def _table(account: GrantAccount) -> Iterator[str]:
    yield f"{'role, or policy of a resource':{WIDTH}} {'used':>6} {'listed':>6} {'unused':>6} {'missing':>7}"
    for holder in _holders(account):
        used, listed, unused, missing = (
            len(found.get(holder, [])) for found in (account.used, account.accepted, account.unused, account.missing)
        )
        name = holder if len(holder) <= WIDTH else f"{holder[: WIDTH - 1]}…"
        yield f"{name:{WIDTH}} {used:6} {listed:6} {unused:6} {missing:7}"


def _findings(account: GrantAccount) -> Iterator[str]:
    for holder, calls in sorted(account.missing.items()):
        for call in calls:
            yield f"missing: {holder}: no grant allows {call}"
    for holder, grants in sorted(account.unused.items()):
        for grant in grants:
            yield f"unused: {holder}: {grant}. Remove it, or list it with a reason in local/permissions/unused.toml."
    for text in account.stale:
        yield f"stale entry of local/permissions/unused.toml: {text}. Remove the entry."


def _holders(account: GrantAccount) -> list[str]:
    return sorted({*account.used, *account.accepted, *account.unused, *account.missing})
