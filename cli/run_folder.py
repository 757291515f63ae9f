"""A run's folder on this machine, read and written in the place of its prefix in the output bucket."""

from collections.abc import Iterator
from pathlib import Path

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import Clients
from lambdas.adapters.aws.object_store import ObjectStore
from local.output_folder import replace_file

# Keys begin with the run's prefix, which is the folder itself.
PREFIX = ""


class RunFolder(ObjectStore):
    """Files in the place of objects; the bucket is not looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, bucket: str, key: str) -> bytes | None:
        """A file whole, or None where it does not exist."""
        path = self._folder / key
        return path.read_bytes() if path.is_file() else None

    def lines(self, bucket: str, key: str) -> Iterator[bytes]:
        """A file's lines without their line feeds, one at a time; none where it does not exist."""
        path = self._folder / key
        if path.is_file():
            with path.open("rb") as file:
                for line in file:
                    yield line.removesuffix(b"\n")

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """The files below a folder."""
        found = (self._folder / prefix).rglob("*")
        return sorted(path.relative_to(self._folder).as_posix() for path in found if path.is_file())

    def write(self, bucket: str, key: str, body: bytes, content_type: str = "application/json") -> str:
        """Writes a text at once or not at all, and returns its path."""
        (self._folder / key).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(self._folder / key, body.decode())
        return str(self._folder / key)


def adapters_of(folder: Path) -> Adapters:
    """The adapters of a run in a folder: whatever reads or writes its objects. No other may be used."""
    adapters = Adapters(Clients())
    adapters.objects = RunFolder(folder)
    return adapters
