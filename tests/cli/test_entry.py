"""The entry of the command line: what it takes, and that its help waits for nothing that it does not show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.commands.options import EXAMPLE
from cli.main import app
from lambdas import __version__
from local.checkout import CHECKOUT

# Each takes a third of a second or more to import.
HEAVY = ("aws_lambda_powertools", "boto3", "botocore", "jinja2", "numpy", "pydantic", "pygal")


def test_the_version_is_that_of_the_package() -> None:
    """A report of a bug names it."""
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"fine-tune {__version__}\n")


def test_the_newest_version_of_the_changelog_is_the_package_s() -> None:
    """What changed is told under the version that has it."""
    text = (CHECKOUT / "CHANGELOG.md").read_text()
    [newest, *_] = re.findall(r"^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$", text, re.MULTILINE)
    assert newest == __version__


COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_costs_and_how_it_ends(command: str) -> None:
    """Before anybody spends money, and before anybody calls it from a script."""
    said = " ".join(CliRunner().invoke(app, [command, "--help"]).output.split())
    assert re.search(r"\bcosts?\b", said)
    assert "Exit status: 0" in said


def test_help_imports_nothing_that_only_a_command_needs() -> None:
    """Each command imports what it needs when it is called: the help takes a fifth of the time."""
    asked = f"import sys, cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [["DATA"], ["--data", "DATA"]])
def test_the_data_set_is_an_argument_or_an_option(arguments: list[str], tmp_path: Path) -> None:
    """`fine-tune validate my.jsonl` is what a person tries first."""
    data = tmp_path / "mine.jsonl"
    data.write_bytes(EXAMPLE.read_bytes())
    given = [str(data) if word == "DATA" else word for word in arguments]
    done = CliRunner().invoke(app, ["validate", *given, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert "mine.jsonl: messages, 600 records" in done.output


@pytest.mark.parametrize("command", ["demo", "preflight", "run", "validate"])
def test_two_data_sets_are_refused(command: str) -> None:
    """Which of them was meant cannot be known."""
    done = CliRunner().invoke(app, [command, str(EXAMPLE), "--data", str(EXAMPLE)])
    assert done.exit_code == 2
    assert "Name the data set once" in done.output


@pytest.mark.parametrize(
    ("words", "offered"),
    [("fine-tune mod", "models"), ("fine-tune status --reg", "--region"), ("fine-tune models d", "delete")],
)
def test_a_shell_completes_commands_and_options(words: str, offered: str) -> None:
    """As the script of `fine-tune --install-completion` asks."""
    asked = {"_FINE_TUNE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    program = "import sys; sys.argv = ['fine-tune']; from cli.main import app; app()"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={**os.environ, **asked}
    )
    assert offered in done.stdout.split()


def test_ctrl_c_says_what_is_left() -> None:
    """In any command: what is written has its place only once it is whole."""
    program = (
        "from cli import main\n"
        "def interrupted() -> None:\n"
        "    raise KeyboardInterrupt\n"
        "main.app.command('interrupted')(interrupted)\n"
        "import sys; sys.argv = ['fine-tune', 'interrupted']; main.app()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 130
    assert done.stderr.strip() == "Stopped. What was being written is gone; what was there before stays."
