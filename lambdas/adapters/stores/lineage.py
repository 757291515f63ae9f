"""What a result was made from: each object's version, size and checksum, read from the bucket itself."""

import hashlib
from typing import Any

from lambdas import __version__
from lambdas.adapters.aws.object_store import ObjectStore
from lambdas.domain.evaluation.judging.pairwise import PROMPT, prompt_checksum

_CHUNK_BYTES = 1 << 20
_DATA_SETS = ("dataset/train.jsonl", "dataset/validation.jsonl", "dataset/test.jsonl", "dataset/examples.jsonl")


class Lineage:
    """The objects that a result was made from."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read_lineage(self, run: dict[str, Any], arms: list[str], *, judged: bool) -> dict[str, Any]:
        """`{"package_version", "source", "objects": [{"key", "version_id", "bytes", "sha256"}], "judge_prompt"}`.

        `source` is the object that started the run, at its version; `objects` are the sets and the answers, by key.
        """
        keys = [*_DATA_SETS, *(f"evaluation/{arm}.jsonl" for arm in arms)]
        described = (self._described(run["output_bucket"], run["prefix"], key) for key in keys)
        return {
            "package_version": __version__,
            "source": run["source"],
            "objects": [one for one in described if one is not None],
            "judge_prompt": {"name": PROMPT, "sha256": prompt_checksum()} if judged else None,
        }

    def _described(self, bucket: str, prefix: str, key: str) -> dict[str, Any] | None:
        with self._objects.opened(bucket, prefix + key) as stored:
            if stored is None:
                return None
            digest = hashlib.sha256()
            while chunk := stored.stream.read(_CHUNK_BYTES):
                digest.update(chunk)
            return {
                "key": key,
                "version_id": stored.version_id,
                "bytes": stored.size_bytes,
                "sha256": digest.hexdigest(),
            }
