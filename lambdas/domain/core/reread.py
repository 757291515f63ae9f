"""What is read anew each time that somebody goes through it, so that nobody holds a large file."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class Reread(Iterable[Item]):
    """Items that `read` gives from the first on, each time."""

    def __init__(self, read: Callable[[], Iterator[Item]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[Item]:
        return self._read()
