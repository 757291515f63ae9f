"""Each `fine-tune …` in the documents is a command as it is today: its name, its options, how many words it takes."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from cli.main import app
from local.checkout import CHECKOUT

DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "examples").rglob("*.md")])
# In a text, or a line of a block; a drawing of processes is neither.
_COMMAND = re.compile(
    r"`(?:\.venv/bin/)?fine-tune( [^`\n]+)`|^(?:\$ )?(?:\.venv/bin/)?fine-tune( [^\n─]+)$", re.MULTILINE
)
# What a reader fills in, and what is none of the command's words: optional parts' brackets, comments, redirections.
_PLACEHOLDER, _FILLED = re.compile(r"<[^<>]+>"), "FILLED-IN"
_NOT_OURS = re.compile(r"\s#\s.*|\s[|<>]\s.*|[\[\]]| …")


def documented() -> Iterator[tuple[str, str]]:
    """Each command with the document that has it; what has changed is told under the version that changed it."""
    for path in DOCUMENTS:
        if path.name != "CHANGELOG.md":
            for found in _COMMAND.finditer(path.read_text()):
                yield str(path.relative_to(CHECKOUT)), (found[1] or found[2]).strip()


COMMANDS = sorted(set(documented()))


def problem(words: list[str]) -> str | None:
    """What is wrong with a command's words; None where a shell could give them."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts)}
    positional = 0
    while words:
        word = words.pop(0)
        name = word.partition("=")[0]
        if not word.startswith("-"):
            positional += 1
        elif name == "--help":
            continue
        elif name not in options:
            return f"there is no option {name}"
        elif not options[name].is_flag and "=" not in word and (not words or words.pop(0).startswith("--")):
            return f"{name} has no value"
    if positional and hasattr(command, "commands"):
        return "there is no such command"
    arguments = [one.nargs for one in command.params if one.param_type_name == "argument"]
    if -1 not in arguments and positional > sum(arguments):
        return f"it takes at most {sum(arguments)} words"
    return None


def words_of(command: str) -> list[str]:
    return shlex.split(_NOT_OURS.sub("", _PLACEHOLDER.sub(_FILLED, f"{command} ")))


@pytest.mark.parametrize(("document", "command"), COMMANDS, ids=[f"{name}: {command}" for name, command in COMMANDS])
def test_a_command_of_the_documents_is_one(document: str, command: str) -> None:
    """Nobody learns from a document what the command line refuses."""
    assert problem(words_of(command)) is None


# The test that runs each command as a user does: on an embedded AWS, or on this machine where it asks no AWS. Three
# ask what the embedded AWS does not have, or for too much of it: models that judge and write, and the Price List.
RUN_BY = {
    "tests/local/test_journey.py": ("init", "ask"),
    "tests/local/test_run.py": (
        *(
            "run",
            "runs",
            "status",
            "logs",
            "cancel",
            "retry",
            "compare",
            "open",
            "models",
            "delete",
            "serve",
            "unserve",
        ),
        *("preflight", "approve", "reject"),
    ),
    "tests/local/test_demo.py": ("demo",),
    "tests/local/conformance/test_command.py": ("conformance",),
    "tests/cli/test_ctrl_c.py": ("faults",),
    "tests/cli/test_validate.py": ("validate",),
    "tests/cli/test_convert.py": ("convert",),
    "tests/cli/test_score.py": ("score",),
    "tests/cli/test_review.py": ("review",),
    "tests/cli/test_export.py": ("export",),
    "tests/cli/test_curation.py": ("clean", "synthesize"),
    "tests/cli/test_prices.py": ("prices",),
}


def test_each_command_is_run_by_a_test() -> None:
    """A new command is added here with the test that runs it."""
    group: Any = typer.main.get_command(app)
    run = [(command, place) for place, commands in RUN_BY.items() for command in commands]
    assert {command for command, _ in run} == {*group.commands, *group.commands["models"].commands}
    for command, place in run:
        assert re.search(rf"""["']{command}["']""", (CHECKOUT / place).read_text()), f"{place} does not run {command}"


def test_the_documents_commands_are_found() -> None:
    """A search that finds nothing proves nothing."""
    found = {command.split()[0] for _, command in COMMANDS}
    assert {"init", "run", "runs", "status", "cancel", "retry", "ask", "models", "prices", "approve"} <= found


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("status <run> --jsno", "no option --jsno"),
        ("statsu <run>", "no such command"),
        ("compare <run> <run> <run>", "at most 2 words"),
        ("run --follow", "--follow has no value"),
        ("models delete <model> [--yes]", None),
        ("logs <run> [--follow]   # until it is over", None),
    ],
)
def test_what_is_no_command_is_seen(command: str, said: str | None) -> None:
    found = problem(words_of(command))
    assert found is None if said is None else said in (found or "")
