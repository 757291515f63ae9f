"""The one way to the terminal: what the command line prints goes through this console, errors and tracebacks included.

Strings are shown as they are, never as rich's markup; what cannot be seen in them is spelt out, line breaks too.
"""

import sys
import traceback
from collections.abc import Iterable
from typing import Any

import rich.console
import typer
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from lambdas.domain.core.outside_text import visible


class Console(rich.console.Console):
    """A console on which no text from outside moves the cursor, changes colours, or begins a line of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def write_line(self, text: object, style: str | None = None) -> None:
        """Prints one line, whatever its length."""
        self.print(str(text), style=style, soft_wrap=True)

    def write_lines(self, text: object, style: str | None = None) -> None:
        """Prints a text of several lines; those after the first are indented, so that none passes for another text."""
        first, *others = str(text).splitlines() or [""]
        self.write_line(first, style)
        for other in others:
            self.write_line(other if other.startswith("  ") else f"  {other}", style)

    def render_str(self, text: str, **options: Any) -> Text:
        """Of a line of a text, a cell or a title."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Of anything: what was made as rich's Text is spelt out here."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text, keep="\n"))


class App(typer.Typer):
    """A command line whose refused options and tracebacks are printed by the console, too."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Runs the command that the arguments name, and ends the process."""
        try:
            status = typer.main.get_command(self)(*args, **options, standalone_mode=False)
        except typer.Abort:
            # Ctrl-C, or the end of the input, at a question.
            Console(stderr=True).write_line("Stopped at the question: nothing was done.")
            sys.exit(130)
        except typer.TyperException as error:
            # The errors of typer's own click; where no command is named, its help was the message.
            message = getattr(error, "format_message", error.__str__)()
            if message:
                Console(stderr=True).write_lines(f"Error: {message}")
            sys.exit(getattr(error, "exit_code", 2))
        except Exception:
            Console(stderr=True).write_lines(traceback.format_exc().rstrip())
            sys.exit(1)
        sys.exit(status if isinstance(status, int) else 0)


def in_line(text: str) -> Text:
    """A text for a part of a live view, where rich would take a string as markup."""
    return Text(visible(text))


def failed(error: object, status: int) -> typer.Exit:
    """Prints an error's message; the exception that ends the command with this status."""
    Console(stderr=True).write_lines(error)
    return typer.Exit(status)
