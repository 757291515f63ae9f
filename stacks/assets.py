"""What a synth finds in cdk.out of an earlier one, and what it leaves there: nobody else's bytes are ever deployed.

CDK takes an asset for made where its folder exists, and its CLI takes a zip in `.cache` for the asset. So the folder is
closed to others, what lay in it while it was open is made anew, and an asset stays only with the content that it had.
"""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RECORD = ".asset-contents.json"
# As AWS wants code to be: readable by the user that a function runs as.
_FOLDER_MODE, _FILE_MODE, _PROGRAM_MODE = 0o755, 0o644, 0o755


@contextmanager
def checked_assets(folder: Path) -> Iterator[None]:
    """For a synth into the folder: assets of earlier ones are checked before it, and all are recorded after it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    recorded = _recorded(folder) if is_closed(folder) else {}
    folder.chmod(0o700)
    for asset in folder.glob("asset.*"):
        if not _is_as_recorded(asset, recorded):
            _remove(asset)
    # The zips are made from the assets by the CDK CLI, which knows no content of theirs.
    _remove(folder / ".cache")
    yield
    contents = {}
    for asset in folder.glob("asset.*"):
        _settle_modes(asset)
        contents[asset.name] = content_hash(asset)
    _write(folder / RECORD, json.dumps(contents, indent=1, sort_keys=True) + "\n")


def content_hash(asset: Path) -> str:
    """Over names, kinds, modes and bytes of a file or folder; links count with where they lead."""
    entries = []
    for path in (asset, *sorted(asset.rglob("*"))):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            content = str(path.readlink())
        elif stat.S_ISREG(mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = ""
        entries.append((str(path.relative_to(asset)), mode, content))
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def is_closed(folder: Path) -> bool:
    """Whether nobody else could have put anything into the folder, or have changed the names in it."""
    found = folder.stat()
    return found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & (stat.S_IWGRP | stat.S_IWOTH)


def _is_as_recorded(asset: Path, recorded: dict[str, str]) -> bool:
    try:
        return asset.name in recorded and recorded[asset.name] == content_hash(asset)
    except OSError:
        # What cannot be read was not made here.
        return False


def _recorded(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / RECORD).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _settle_modes(asset: Path) -> None:
    """Folders and files as AWS wants them, whatever the umask of whoever checked out or installed them."""
    for path in (asset, *asset.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            path.chmod(_FOLDER_MODE)
        elif stat.S_ISREG(mode):
            path.chmod(_PROGRAM_MODE if mode & stat.S_IXUSR else _FILE_MODE)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    """A new file of the owner's: one that is there, or a link, is not written through."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
