"""The files that started a run: data sets and run.json in the input bucket."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from lambdas.adapters.aws.object_store import ListedObject, ObjectStore, StoredObject, uri
from lambdas.domain.core.run import RunSource, Source
from lambdas.domain.dataset.folder import SIBLINGS
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.settings.run_settings import FILE_NAME, MAX_BYTES


def etags_of_siblings(folder: Mapping[str, ListedObject]) -> dict[str, str]:
    """The ETags of the files that are read beside train.jsonl."""
    return {name: listed.etag for name, listed in folder.items() if name in SIBLINGS}


class UploadedFiles:
    """The object that started the run, at its version, and its siblings as they are now."""

    def __init__(self, objects: ObjectStore, source: RunSource) -> None:
        self._objects, self._source = objects, source
        self._folder = Source(source.bucket, source.key, source.version_id).folder

    @property
    def places(self) -> Mapping[SetName, str]:
        """The URI of each set that the user may have given."""
        return {name: uri(self._source.bucket, key) for name, key in self._keys().items()}

    @property
    def folder_uri(self) -> str:
        """The URI of the folder; of the object itself where it is a data set of one file."""
        return uri(self._source.bucket, self._folder or self._source.key)

    def opened(self, name: SetName, version_id: str | None = None) -> AbstractContextManager[StoredObject | None]:
        """Reads a set, at a version if one is given. Raises ServiceBusy and Refused."""
        if version_id is None and name == "train":
            version_id = self._source.version_id
        return self._objects.opened(self._source.bucket, self._keys()[name], version_id)

    def folder(self) -> Mapping[str, ListedObject]:
        """The files beside the object and itself, by their names; none of a data set of one file.

        Raises ServiceBusy and Refused.
        """
        return {} if self._folder is None else self._objects.folder(self._source.bucket, self._folder)

    def siblings(self) -> dict[str, str]:
        """The ETags of the files that are read beside train.jsonl. Raises ServiceBusy and Refused."""
        return etags_of_siblings(self.folder())

    def read_settings(self) -> bytes | None:
        """run.json, or its beginning if it has more than MAX_BYTES. Raises ServiceBusy and Refused."""
        if self._folder is None:
            return None
        with self._objects.opened(self._source.bucket, self._folder + FILE_NAME) as stored:
            return None if stored is None else stored.stream.read(MAX_BYTES + 1)

    def _keys(self) -> dict[SetName, str]:
        if self._folder is None:
            return {"train": self._source.key}
        return {name: f"{self._folder}{name}.jsonl" for name in SET_NAMES}
