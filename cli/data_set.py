"""The data set that a user names, a file or a folder, and the upload that starts a run on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from lambdas.domain.dataset.folder import FILE_NAMES, unknown_files
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.settings.run_settings import FILE_NAME

SUFFIXES = (".jsonl", ".csv")


class NoDataSetError(Exception):
    """There is no data set at the given path."""


def files_of(data: Path) -> dict[SetName, Path]:
    """The sets in a file or folder. Raises NoDataSetError if training is missing or a set is there twice."""
    if data.is_file():
        return {"train": data}
    if not data.is_dir():
        raise NoDataSetError(
            f"There is no file or folder {data}. A data set is a JSONL or CSV file, or a folder with train.jsonl or "
            "train.csv."
        )
    found: dict[SetName, Path] = {}
    for name, suffix in product(SET_NAMES, SUFFIXES):
        if not (path := data / f"{name}{suffix}").is_file():
            continue
        if name in found:
            raise NoDataSetError(f"{data} has both {found[name].name} and {path.name}: remove one of them.")
        found[name] = path
    if "train" not in found:
        raise NoDataSetError(
            f"The folder {data} has no train.jsonl and no train.csv. It may also have a validation set, a test set and "
            f"{FILE_NAME}."
        )
    return found


def settings_of(data: Path) -> Path | None:
    """The run.json of a folder, if it has one."""
    settings = data / FILE_NAME
    return settings if settings.is_file() else None


def unknown_files_of(data: Path) -> list[str]:
    """The names of a folder's files that no run reads."""
    if not data.is_dir():
        return []
    known = [*FILE_NAMES, *(f"{name}{suffix}" for name, suffix in product(SET_NAMES, SUFFIXES))]
    return unknown_files((path.name for path in data.iterdir() if path.is_file()), known)


@dataclass(frozen=True)
class Upload:
    """Files by their keys in the input bucket, in the order of upload; the last one starts the run.

    `settings` are the text of the run.json beside them, where it is none of the files.
    """

    files: Mapping[str, Path]
    settings: bytes | None = None

    @property
    def key(self) -> str:
        """The key that starts the run."""
        return [*self.files][-1]

    @property
    def folder(self) -> str | None:
        """The prefix of a folder's files; None for a single file, whose versions are runs of their own."""
        return self.key.removesuffix("train.jsonl") if self.key.count("/") == 2 else None

    def beside(self, earlier: bool) -> "Upload":
        """The upload as it is, or where there is an earlier one of its folder, into a folder of its own.

        A run reads its siblings as they are when it starts: those of another upload must not be among them, nor may
        this one change them under a run that has not read them yet.
        """
        if self.folder is None or not earlier:
            return self
        fresh = f"{self.folder.removesuffix('/')}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}/"
        files = {fresh + key.removeprefix(self.folder): path for key, path in self.files.items()}
        return Upload(files, self.settings)

    def with_settings(self, text: bytes) -> "Upload":
        """The upload with this run.json; a single file becomes a folder, since it has none beside it."""
        files = {key: path for key, path in self.files.items() if not key.endswith(f"/{FILE_NAME}")}
        if self.folder is None:
            stem, _, ending = self.key.rpartition(".")
            files = {f"{stem}/train.{ending}": path for path in files.values()}
        return Upload(files, text)

    def send(self, s3: Any, bucket: str) -> str | None:
        """Uploads the files; returns the version of the one that starts the run."""
        if self.settings is not None:
            s3.put_object(Bucket=bucket, Key=f"{self.folder}{FILE_NAME}", Body=self.settings)
        for key, path in self.files.items():
            s3.upload_file(str(path), bucket, key)
        version: str | None = s3.head_object(Bucket=bucket, Key=self.key).get("VersionId")
        return version


def upload_of(data: Path) -> Upload:
    """The upload of a file or a folder. Raises NoDataSetError where there is nothing that starts a run."""
    sets = files_of(data)
    if data.is_file():
        return Upload({f"input/{data.stem}.jsonl": data})
    # train.jsonl starts the run, so that its siblings are there before it. The format follows from the content.
    siblings = {f"{name}.jsonl": path for name, path in sets.items() if name != "train"}
    if settings := settings_of(data):
        siblings[FILE_NAME] = settings
    files = {**siblings, "train.jsonl": sets["train"]}
    return Upload({f"input/{data.resolve().name}/{name}": path for name, path in files.items()})
