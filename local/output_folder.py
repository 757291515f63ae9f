"""Where a command may write: into a folder of its own, never over what it reads or what somebody else put there.

A folder is a command's own if it was empty at first: then it has a list (`LIST`) of all that the command wrote. Only
what is listed is ever deleted or replaced, and a name is listed before anything is written under it.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ValidationError

LIST = ".fine-tune.json"
# Files are written here first; a name that ends with a slash stands for a folder with all that is in it.
_PARTIAL = ".partial/"
# What a file is written as until it has its name; a process that is killed leaves one.
_UNFINISHED = ".fine-tune-unfinished-"
_NUMBER = re.compile(r"[1-9][0-9]*")
_ABOUT = "What fine-tune wrote here, and may delete. Other files in this folder stay."


class PathRefusedError(Exception):
    """A command must not read or write there; the message says why, and what to do."""


class _Written(BaseModel):
    """The list; its names are relative to the folder."""

    about: str = _ABOUT
    command: str
    files: list[str]


def require_paths(folder: Path, command: str, inputs: Sequence[Path]) -> None:
    """Raises PathRefusedError unless the command may write to the folder, and the inputs are apart from it.

    To be called before anything is read, made or deleted.
    """
    require_utf8([folder, *inputs])
    require_own(folder, command)
    require_apart(folder, inputs)


def require_utf8(paths: Iterable[Path]) -> None:
    """Raises PathRefusedError where a name, or that which it leads to, can be neither printed nor an object's key."""
    for path in paths:
        if not (is_utf8(path) and is_utf8(Path(os.path.realpath(path)).name)):
            raise PathRefusedError(f"The name {shown(path)} is no UTF-8 text: rename it.")


def require_apart(folder: Path, inputs: Iterable[Path]) -> None:
    """Raises PathRefusedError where an input lies in the folder or the folder in an input, through links, too."""
    for given in inputs:
        if _contains(folder, given):
            raise PathRefusedError(
                f"The input {shown(given)} lies in {shown(folder)}, where the command writes: copy it elsewhere first."
            )
        if _contains(given, folder):
            raise PathRefusedError(
                f"The command would write to {shown(folder)}, inside its input {shown(given)}: choose another folder."
            )


