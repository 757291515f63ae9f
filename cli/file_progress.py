"""How far the reading of files is, as bars on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from cli.validate import Opener
from lambdas.domain.core.outside_text import visible
from local.terminal import Console


@contextmanager
def reading(console: Console) -> Iterator[Callable[[str], Opener]]:
    """Gives what opens files with a bar under a word such as "Checking"; the bars go when the block ends."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:

        def opener(action: str) -> Opener:
            return lambda path: progress.open(path, "rb", buffering=0, description=visible(f"{action} {path.name}"))

        yield opener
