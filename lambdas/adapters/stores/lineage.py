"""What a result was made from: each object's version, size and checksum, read from the bucket itself."""

import hashlib
from collections.abc import Iterable

from lambdas import __version__
from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.judging.pairwise import PROMPT, prompt_checksum
from lambdas.domain.report import run_report
from lambdas.domain.report.made_elsewhere import PromptVersion
from lambdas.domain.report.run_report import LineageObject

_CHUNK_BYTES = 1 << 20
_DATA_SETS = ("dataset/train.jsonl", "dataset/validation.jsonl", "dataset/test.jsonl", "dataset/examples.jsonl")


class Lineage:
    """The objects that a result was made from."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read_lineage(self, run: Run, arms: Iterable[str], *, judged: bool) -> run_report.Lineage:
        """What the run's result was made from."""
        keys = [*_DATA_SETS, *(f"evaluation/{arm}.jsonl" for arm in arms)]
        described = (self._described(run.output_bucket, run.prefix, key) for key in keys)
        return run_report.Lineage(
            package_version=__version__,
            source=run.source,
            objects=[one for one in described if one is not None],
            judge_prompt=PromptVersion(name=PROMPT, sha256=prompt_checksum()) if judged else None,
        )

    def _described(self, bucket: str, prefix: str, key: str) -> LineageObject | None:
        with self._objects.opened(bucket, prefix + key) as stored:
            if stored is None:
                return None
            digest = hashlib.sha256()
            while chunk := stored.stream.read(_CHUNK_BYTES):
                digest.update(chunk)
            return LineageObject(
                key=key, version_id=stored.version_id, bytes=stored.size_bytes, sha256=digest.hexdigest()
            )