def require_own(folder: Path, command: str) -> None:
    """Raises PathRefusedError unless the folder is missing, empty or has the command's list."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise PathRefusedError(f"{shown(folder)} is no folder: choose another one to write to.")
    written = _read(folder)
    if written is None and not all(map(_is_unfinished, folder.iterdir())):
        raise PathRefusedError(
            f"{shown(folder)} has files, and no list ({LIST}) says that fine-tune wrote them: choose another folder, "
            "or delete this one yourself if it holds nothing of yours."
        )
    if written is not None and written.command != command:
        raise PathRefusedError(
            f"{shown(folder)} holds what the command {shown(written.command)} wrote: choose another folder."
        )


def start(folder: Path, command: str, names: Sequence[str]) -> None:
    """Delete what the command wrote there before, and list the names that it is about to write.

    Raises PathRefusedError.
    """
    written = _open(folder, command)
    for name in written.files:
        _delete(folder, name)
    _save(folder, _Written(command=command, files=[]))
    claim(folder, names)


def set_aside(folder: Path, command: str) -> Path:
    """Moves what the command wrote there before into a folder of its own beside it, `<folder>-<number>`; returns that.

    Other files stay where they are. Raises PathRefusedError.
    """
    written = _open(folder, command)
    before = f"{folder.name}-"
    names = (each.name.removeprefix(before) for each in folder.parent.iterdir() if each.name.startswith(before))
    taken = (int(name) for name in names if _NUMBER.fullmatch(name))
    kept = folder.with_name(f"{folder.name}-{max(taken, default=0) + 1}")
    start(kept, command, written.files)
    for name in written.files:
        place = _place(folder, name)
        if os.path.lexists(place):
            moved = _place(kept, name)
            moved.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.rename(moved)
    # Folders that are empty now.
    for name in written.files:
        _delete(folder, name)
    _save(folder, _Written(command=command, files=[]))
    return kept


def claim(folder: Path, names: Iterable[str]) -> None:
    """List names that are about to be written; nothing in a folder without a list. Raises PathRefusedError."""
    written = _read(folder)
    if written is None:
        return
    new = [name for name in names if name not in written.files and not _lies_in(name, written.files)]
    for name in new:
        if os.path.lexists(_place(folder, name)):
            raise PathRefusedError(
                f"{shown(folder / name)} is in the way, and fine-tune did not write it: move it elsewhere."
            )
    if new:
        _save(folder, _Written(command=written.command, files=[*written.files, *new]))


@contextmanager
def replaced(folder: Path, command: str) -> Iterator[Path]:
    """A new folder to write to, whose files then take the place of what the command wrote before.

    Where the block raises, what stood there stays as it was. Raises PathRefusedError.
    """
    before = _open(folder, command)
    _save(folder, before)
    if _PARTIAL in before.files:
        _delete(folder, _PARTIAL)
    claim(folder, [_PARTIAL])
    partial = folder / _PARTIAL
    partial.mkdir(mode=0o700)
    names: list[str] = []
    try:
        yield partial
        found = sorted(path.relative_to(partial).as_posix() for path in partial.rglob("*") if not path.is_dir())
        claim(folder, found)
        names = found
        for name in names:
            place = _place(folder, name)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (partial / name).chmod(0o600)
            (partial / name).replace(place)
        for name in before.files:
            if name not in names:
                _delete(folder, name)
        _save(folder, _Written(command=command, files=names))
    except BaseException:
        there = [name for name in {*before.files, *names} if os.path.lexists(folder / name)]
        # Where this fails, too, the list has names of files that were not written.
        with suppress(OSError):
            _save(folder, _Written(command=command, files=sorted(there)))
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def replace_file(path: Path, text: str) -> None:
    """Write a file at once or not at all, readable by its owner only; a link is replaced, not followed."""
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def shown(name: str | Path) -> str:
    """A name as it can be printed: bytes that are no UTF-8 as escapes."""
    return os.fsencode(name).decode(errors="backslashreplace")


def is_utf8(name: str | Path) -> bool:
    """Whether a name of the file system is text."""
    return os.fsencode(name) == shown(name).encode()


def _contains(outer: Path, inner: Path) -> bool:
    """Whether the places are the same or the one is above the other, whatever names and links lead there."""
    place = Path(os.path.realpath(inner))
    if not outer.exists():
        return place.is_relative_to(os.path.realpath(outer))
    # Names of the same place may differ, such as in upper and lower case.
    return any(above.exists() and above.samefile(outer) for above in (place, *place.parents))


def _open(folder: Path, command: str) -> _Written:
    """Makes the folder where it is missing, closes it to others where it is ours, and returns its list.

    What a killed command has left unfinished there is deleted.
    """
    require_own(folder, command)
    existed, written = folder.exists(), _read(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for unfinished in filter(_is_unfinished, list(folder.iterdir())):
        unfinished.unlink(missing_ok=True)
    # An empty folder that the user made stays as open as it was.
    if written is not None or not existed:
        folder.chmod(0o700)
    return written or _Written(command=command, files=[])


def _read(folder: Path) -> _Written | None:
    """The folder's list; None where there is none that can be believed."""
    path = folder / LIST
    try:
        written = _Written.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return written if all(_is_below(name) for name in written.files) else None


def _save(folder: Path, written: _Written) -> None:
    replace_file(folder / LIST, json.dumps(written.model_dump(), indent=1) + "\n")


def _is_unfinished(path: Path) -> bool:
    return path.name.startswith(_UNFINISHED) and (path.is_file() or path.is_symlink())


def _is_below(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\0" not in name


def _lies_in(name: str, listed: Sequence[str]) -> bool:
    return any(folder.endswith("/") and name.startswith(folder) for folder in listed)


def _place(folder: Path, name: str) -> Path:
    """Where a name lies; raises PathRefusedError where a link on the way leads elsewhere."""
    place = folder / name
    if not _is_below(name) or place.parent.resolve() != folder.resolve() / PurePosixPath(name).parent:
        raise PathRefusedError(f"{shown(place)} lies behind a link that leads out of {shown(folder)}: remove the link.")
    return place


def _delete(folder: Path, name: str) -> None:
    """Delete what is listed under the name, and folders that are empty then; a link itself, not what it leads to."""
    place = _place(folder, name)
    if name.endswith("/") and place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    elif place.is_symlink() or place.is_file():
        place.unlink()
    for parent in PurePosixPath(name).parents:
        above = folder / parent
        if parent != PurePosixPath() and above.is_dir() and not any(above.iterdir()):
            above.rmdir()
