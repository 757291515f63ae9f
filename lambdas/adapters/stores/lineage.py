"""What a result was made from: each object's version, size and checksum, read from the bucket itself."""

import hashlib
from collections.abc import Iterable

from lambdas import __version__
from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.judging.summary import describe_prompt
from lambdas.domain.report.run_report import Lineage, LineageObject

_CHUNK_BYTES = 1 << 20
_DATA_SETS = ("dataset/train.jsonl", "dataset/validation.jsonl", "dataset/test.jsonl", "dataset/examples.jsonl")
# What models said of each record, where the training set is curated.
_CURATION = ("dataset/cleaning.jsonl", "dataset/synthesis.jsonl")


class LineageReader:
    """The objects that a result was made from."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read_lineage(self, run: Run, arms: Iterable[str], *, trained: Iterable[str], judged: bool) -> Lineage:
        """What the run's result was made from; `trained` are the URIs of what candidates were trained on."""
        sets = (f"dataset/{each.rpartition('/')[2]}" for each in trained)
        keys = dict.fromkeys([*_DATA_SETS, *sets, *_CURATION, *(f"evaluation/{arm}.jsonl" for arm in arms)])
        described = (self._describe_object(run.output_bucket, run.prefix, key) for key in keys)
        return Lineage(
            package_version=__version__,
            source=run.source,
            objects=[one for one in described if one is not None],
            judge_prompt=describe_prompt() if judged else None,
        )

    def _describe_object(self, bucket: str, prefix: str, key: str) -> LineageObject | None:
        with self._objects.opened(bucket, prefix + key) as stored:
            if stored is None:
                return None
            digest = hashlib.sha256()
            while chunk := stored.stream.read(_CHUNK_BYTES):
                digest.update(chunk)
            return LineageObject(
                key=key, version_id=stored.version_id, bytes=stored.size_bytes, sha256=digest.hexdigest()
            )
