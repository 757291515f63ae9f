"""Uploads below `input/` that start no run: which are told to people, and in which words."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from lambdas.domain.core.errors import InvalidEvent
from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.core.outside_text import name
from lambdas.domain.core.run import FILE_ENDINGS, Source
from lambdas.domain.dataset.folder import TRAIN_FILE, is_document, is_sibling, nearest_name, set_of
from lambdas.domain.dataset.set_names import SETTINGS_FILE

ROOT = "input/"
# Where it is recorded what was told, in the output bucket.
TOLD = "told-uploads/"
MOST_AN_HOUR = 20
# What a data set may also be in; a run takes its content under a name that it knows.
_RENAMED = {".ndjson": ".jsonl", ".txt": ".jsonl", ".tab": ".tsv"}
_WHAT_STARTS_A_RUN = (
    "Two kinds of uploads start a run:\n"
    "- input/<name>.jsonl, a data set of one file;\n"
    "- input/<name>/train.jsonl, in a folder that may also have validation.jsonl, test.jsonl and run.json.\n"
    f"Instead of .jsonl a file may end in {', '.join(FILE_ENDINGS[1:])}."
)


@dataclass(frozen=True)
class UnusedUpload:
    """An object that no run reads as things are; `folder` is the one it lies in, with a slash at the end."""

    source: Source
    folder: str
    file_name: str

    @property
    def training_prefix(self) -> str | None:
        """How an object beside it begins that starts a run, whose report tells of it; None where there can be none."""
        return f"{self.folder}train." if self.folder.count("/") == 2 and self.folder != "input//" else None

    def is_told_by_a_run(self, keys: Iterable[str]) -> bool:
        """Whether an object of these, which begin like that, starts a run."""
        return any(set_of(key.removeprefix(self.folder)) == "train" for key in keys)


def unused_upload(source: Source) -> UnusedUpload | None:
    """The upload, if people should hear of it.

    That is not what starts a run, siblings, documents to write about, placeholders and hidden files.
    """
    folder, _, file_name = source.key.rpartition("/")
    upload = UnusedUpload(source, f"{folder}/", file_name)
    if not source.key.startswith(ROOT) or not file_name or "/." in source.key.removesuffix("/.jsonl"):
        return None
    if _starts_a_run(source) or (upload.training_prefix and is_sibling(file_name)):
        return None
    if upload.folder.count("/") > 2 and "//" not in upload.folder and is_document(file_name):
        # A run of the folder above may write about it; its run.json, which says so, may come later.
        return None
    return upload


def told_key(upload: UnusedUpload, hour: str) -> str:
    """Where it is recorded that the upload was told; files of one folder share it, since they share their cause."""
    source = upload.source
    what = (source.key, source.version_id or source.sequencer or "") if upload.folder == ROOT else (upload.folder,)
    identity = "/".join((source.bucket, *what))
    return f"{hour_prefix(hour)}{hashlib.sha256(identity.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}.json"


def hour_prefix(hour: str) -> str:
    """Where an hour's records are, such as of `2026-11-28T12`."""
    return f"{TOLD}{hour}/"


def unused_message(upload: UnusedUpload, *, is_last: bool) -> Notification:
    """What people hear; `is_last` is whether the hour has no more messages."""
    key = name(upload.source.key)
    lines = [f"s3://{name(upload.source.bucket)}/{key} starts no run. {_advice(upload)}", "", _WHAT_STARTS_A_RUN]
    if is_last:
        lines += [
            "",
            f"{MOST_AN_HOUR} such messages were sent within an hour: further uploads of this hour are not told.",
        ]
    return notification(f"{key} starts no run", "\n".join(lines))


def _starts_a_run(source: Source) -> bool:
    try:
        return bool(source.dataset_name)
    except InvalidEvent:
        return False


def _advice(upload: UnusedUpload) -> str:
    nearest = nearest_name(upload.file_name)
    if upload.folder == ROOT:
        if upload.file_name == SETTINGS_FILE:
            return f"{SETTINGS_FILE} belongs in a folder of its data set, beside {TRAIN_FILE}."
        stem, dot, ending = upload.file_name.rpartition(".")
        ending = f"{dot}{ending}".lower()
        stem = stem or upload.file_name
        if ending in FILE_ENDINGS or ending in _RENAMED:
            return f"Upload it as {ROOT}{name(stem)}{_RENAMED.get(ending, ending)}."
        return f"Export the data set as JSON Lines or CSV, and upload it as {ROOT}{name(stem)}.jsonl."
    if upload.training_prefix is None:
        wanted = upload.folder.removeprefix(ROOT).strip("/").rpartition("/")[2]
        return f"A data set's folder lies directly below {ROOT}: upload the files to {ROOT}{name(wanted) or '<name>'}/."
    if nearest:
        return f"Did you mean {name(upload.folder)}{nearest}?"
    return f"A folder starts a run with its {TRAIN_FILE}; upload it last."
