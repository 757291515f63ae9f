"""The entries of the runs that have ended, below `run-index/` in the output bucket."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from pydantic import ValidationError

from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.core.run import Claim
from lambdas.domain.report.run_index import NEWEST, PAGE_KEY, PREFIX, IndexedRun, entry_key, run_of_entry

# Entries are read side by side: boto3 keeps ten connections.
_READERS = 10


class RunIndex:
    """Entries, and the page that is made of them. Every method raises ServiceBusy or Refused."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def write_entry(self, bucket: str, claim: Claim, run: IndexedRun) -> None:
        """Writes the run's entry, or the same once more."""
        self._objects.write(bucket, entry_key(claim), run.model_dump_json().encode())

    def newest_keys(self, bucket: str) -> list[str]:
        """The keys of the newest entries, and one more where there are more."""
        return [*islice(self._objects.iterate_keys(bucket, PREFIX), NEWEST + 1)]

    def newest_runs(self, bucket: str, most: int) -> list[str]:
        """The ids of the runs with the newest entries."""
        keys = islice(self._objects.iterate_keys(bucket, PREFIX), most)
        return [run for key in keys if (run := run_of_entry(key))]

    def read(self, bucket: str, keys: list[str]) -> list[IndexedRun]:
        """The entries of these keys; what is none is left out."""
        with ThreadPoolExecutor(_READERS) as readers:
            texts = readers.map(lambda key: self._objects.read(bucket, key), keys)
            return [run for text in texts if text is not None and (run := _entry(text)) is not None]

    def read_page(self, bucket: str) -> str | None:
        """The page as it was last written; None where it was not yet."""
        text = self._objects.read(bucket, PAGE_KEY)
        return None if text is None else text.decode()

    def write_page(self, bucket: str, page: str) -> None:
        """Writes the page of all runs."""
        self._objects.write(bucket, PAGE_KEY, page.encode(), "text/html; charset=utf-8")


def _entry(text: bytes) -> IndexedRun | None:
    try:
        return IndexedRun.model_validate_json(text)
    except ValidationError:
        return None
