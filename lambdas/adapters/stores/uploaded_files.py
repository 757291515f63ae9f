"""The files that started a run: data sets and run.json in the input bucket."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from pathlib import PurePosixPath

from lambdas.adapters.aws.object_store import MOST_LISTED, ListedObject, ObjectStore, StoredObject, uri
from lambdas.domain.core.run import RunSource, Source
from lambdas.domain.curation.given_documents import MOST_FILE_BYTES, DocumentFile
from lambdas.domain.dataset.folder import files_by_set, is_document, is_sibling
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.settings.run_settings import FILE_NAME, MAX_BYTES


def etags_of_siblings(folder: Mapping[str, ListedObject]) -> dict[str, str]:
    """The ETags of the files that are read beside the training file."""
    return {name: listed.etag for name, listed in folder.items() if is_sibling(name)}


class UploadedFiles:
    """The object that started the run, at its version, and its siblings as they are now."""

    def __init__(self, objects: ObjectStore, source: RunSource) -> None:
        self._objects, self._source = objects, source
        self._folder = Source(source.bucket, source.key, source.version_id).folder
        self._listed: Mapping[str, ListedObject] | None = None

    @property
    def places(self) -> Mapping[SetName, str]:
        """The URI of each set that the user may have given."""
        return {name: uri(self._source.bucket, key) for name, key in self._keys().items()}

    @property
    def file_name(self) -> str:
        """The name of the object that started the run."""
        return PurePosixPath(self._source.key).name

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
        """The files beside the object and itself as they are now, by their names; none of a data set of one file.

        The sets that are read are those of the last call. Raises ServiceBusy and Refused.
        """
        self._listed = {} if self._folder is None else self._objects.folder(self._source.bucket, self._folder)
        return self._listed

    def siblings(self) -> dict[str, str]:
        """The ETags of the files that are read beside the training file. Raises ServiceBusy and Refused."""
        return etags_of_siblings(self.folder())

    def read_settings(self) -> bytes | None:
        """run.json, or its beginning if it has more than MAX_BYTES. Raises ServiceBusy and Refused."""
        if self._folder is None:
            return None
        with self._objects.opened(self._source.bucket, self._folder + FILE_NAME) as stored:
            return None if stored is None else stored.stream.read(MAX_BYTES + 1)

    def documents(self, prefix: str) -> Iterator[DocumentFile]:
        """The text files of the folder whose path begins with the prefix, in their order; of MOST_LISTED files at most.

        Raises ServiceBusy and Refused, as reading one does.
        """
        if self._folder is None:
            return
        folder, bucket = self._folder, self._source.bucket
        for key in islice(self._objects.iterate_keys(bucket, folder + prefix), MOST_LISTED):
            path = key.removeprefix(folder)
            if is_document(path):
                yield DocumentFile(path, partial(self._objects.read_start, bucket, key, MOST_FILE_BYTES + 1))

    def _keys(self) -> dict[SetName, str]:
        if self._folder is None:
            return {"train": self._source.key}
        there = files_by_set(self.folder() if self._listed is None else self._listed)
        keys: dict[SetName, str] = {name: f"{self._folder}{files[0]}" for name, files in there.items()}
        # The training file is the one that started the run, whatever lies beside it.
        return {**keys, "train": self._source.key}
