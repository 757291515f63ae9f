"""A person's yes before what cannot be undone."""

import sys

import typer


class NotConfirmedError(Exception):
    """Nobody has said yes; the message says that nothing was done."""


def can_answer() -> bool:
    """Whether a person sits at the other end."""
    return sys.stdin.isatty()


def confirm(question: str, *, yes: bool, undone: str) -> None:
    """Asks unless `yes`; `undone` says what was not done without it. Raises NotConfirmedError."""
    if yes:
        return
    if not can_answer():
        raise NotConfirmedError(f"Nobody can confirm here: repeat the command with --yes. {undone}")
    if not typer.confirm(question):
        raise NotConfirmedError(f"Not confirmed. {undone}")
