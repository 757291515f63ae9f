"""The data set that a user names, a file or a folder, and the upload that starts a run on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lambdas.domain.core.run import data_stem
from lambdas.domain.dataset.folder import files_by_set, is_document, nearest_name, set_of, unknown_files
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.domain.settings.run_settings import FILE_NAME, choose
from local.deployment import setting


class NoDataSetError(Exception):
    """There is no data set at the given path."""


def files_of(data: Path) -> dict[SetName, Path]:
    """The sets in a file or folder. Raises NoDataSetError if training is missing or a set is there twice."""
    if data.is_file():
        return {"train": data}
    if not data.is_dir():
        raise NoDataSetError(
            f"There is no file or folder {data}. A data set is a JSON Lines, JSON or CSV file, or a folder with "
            "train.jsonl, train.json or train.csv."
        )
    found = files_by_set(path.name for path in data.iterdir() if path.is_file())
    for names in found.values():
        if len(names) > 1:
            raise NoDataSetError(f"{data} has both {names[0]} and {names[1]}: remove one of them.")
    if "train" not in found:
        meant = {name: nearest_name(name) or "" for name in unknown_files_of(data)}
        close = next((name for name, right in meant.items() if set_of(right) == "train"), None)
        if close:
            raise NoDataSetError(f"The folder {data} has no training set, but {close}. Did you mean {meant[close]}?")
        raise NoDataSetError(
            f"The folder {data} has no train.jsonl, train.json or train.csv. It may also have a validation set, a test "
            f"set and {FILE_NAME}."
        )
    return {name: data / names[0] for name, names in found.items()}


def settings_of(data: Path) -> Path | None:
    """The run.json of a folder, if it has one."""
    settings = data / FILE_NAME
    return settings if settings.is_file() else None


def unknown_files_of(data: Path) -> list[str]:
    """The names of a folder's files that no run reads."""
    if not data.is_dir():
        return []
    return unknown_files((path.name for path in data.iterdir() if path.is_file()), _documents_prefix(data))


def documents_of(data: Path, prefix: str) -> dict[str, Path]:
    """The text files of a folder whose path in it begins with the prefix, by these paths in S3's order."""
    if not data.is_dir():
        return {}
    found = {path.relative_to(data).as_posix(): path for path in data.rglob("*")}
    paths = [path for path in found if path.startswith(prefix) and is_document(path) and found[path].is_file()]
    return {path: found[path] for path in sorted(paths, key=lambda path: path.encode(errors="surrogatepass"))}


def _documents_prefix(data: Path) -> str | None:
    """Where the folder's run.json has its documents to write about; what is wrong with that file is told elsewhere."""
    settings = settings_of(data)
    if settings is None:
        return None
    choices, _ = choose(settings.read_bytes(), setting("base_model"), RunLimits(max_model_units=1))
    return choices.settings.synthesis.prefix if choices.settings.synthesis else None


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
        return f"{self.key.rpartition('/')[0]}/" if self.key.count("/") == 2 else None

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
            name = self.key.removeprefix("input/")
            stem = data_stem(name) or name
            files = {f"input/{stem}/train{name.removeprefix(stem)}": path for path in files.values()}
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
        # A file of another ending has one that starts a run: its content decides what it is.
        return Upload({f"input/{data.name if data_stem(data.name) else f'{data.stem}.jsonl'}": data})
    # The training file starts the run, so that its siblings are there before it.
    siblings = {path.name: path for name, path in sets.items() if name != "train"}
    if settings := settings_of(data):
        siblings[FILE_NAME] = settings
    if prefix := _documents_prefix(data):
        siblings |= documents_of(data, prefix)
    files = {**siblings, sets["train"].name: sets["train"]}
    return Upload({f"input/{data.resolve().name}/{name}": path for name, path in files.items()})
